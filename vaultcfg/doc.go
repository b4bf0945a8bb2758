// Package vaultcfg reads, checks and creates vault.json, the file that makes a
// directory a vault.
//
//	cfg, err := vaultcfg.Load("vaults/company", nil)
//	if err != nil {
//		return err // vaults/company/vault.json:7:5: audit.retention_dayz: unknown key (did you mean "retention_days"?)
//	}
//	dir, err := cfg.Resolve(cfg.Audit.Destination)
//
// # Format
//
// vault.json is one JSON object of at most 1 MiB, in UTF-8 without a byte order
// mark, nested no deeper than 64, without comments, trailing commas or duplicate
// keys. Its keys are those of the JSON Schema in package schema; the keys name,
// tier and environment are required, and an unknown key is an error, because an
// audit setting that is misspelt is an audit setting that is off.
//
// # References
//
// A string may be a reference env:NAME, which stands for the value of the
// environment variable NAME. References are resolved in description, in
// data.catalog, in the addresses under notifications, in the destinations under
// audit and in the team names under permissions. They are not resolved in name,
// tier, environment, notifications.default_channel and audit.pii_patterns: what
// a vault is, and what it redacts, must be legible in the file itself. The value
// of a variable never appears in an error or a warning.
//
// # Errors
//
// Everything that is wrong with a file is reported at once, as [Errors], each
// with its line and column, and what to do about it.
package vaultcfg
