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
// # Layers
//
// Vaults come in four tiers: L1 the platform, L2 a company, L3 a person, L4 a
// project. The layers above a vault are the vault.json files in the directories
// above its own whose tier is less specific than all those below:
//
//	firm/vault.json                  L2
//	firm/alice/vault.json            L3, below firm
//	firm/alice/nav-recon/vault.json  L4, below alice and firm
//
// One of the same tier or a more specific one is passed over, and so is one that
// everyone may write, with a warning. Links are resolved first: what counts is
// where the vault is.
//
// A setting that a vault leaves away is that of the nearest layer above which has
// it. That goes for the sections data, notifications, audit, sync and permissions,
// each key by itself; the others say what one vault is. A location vault:// is a
// directory of the vault that uses it, not of the layer that names it.
//
// Of the audit settings, a vault may strengthen what the layers above ask for,
// never weaken it, or else it is not loaded. It cannot turn off enabled,
// include_inputs, include_outputs or pii_redaction, shorten retention_days, or
// change destination. What it has in secondary_destination, pii_patterns and pii_keys
// is added to what the layers above have there, whose patterns and rules it cannot
// redefine. What a layer above leaves away has its default, which binds just as well,
// except for destination.
//
// # References
//
// A string may be a reference env:NAME, which stands for the value of the
// environment variable NAME. References are resolved in description, in
// data.catalog, in the addresses under notifications, in the destinations under
// audit and in the team names under permissions. They are not resolved in name,
// tier, environment, notifications.default_channel, audit.pii_patterns and
// audit.pii_keys: what a vault is, and what it redacts, must be legible in the file
// itself. The value of a variable never appears in an error or a warning.
//
// # Errors
//
// Everything that is wrong with a file is reported at once, as [Errors], each
// with its line and column, and what to do about it. What contradicts a layer above
// names both files, each with its line and column.
package vaultcfg
