// Package file writes JSON lines for people and log shippers: by default one line
// for each run, its entry.
//
//	sink, err := file.Open("/var/log/flexor/audit.jsonl", nil)
//	...
//	rec, err := audit.New(sink, &audit.Config{Vault: "company"})
//
// A recorder of one's own writes secrets as they are unless its Config.Redactor is set;
// flexor.Open, for the places that vault.json names, always has one.
//
// It is a copy to look at, not evidence: nothing in it is signed, and whoever may
// write the file may change it unnoticed. The log of package sinks/vault is evidence.
// With the entries alone, a run whose process dies leaves no line, and a run starts although the
// file could not take its entry; [Config.Kinds] may ask for all records.
//
// # What is promised
//
// The file has whole lines only, whatever number of processes append to it, also after one of
// them was killed and after the disk was full: a line that was not finished, which nobody was told
// is stored, is cut off by the next writer. An entry is on disk when the run's Do
// or End returns. The lock of the processes is that of the operating system on the file
// itself; it holds on one machine, and on network file systems as far as those keep it.
//
// # Rotation
//
// A file that would grow beyond [Config.MaxSize], and with [Config.Daily] one of a UTC day
// that is over, is renamed by the next writer, from audit.jsonl to
// audit-20261125T110401.123456Z.jsonl: the time of its last line in UTC. These names sort by time.
// Nothing is ever deleted.
//
// An external logrotate may rename the file instead: the next writer goes on in a new
// one, no signal needed. It must not use copytruncate, which loses what is written
// between the copy and the cut. A file that was removed is an error, [ErrRemoved], as the lines in
// it may be lost; only if another file has taken its place, the writer goes on in that.
package file
