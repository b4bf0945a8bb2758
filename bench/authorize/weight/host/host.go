// Package host is what a program with the SDK does before it decides anything: it
// records a run in a vault.
package host

import (
	"context"
	"errors"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Record records one run of an agent in the vault in dir.
func Record(dir string) error {
	ctx := context.Background()
	log, err := vault.Open(ctx, dir, &vault.Config{Origin: "flexor/company/audit-log"})
	if err != nil {
		return err
	}
	rec, err := audit.New(log, nil)
	if err != nil {
		return err
	}
	err = rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(_ context.Context, run *audit.Run) error {
		run.If("feed is stale", false)
		return nil
	})
	return errors.Join(err, rec.Close())
}
