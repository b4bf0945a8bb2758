package vault_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A receipt proves offline that a line stands in a log: with it, the line and the
// log's public key, nothing else is needed.
func Example_receipt() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	log, err := vault.Open(ctx, filepath.Join(dir, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log"})
	if err != nil {
		panic(err)
	}
	rec, err := audit.New(log, &audit.Config{Vault: "company"})
	if err != nil {
		panic(err)
	}
	defer rec.Close() // closes the log too
	if err := rec.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }); err != nil {
		panic(err)
	}

	for e, err := range log.Entries(ctx, audit.Filter{}) {
		if err != nil {
			panic(err)
		}
		receipt, err := log.Receipt(ctx, e.Position)
		if err != nil {
			panic(err)
		}
		for line, err := range log.Records(ctx, e.Position) {
			if err != nil {
				panic(err)
			}
			fmt.Println("the entry:", vault.CheckReceipt(log.PublicKey(), receipt.Text(), line.Line))
			forged := append([]byte{}, line.Line...)
			forged[len(forged)/2] ^= 1
			fmt.Println("a forgery:", vault.CheckReceipt(log.PublicKey(), receipt.Text(), forged) != nil)
			break
		}
	}
	// Output:
	// the entry: <nil>
	// a forgery: true
}
