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

// A sink that writes the entries of runs as lines into a file. A test has its own t, as
// TestExample has.
func ExampleRun() {
	var t *testing.T
	sinktest.Run(t, lines)
}

func TestExample(t *testing.T) { sinktest.Run(t, lines) }

// lines is where the sink under test writes to.
func lines(tb testing.TB) sinktest.Place {
	name := filepath.Join(tb.TempDir(), "records.jsonl")
	return sinktest.Place{
		Open: func() (audit.Sink, error) { return file.Open(name, nil) },
		Records: func() (records [][]byte, err error) {
			data, err := os.ReadFile(name)
			for line := range bytes.Lines(data) {
				records = append(records, bytes.TrimSuffix(line, []byte("\n")))
			}
			return records, err
		},
		Kinds:  []audit.Kind{audit.KindRun}, // what file.Open(name, nil) keeps
		Shared: true,                        // several may be open on one file
	}
}
