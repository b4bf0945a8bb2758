package sinktest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/file"
	"github.com/flexorhq/flexor-go/sinks/sinktest"
)

// The test of a sink that writes lines into a file; t is that of the test function.
func ExampleRun() {
	var t *testing.T
	sinktest.Run(t, func(tb testing.TB) sinktest.Place {
		name := filepath.Join(tb.TempDir(), "records.jsonl")
		return sinktest.Place{
			Open: func() (audit.Sink, error) { return file.Open(name, nil) },
			Records: func() ([][]byte, error) {
				data, err := os.ReadFile(name)
				return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")), err
			},
		}
	})
}
