package retention_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/retention"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// What was recorded more than 90 days ago goes, unless somebody holds it.
func ExampleApply() {
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
	governance, err := control.Open(ctx, dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer governance.Close()

	policy := retention.Policy{Days: 90, LogName: "audit-log", Now: func() time.Time {
		return time.Date(2026, 4, 30, 14, 5, 0, 0, time.UTC)
	}}
	res, err := retention.Apply(ctx, log, governance, policy, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("kept from %s on; %d files removed\n", policy.Cutoff().Format(time.DateOnly), res.Segments)
	// Output: kept from 2026-01-30 on; 0 files removed
}
