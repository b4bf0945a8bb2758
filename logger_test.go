package flexor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loggerKeys are the keys of all that the SDK logs: one name for one thing, or whoever
// searches the logs of a program finds half of it.
var loggerKeys = []string{
	"err",                  // what failed, and why
	"vault",                // name
	"dir", "file", "bytes", // of a log, or of what is kept beside it; how large
	"records", "runs", // how many
	"run_id", "agent_name", // as in the entry
	"segment", "offset", "sha256", // of an unfinished write
	"destination", "log", "sent", "from", "before", "left_from", "end", "refused", "last", // of sending, in records
	"bucket", "object", "sse", "kms_key_id", // of S3
	"every", // how long until it is tried again
}

// keysFrom is where the keys begin among the arguments of the methods of a logger.
var keysFrom = map[string]int{
	"With": 0, "Debug": 1, "Info": 1, "Warn": 1, "Error": 1,
	"DebugContext": 2, "InfoContext": 2, "WarnContext": 2, "ErrorContext": 2, "Log": 3,
}

func TestLoggerKeys(t *testing.T) {
	used := map[string]bool{}
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "bench" || path == "examples" || d.Name() == "testdata" || len(path) > 1 && path[0] == '.'):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for i, arg := range keysOf(call) {
				lit, ok := arg.(*ast.BasicLit)
				if i%2 != 0 || !assert.True(t, ok, "%s: a key that is no literal", files.Position(arg.Pos())) {
					continue
				}
				key, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				assert.Contains(t, loggerKeys, key, "%s", files.Position(arg.Pos()))
				used[key] = true
			}
			return true
		})
		return nil
	}))
	for _, key := range loggerKeys {
		assert.True(t, used[key], "nothing logs %s any more", key)
	}
}

// keysOf returns the keys and values of a call of a logger; nil: it is another call.
func keysOf(call *ast.CallExpr) []ast.Expr {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	from, ok := keysFrom[method.Sel.Name]
	if !ok || len(call.Args) <= from {
		return nil
	}
	name := ""
	switch on := method.X.(type) {
	case *ast.Ident:
		name = on.Name
	case *ast.SelectorExpr:
		name = on.Sel.Name
	}
	if name != "log" && !strings.EqualFold(name, "logger") {
		return nil
	}
	return call.Args[from:]
}
