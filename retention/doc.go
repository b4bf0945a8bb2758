// Package retention removes what was recorded once its time is over, and says what
// will go when.
//
// A log keeps each day for as long as audit.retention_days says. Then whole segments
// of it are removed, the oldest first; nothing that is younger ever is. What is left
// stays provable, and that something is gone is itself recorded, in the vault's
// governance log, with the range and the root hash of the log at its end: so a purge
// can be told from a theft.
//
// Three things keep a segment beyond its time: a hold, which whoever may change the
// retention orders; a destination that has no copy of it yet; and a process that may
// still need it, because a run that it began there has no entry. When nobody can tell
// what is held, because the governance log is damaged, nothing is removed.
//
//	res, err := retention.Apply(ctx, log, governance, retention.Policy{Days: 365, LogName: "audit-log"}, false)
//
// The SDK does this by itself once a day; the CLI's `flexor retention` shows it, and
// does it at once.
package retention
