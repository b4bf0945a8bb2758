package flexor_test

import (
	"context"
	"fmt"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Another program asks what the agents did. It needs neither a key nor the right to write.
func Example_ask() {
	ctx := context.Background()
	dir, clean := exampleVault("company")
	defer clean()
	v, err := flexor.Open(ctx, dir, nil)
	if err != nil {
		panic(err)
	}
	defer v.Close()
	for _, outcome := range []error{nil, errStale, nil, errStale} {
		_ = v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return outcome })
	}

	cfg, err := vaultcfg.Load(dir, nil)
	if err != nil {
		panic(err)
	}
	logDir, err := flexor.LogDir(cfg)
	if err != nil {
		panic(err)
	}
	log, err := vault.OpenReader(logDir)
	if err != nil {
		panic(err)
	}
	failed := audit.Filter{
		Agents:      []string{"feed-monitor"},
		Statuses:    []audit.Status{audit.Failed},
		From:        time.Now().Add(-time.Hour),
		NewestFirst: true,
		Limit:       1,
	}
	for e, err := range log.Entries(ctx, failed) {
		if err != nil {
			panic(err) // damage is an error, never a shorter answer
		}
		fmt.Println(e.Status, e.EndedBy, e.Errors[0].Message)
		for rec, err := range log.RunRecords(ctx, e.RunID) {
			if err != nil {
				panic(err)
			}
			line, err := audit.DecodeLine(rec.Line)
			fmt.Println(rec.Index, line.Kind, err)
		}
	}
	// Output:
	// failed error feed is stale
	// 7 start <nil>
	// 8 error <nil>
	// 9 run <nil>
}
