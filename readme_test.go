package flexor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The Go code of the README and of the page for embedders stands in compiled examples,
// line for line.
func TestREADME(t *testing.T) {
	names, err := filepath.Glob("example_*test.go")
	require.NoError(t, err)
	code := ""
	for _, name := range append(names, "audit/audittest/example_test.go") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		code += unindent(string(text))
	}
	for _, page := range []string{"README.md", "docs/embedding.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, blocks, page)
		for _, block := range blocks {
			require.Contains(t, code, unindent(block[1]), page)
		}
	}
}

// unindent removes the tabs at the beginning of lines.
func unindent(s string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(s, "")
}
