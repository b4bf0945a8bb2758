// Package flexor makes AI agents answerable: it records what they decided and
// why, in a log that nobody can change unnoticed.
//
// A vault is a directory with a vault.json. Open it, and run agents through its
// recorder:
//
//	v, err := flexor.Open(ctx, "vaults/company", nil)
//	if err != nil {
//		return err
//	}
//	defer v.Close()
//	err = v.Audit.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule},
//		func(ctx context.Context, run *audit.Run) error {
//			if run.If("feed is stale", age > limit, audit.Value("age_minutes", age.Minutes())) {
//				…
//			}
//			return nil
//		})
//
// Do returns once the entry of the run is on disk. The branch that If recorded
// is the branch taken, for it returns its condition. Everything is in the log
// before the call that recorded it returns, so that a run whose process is killed
// is still told: the next one who opens the vault closes it as interrupted.
//
// The parts stand on their own: package audit is the recorder and its entry,
// audit/audittest the harness for tests, sinks/vault the log with its proofs and
// its verification, vaultcfg the reader of vault.json, schema the published JSON
// Schemas. This package wires them and does nothing else.
package flexor
