package durable

// Info is what a ledger asks of a file or directory: not its times, because to
// ask for them is not free; see [FS.Stat].
type Info struct {
	ID   FileID
	Size int64 // in bytes
	Dir  bool
}

// FileID tells a file from all others that are there at the same time: two names,
// or a name and an open file, with equal IDs are of one file.
type FileID struct{ Device, Node uint64 }
