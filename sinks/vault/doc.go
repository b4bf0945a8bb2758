// Package vault keeps an audit log in a vault's directory: the default
// destination, vault://audit-log/.
//
// A log is a directory of JSON lines that anybody can read with standard tools,
// and whose history nobody can change unnoticed: every line is a leaf of an
// RFC 6962 Merkle tree, and a checkpoint of that tree, a C2SP signed note, covers
// every record before it is acknowledged. The format is described byte by byte in
// docs/design/ledger.md.
//
// [Open] opens a log for appending; any number of processes may do so at once.
// [OpenReader] opens it for reading, for which neither a key nor the right to
// write is needed. Both answer queries ([Reader.Entries]), follow the log
// ([Reader.Tail]), prove that a line stands in it ([Reader.Receipt]) and verify
// all of it ([Reader.Verify]). What they return was checked against the signed
// tree before: damage is an error, never a shorter answer.
//
// A run whose process died has a start and no entry. Whoever opens the log next
// for appending writes that entry: failed, ended by interruption, with all
// that was recorded before the death.
package vault
