package archive_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A log is copied to another place while it is written, and rebuilt from there.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "flexor-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	home, elsewhere := filepath.Join(dir, "company"), filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(elsewhere, 0o755); err != nil { // a directory that is not there may be a share that is not mounted
		fmt.Println(err)
		return
	}
	log, err := vault.Open(ctx, filepath.Join(home, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log"})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := audit.New(log, &audit.Config{Vault: "company", Writer: log.Writer()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Close()
	forwarder, err := archive.Start(ctx, &archive.Config{
		Vault: home,
		Logs:  []string{filepath.Join(home, "audit-log")},
		Destinations: []archive.Destination{{
			Name: "elsewhere", URL: "file:///elsewhere/",
			Open: func(context.Context) (archive.Store, error) { return archive.OpenDir(elsewhere) },
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer forwarder.Close()
	if err := rec.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }); err != nil {
		fmt.Println(err)
		return
	}
	if err := forwarder.Flush(ctx); err != nil { // all that was on disk is there too
		fmt.Println(err)
		return
	}

	store, err := archive.OpenDir(elsewhere)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	restored, err := archive.Restore(ctx, store, "company/audit-log", filepath.Join(dir, "rebuilt"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(restored.Origin, restored.Records)
	// Output: flexor/company/audit-log 2
}
