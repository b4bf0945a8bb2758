package flexor_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The Go code of the README stands in compiled examples, line for line.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	code := ""
	for _, name := range []string{"example_test.go", "audit/audittest/example_test.go"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		code += unindent(string(text))
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		require.Contains(t, code, unindent(block[1]))
	}
}

// unindent removes the tabs at the beginning of lines.
func unindent(s string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(s, "")
}
