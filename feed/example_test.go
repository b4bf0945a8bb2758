package feed_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/sinks/file"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// The entries of a log, as JSON lines for a log shipper.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "flexor-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	log, err := vault.Open(ctx, filepath.Join(dir, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	lines := filepath.Join(dir, "audit.jsonl")
	f, err := feed.Start(ctx, &feed.Config{
		Log: log.Reader, State: filepath.Join(dir, "feed"), Name: "audit.jsonl",
		Open: func(context.Context) (feed.Target, error) {
			sink, err := file.Open(lines, nil)
			return feed.Sink(sink), err
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()

	rec, err := audit.New(log, &audit.Config{Vault: "company", Environment: "sandbox", Writer: log.Writer()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		if err := rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(context.Context, *audit.Run) error { return nil }); err != nil {
			fmt.Println(err)
		}
	}
	if err := f.Flush(ctx); err != nil {
		fmt.Println(err)
		return
	}
	data, err := os.ReadFile(lines)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Count(data, []byte("\n")), "lines")
	// Output: 3 lines
}
