package redact

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIPv4(t *testing.T) {
	t.Parallel()
	checkFinds(t, ipDetector(), "",
		"⟦0.0.0.0⟧", "⟦255.255.255.255⟧", "⟦10.0.0.0/8⟧", "⟦10.0.0.1/32⟧", "⟦10.0.0.1⟧/33", "⟦10.0.0.1⟧/08",
		"from ⟦192.0.2.1⟧:8080. Then ⟦192.0.2.2⟧.", "src: /⟦192.0.2.1⟧:50010", "web-1/⟦192.0.2.1⟧",
		"http://⟦192.0.2.1⟧/24", "ip-⟦10.0.0.1⟧", "⟦10.0.0.1⟧-⟦10.0.0.9⟧",
		"⟦1.0.0.127⟧.in-addr.arpa", "text::⟦192.0.2.1⟧", "a:b:⟦192.0.2.1⟧", "conversion ⟦1.2.3.4⟧", "host_⟦10.0.0.1⟧_x",
		"(⟦10.0.0.1⟧)", "user@⟦10.0.0.1⟧",
		"[INFO]⟦10.0.0.1⟧", "[EMAIL]10.0.0.1", "10.0.0.1[EMAIL]", "[EMAIL]-1.2.3.4.so",
		"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.04", "1..2.3", ".1.2.3.4", "x1.2.3.4", "1.2.3.4x",
		"1.2.3.4-rc1", "1.2.3.4+git",
		"lib-1.2.3.4.so", "Chrome/116.0.0.0", "v. 1.2.3.4", "version=1.2.3.4", `"version": "1.2.3.4"`, "OID 1.3.6.1", "the build 1.2.3.4", "acme.build ⟦10.0.0.1⟧", "joe@build ⟦10.0.0.1⟧",
		"section 1.2.3.4", "rfc5280#section-4.1.1.1",
	)
	for _, key := range []string{"version", "agent_version", "appVersion", "Firmware", "sdk-build", "build_number", "osVersionName"} {
		checkFinds(t, ipDetector(), key, "1.2.3.4")
	}
	for _, key := range []string{"", "ip", "conversions_from", "build_host", "build_id_host", "number"} {
		checkFinds(t, ipDetector(), key, "⟦1.2.3.4⟧")
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	checkFinds(t, ipDetector(), "",
		// Alone, every form of RFC 4291 and 4007.
		"⟦::⟧", "⟦::1⟧", "⟦1::⟧", "⟦1::8⟧", "⟦dead::beef⟧", "⟦1:2:3:4:5:6:7:8⟧", "⟦1:2:3:4:5:6:7::⟧",
		"⟦::2:3:4:5:6:7:8⟧", "⟦2001:DB8::1⟧", "⟦::ffff:192.0.2.1⟧", "⟦::192.0.2.1⟧",
		"⟦0:0:0:0:0:ffff:192.0.2.1⟧", "⟦fe80::1%eth0⟧", "⟦fe80::1%eth0.3/64⟧", "⟦2001:db8::/32⟧", "⟦::/0⟧", "⟦::1/128⟧",
		"⟦2001:db8::⟧/129",
		// In a text.
		"[⟦::1⟧]:80", "http://[⟦2001:db8::1⟧]/x", "peer:⟦2001:db8::1⟧", "from ⟦2001:db8::1⟧.", "at ⟦fe80::1%en0⟧.",
		"user@⟦2001:db8::1⟧: no", "src=⟦::⟧ dst=⟦::1⟧", "listen on ⟦::⟧",
		"[⟦::⟧]:8080", "⟦2001:db8::⟧ is a net", "(⟦1:2:3:4:5:6:7:8⟧)",
		// None.
		":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7",
		"0:0:0:0:ffff:192.0.2.1", "12345::", "::g", "g::", "::ffff:256.0.0.1", "fe80::1%", "fe80::1%a%b",
		"text2001:db8::1", "2001:db8::1text", "01:02:03:04:05:06:07:08", "a::b and dead::beef", "x ::add()",
		"item 1:: x", "[EMAIL]2001:db8::1", "1:2:3:4:5:6::[EMAIL]", "f :: Int", "12:30:45",
	)
}

// The form of the matcher must agree with the parser of the standard library
// on every value that stands alone.
func FuzzIPAlone(f *testing.F) {
	for _, s := range []string{"::", "1::2", "1.2.3.4", "fe80::1%x", "::1.2.3.4", "1:2:3:4:5:6:7:8"} {
		f.Add(s)
	}
	d := ipDetector()
	f.Fuzz(func(t *testing.T, s string) {
		addr, err := netip.ParseAddr(s)
		if err != nil || strings.ContainsAny(addr.Zone(), "%:") {
			return
		}
		for _, c := range []byte(addr.Zone()) {
			if !isAlnum(c) || len(addr.Zone()) > maxZone {
				return // netip takes any zone
			}
		}
		if addr.Zone() != "" && addr.WithZone("").IsUnspecified() || strings.Count(s, ":") == 7 && !strings.Contains(s, "::") && len(s) == 23 {
			return // a format, and EUI-64
		}
		assert.Equal(t, "⟦"+s+"⟧", marked(t, d, "", s))
	})
}

func TestNormaliseIP(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:DB8:0:0:0::1":    "2001:db8::1",
		"FE80::1%eth0":         "fe80::1%eth0",
		"2001:DB8::0/32":       "2001:db8::/32",
		"::ffff:192.0.2.0/120": "::ffff:192.0.2.0/120",
	} {
		assert.Equal(t, want, string(normaliseIP(nil, []byte(value))))
	}
}
