package flexor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// A vault for each tenant: logs, keys, roles and retention of one have nothing to do with
// those of another.
func Example_tenants() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "tenants")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)

	tenants := map[string]*flexor.Vault{}
	for _, name := range []string{"acme", "globex"} {
		dir := filepath.Join(root, name)
		if _, err := vaultcfg.Init(dir, name, vaultcfg.L4, vaultcfg.Sandbox); err != nil {
			panic(err)
		}
		if tenants[name], err = flexor.Open(ctx, dir, nil); err != nil {
			panic(err)
		}
		defer tenants[name].Close()
	}

	for _, name := range []string{"acme", "globex", "acme"} {
		if err := tenants[name].Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }); err != nil {
			panic(err)
		}
	}
	for _, name := range []string{"acme", "globex"} {
		report, err := tenants[name].Log.Verify(ctx, nil)
		fmt.Println(name, report.Entries, err)
	}
	// Output:
	// acme 2 <nil>
	// globex 1 <nil>
}
