package file_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/file"
)

// The entries of runs as JSON lines, for a log shipper.
func Example() {
	dir, err := os.MkdirTemp("", "log")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "audit.jsonl")

	sink, err := file.Open(name, &file.Config{Daily: true, Perm: 0o640})
	if err != nil {
		panic(err)
	}
	rec, err := audit.New(sink, &audit.Config{Vault: "company"})
	if err != nil {
		panic(err)
	}
	defer rec.Close() // closes the sink too
	if err := rec.Do(context.Background(), "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		run.If("feed is stale", false)
		return nil
	}); err != nil {
		panic(err)
	}

	line, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	entry, err := audit.DecodeEntry(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(entry.AgentName, entry.Status)
	// Output: feed-monitor success
}
