package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEmail(t *testing.T) {
	t.Parallel()
	l63 := strings.Repeat("a", 63)
	checkFinds(t, emailDetector(), "",
		// Alone: all that RFC 5321 and 6531 allow.
		"⟦john.doe+tag@example.com⟧",
		"⟦o'brien@example.co.uk⟧",
		"⟦!#$%&'*+/=?^_`{|}~-@example.org⟧",
		"⟦customer/department=shipping@example.com⟧",
		`⟦"john doe"@example.com⟧`,
		`⟦"a@b \"c\\"@example.com⟧`,
		`⟦"x@example.org"@example.com⟧`,
		"⟦john@(at work)example.com⟧", "⟦john@(at work)[192.0.2.1]⟧", "⟦\"\a\x7f\"@example.com⟧",
		"⟦josé@пример.рф⟧",
		"⟦用户@例子.广告⟧",
		"⟦a@xn--d1acufc.xn--p1ai⟧",
		"⟦a@[192.0.2.1]⟧",
		"⟦a@[IPv6:2001:db8::1]⟧", "⟦a@[ipv6:fe80::1]⟧",
		"⟦a@[2001:db8::1]⟧",
		"⟦a@192.0.2.1⟧",
		"⟦a@my_host.example.com⟧",
		"⟦"+l63+"a@"+l63+".com⟧",
		// In a text: without what stands around it.
		"Jane <⟦jane@example.com⟧>, mailto:⟦joe@example.com⟧?subject=x",
		"write to ⟦jane@example.com⟧. Or to '⟦joe@example.com⟧'!",
		"to=⟦jane@example.com⟧ relay=x",
		"mail=⟦jane@example.com⟧",
		"/home/⟦jane@example.com⟧/x",
		"联系⟦jane@example.com⟧谢谢",
		"联系⟦jane@пример.рф⟧谢谢",
		"联系⟦jane@example.xn--p1ai⟧谢谢",
		"see ...⟦jane@example.com⟧…",
		"⟦jane@example.com⟧_2026.log",
		"⟦jane@example.com⟧:hunter2",
		"sip:⟦jane@example.com⟧:5060/udp",
		"follow @⟦jane@social.example⟧",
		"⟦a@b.co⟧,⟦c@d.co⟧;⟦e@f.co⟧",
		// None of these.
		"jane@", "@example.com", "jane@example", "jane.@example.com", "a..@example.com", "jane@-a.com", "jane@a-.com",
		"jane@a..com", "jane@example.c",
		"jane@(at work", "jane@()", "jane@(a(b))example.com", "jane@(at work) example.com", "\"jane\n\"@example.com",
		`jane"@example.com`, `"jane\"@example.com`, `x"jane"@example.com`,
		l63+"aa@example.com", "a@"+l63+"a.com", "a@"+strings.Repeat(l63+".", 4)+"com",
		"jane@[192.0.2.256]", "jane@[IPv6:192.0.2.1]", "jane@[192.0.2.1", "jane at example dot com",
	)
	checkFinds(t, emailDetector(), "Email", "⟦root@localhost⟧", "not root@localhost")
}

func TestEmailIsNoUserinfo(t *testing.T) {
	t.Parallel()
	checkFinds(t, emailDetector(), "",
		"https://jane@example.com/⟦joe@example.com⟧",
		"postgres://jane:p@ss@db.example.com/x?mail=⟦joe@example.com⟧ and ⟦jim@example.com⟧",
	)
}

func TestNormaliseEmail(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "x:josé@example.com", string(normaliseEmail([]byte("x:"), []byte("JosÉ@Example.COM"))))
}
