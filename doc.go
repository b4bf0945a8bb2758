// Package flexor makes AI agents answerable: it records what they decided and
// why, in a log that nobody can change unnoticed.
//
// A vault is a directory with a vault.json, which vaultcfg.Init writes, or the
// command flexor init. Open it, and run agents through its recorder:
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
// The parts stand on their own, and this package wires them and does nothing else:
// package audit is the recorder and its entry, audit/audittest the harness for tests;
// lineage says who touched which data, control who may do what and who must stop,
// by the roles of rbac; redact removes what must not be written; sinks/vault is the
// log with its proofs and its verification, archive and feed what is sent elsewhere,
// retention what is removed; vaultcfg reads vault.json, schema has the JSON Schemas.
//
// docs/embedding.md is about the program around an agent: daemons, servers, tenants,
// tests.
package flexor
