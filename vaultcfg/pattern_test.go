package vaultcfg

import (
	"regexp"
	"regexp/syntax"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCanBeEmpty compares what is told from the expression with what the regexp
// package finds in a few texts.
func TestCanBeEmpty(t *testing.T) {
	for expr, want := range map[string]bool{
		"": true, "a": false, "a*": true, "a+": false, "a?": true, "a{0,3}": true, "a{2}": false, "(a*){2}": true, "a{0}": true,
		"a|b": false, "a|": true, "a|b*": true, "(?:a|b)c*": false, "(a)(b*)": false, "(a?)(b*)": true, "(a*)+": true, "(?i)x": false,
		`\b`: true, `\bab`: false, "^": true, "^$": true, "(?m)$": true, `\B`: true, "[a-c]": false, ".": false, "(?s).": false, `\PN`: false, `[^\x00-\x{10FFFF}]`: false,
		"((((a*))))": true, `(?:a*|b)(?:c|d)?`: true,
	} {
		re, err := syntax.Parse(expr, syntax.Perl)
		require.NoError(t, err, expr)
		assert.Equal(t, want, canBeEmpty(re), expr)
		empty := false
		for _, text := range []string{"", "a", "ab c", "xx", "1\nb"} {
			for _, at := range regexp.MustCompile(expr).FindAllStringIndex(text, -1) {
				empty = empty || at[0] == at[1]
			}
		}
		assert.Equal(t, want, empty, expr)
	}
}

func TestCaptured(t *testing.T) {
	re, err := syntax.Parse("(a(b+)|(c))(d)", syntax.Perl)
	require.NoError(t, err)
	assert.Nil(t, captured(re, 0))
	for group, want := range []string{1: "(a(b+)|(c))", 2: "(b+)", 3: "(c)", 4: "(d)"} {
		if want != "" {
			assert.Equal(t, want, captured(re, group).String())
		}
	}
}
