// Package schema holds the published JSON Schemas (draft 2020-12) of the files
// that flexor reads and writes, so that editors, other languages and auditors
// check against the very bytes this module was built with.
//
// A published schema is additive: within v1 keys may be added, none is renamed
// or removed.
package schema

import _ "embed"

// The identifiers ($id) of the schemas. A vault.json names [VaultID] under
// "$schema" to get completion and checking in an editor.
const (
	VaultID = "https://flexor.run/schema/v1/vault.schema.json"
	EntryID = "https://flexor.run/schema/v1/entry.schema.json"
)

//go:embed vault.schema.json
var vault string

//go:embed entry.schema.json
var entry string

// Vault returns the schema of vault.json, whose $id is [VaultID].
func Vault() string { return vault }

// Entry returns the schema of an audit entry, whose $id is [EntryID].
func Entry() string { return entry }
