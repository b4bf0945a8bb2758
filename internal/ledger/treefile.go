package ledger

import (
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// treeName is the file of Merkle hashes: hash i of the stored-hash order of
// x/mod/sumdb/tlog is at byte 32·i. It is derived from the segments, never
// synced, and nothing read from it is believed before it was checked against a
// signed root.
const treeName = "tree"

// readHashes is a [tlog.HashReader] over a tree file.
func readHashes(f durable.File) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if n, err := f.ReadAt(out[i][:], x*tlog.HashSize); n < tlog.HashSize {
				return nil, fmt.Errorf("ledger: tree hash %d: %w", x, err)
			}
		}
		return out, nil
	}
}

// writeHashes stores hashes for the leaves from index first on. It returns buf, which it
// uses, for the next time.
func writeHashes(f durable.File, first uint64, hashes []tlog.Hash, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for i := range hashes {
		buf = append(buf, hashes[i][:]...)
	}
	_, err := f.WriteAt(buf, tlog.StoredHashIndex(0, int64(first))*tlog.HashSize)
	return buf, err
}

// loadFrontier reads the frontier of the tree of that size and checks it
// against root. ok is false when the file cannot vouch for it.
func loadFrontier(r tlog.HashReader, size uint64, root tlog.Hash) (f frontier, ok bool) {
	if size == 0 {
		return frontier{}, root == (&frontier{}).root()
	}
	hashes, err := r.ReadHashes(frontierIndexes(size))
	if err != nil {
		return frontier{}, false
	}
	f = frontier{size, hashes}
	return f, f.root() == root
}

// noHashes is the reader of a tree file that is not there.
func noHashes([]int64) ([]tlog.Hash, error) { return nil, fmt.Errorf("ledger: no tree file") }

// openTree opens the tree file below dir for reading; without one, every read
// fails and whoever needs hashes derives them from the segments.
func openTree(fsys durable.FS, dir string) (r tlog.HashReader, closer func()) {
	f, err := fsys.OpenFile(filepath.Join(dir, treeName), 0, 0)
	if err != nil {
		return tlog.HashReaderFunc(noHashes), func() {}
	}
	return readHashes(f), func() { _ = f.Close() }
}
