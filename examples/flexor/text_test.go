package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/flexorhq/flexor-go/audit"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"plain, 価格 and é", "plain, 価格 and é"},
		{"a\nb\tc\r", `a\nb\tc\r`},
		{"\x1b[2Jgone", `\x1b[2Jgone`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`},
		{"line\u2028sep", `line\u2028sep`},
		{"bad \xff utf-8", `bad \xff utf-8`},
		{"real \ufffd", "real \ufffd"},
		{"tag \U000e0041", `tag \U000e0041`},
		{`C:\new`, `C:\new`},
	} {
		assert.Equal(t, test.want, printable(test.in), "%q", test.in)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff価格")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("printable(%q) is %q", s, got)
		}
		if printable(got) != got {
			t.Errorf("printable(%q) changes %q again", s, got)
		}
		if clean(s) && got != s {
			t.Errorf("printable(%q) is %q", s, got)
		}
	})
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"":            0,
		"abc":         3,
		"価格":          4,
		"한국":          4,
		"e\u0301":     1, // with a combining accent
		"ｆｕｌｌ":        8,
		"📈 up":        5,
		"weekly-nav…": 11,
	} {
		assert.Equal(t, want, width(text), text)
	}
}

func TestBriefSaysWhatItCuts(t *testing.T) {
	b := brief{limit: 8}
	assert.Equal(t, `"short"`, b.value(json.RawMessage(`"short"`)))
	assert.Equal(t, `"価格… [17 bytes]`, b.value(json.RawMessage(`"価格価格価"`)), "never in the middle of a character")
	assert.Equal(t, 1, b.cuts)
	assert.Equal(t, "a = 1, b = null", b.values(audit.Values{{Name: "a", JSON: json.RawMessage("1")}, {Name: "b", JSON: json.RawMessage("null")}}))
}

func TestCount(t *testing.T) {
	assert.Equal(t, "1 run", count(1, "run"))
	assert.Equal(t, "0 runs", count(0, "run"))
	assert.Equal(t, "2 entries", count(2, "entry"))
}
