// Package control governs a vault: who may do what, which version of an agent is
// deployed where, and what was paused or killed.
//
//	c, key, err := control.Init(ctx, "vaults/company", control.Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}, nil)
//	// show key.Reveal() once
//	_, err = c.GrantRole(ctx, bob, rbac.Operator, time.Time{}, "joined the desk")
//	_, _, err = c.Deploy(ctx, control.DeployOrder{Agent: "feed-monitor", Version: "1.4.2", Environment: rbac.Production})
//	_, err = c.Pause(ctx, "feed-monitor", rbac.Production, "stale prices")
//
// All of this is the vault's governance log, and stands nowhere else: a ledger of
// events, each signed by the key of who gave the order, for its place in the log. The
// state is the fold of that log. An event that its signer was not allowed at that
// place has no effect and is flagged, whoever wrote it into the file.
//
// Orders go through one door. It decides under the ledger's lock, with all in view
// that any process recorded before, and records the order, or its denial, in the
// same step. What is refused, or cannot be recorded, does not happen. Two orders
// are exceptions: a pause and a kill act first, and hold even if the log is damaged or
// full.
//
// # In the running agent
//
// A [Gate] is what the log means for the runs of a process: they do not start while
// their agent is paused, nor in production without a deployment, and they stop when
// they are killed, by whatever process. flexor.Open makes one. [Control.Stop] kills a
// run in another process, waits for its end, and says what it did instead.
//
// Package rbac decides who may do what. docs/design/governance.md says what stands in
// the log, when it counts, and what it proves.
package control
