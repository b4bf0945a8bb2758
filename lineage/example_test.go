package lineage_test

import (
	"context"
	"fmt"
	"os"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Two agents say which records they touch, and the log is asked about one of them.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vault-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	if _, err := vaultcfg.Init(dir, "fund", vaultcfg.L4, vaultcfg.Sandbox); err != nil {
		fmt.Println(err)
		return
	}
	v, err := flexor.Open(ctx, dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close() //nolint:errcheck // all that was recorded is on disk

	const prices = "plexifact://prod/catalog/equity-prices/2026-04-30"
	_ = v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		lineage.Read(run, "plexifact", prices)
		return nil
	})
	_ = v.Audit.Do(ctx, "recon-summary", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		lineage.Read(run, "plexifact", prices, lineage.Rows(4))
		lineage.Write(run, "warehouse", "warehouse://fund/recon/2026-04-30", lineage.From(prices))
		return nil
	})

	res, err := lineage.Trace(ctx, v.Log, lineage.Query{Record: prices})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range res.Touches {
		fmt.Println(t.Role, t.AgentName)
	}
	fmt.Println("complete:", res.Complete)
	for a, err := range lineage.AccessesTo(ctx, v.Log, prices, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.Op, "of", a.Rows, "rows")
	}
	// Output:
	// read_by feed-monitor
	// included_in recon-summary
	// complete: true
	// read of 0 rows
	// read of 4 rows
}
