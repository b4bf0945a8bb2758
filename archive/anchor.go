package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Anchor is what a destination states of a log: whoever verifies the log against
// it relies on more than the log itself.
type Anchor struct {
	Note    []byte // the newest checkpoint that was sent, a signed note
	Records uint64 // how many the destination holds
	Object  string // name of the newest object
}

// ReadAnchor returns what the store states of the log with that name, such as
// "company/audit-log", whose log.json has the bytes identity (nil: whatever it is). The
// error wraps [ErrNotExist] if the store has nothing of it, [ErrConflict] if it is of
// a log with another key, and [ErrDamaged] if it is not what was put there.
func ReadAnchor(ctx context.Context, store Store, name string, identity []byte) (Anchor, error) {
	prefix := name + "/"
	there, err := store.Get(ctx, prefix+logFile)
	if err != nil {
		return Anchor{}, err
	}
	if identity != nil && !bytes.Equal(there, identity) {
		return Anchor{}, fmt.Errorf("%w: %s is of a log with another key: the log here was begun anew, or is another one", ErrConflict, prefix+logFile)
	}
	newest, err := newestChunk(ctx, store, prefix)
	if err != nil {
		return Anchor{}, err
	}
	if newest == "" {
		return Anchor{}, fmt.Errorf("%w: no records of %s were sent there yet", ErrNotExist, name)
	}
	what, _, err := get(ctx, store, prefix, newest)
	return Anchor{[]byte(what.Checkpoint), what.Size, prefix + newest}, err
}

// Differ compares the log in dir with what a store holds of it, and returns where
// the first difference is: a [*ledger.CorruptionError]; nil if there is none. It takes
// few objects for that, because two logs that are both right agree up to some record
// and from there on in nothing.
func Differ(ctx context.Context, store Store, dir string) (*ledger.CorruptionError, error) {
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	if err != nil {
		return nil, err
	}
	prefix := logName(r.Info().Origin)
	list, err := chunks(ctx, store, prefix)
	if err != nil {
		return nil, err
	}
	first, err := r.First()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(h held) bool { return h.size <= first }) // purged here
	var failed error
	i := sort.Search(len(list), func(i int) bool {
		if failed != nil {
			return true
		}
		at, err := differs(ctx, store, prefix, list[i].name, dir)
		failed = err
		return at != nil
	})
	if failed != nil || i == len(list) {
		return nil, failed
	}
	return differs(ctx, store, prefix, list[i].name, dir)
}

// differs compares one chunk with the log in dir.
func differs(ctx context.Context, store Store, prefix, name, dir string) (*ledger.CorruptionError, error) {
	what, want, err := get(ctx, store, prefix, name)
	if err != nil {
		return nil, err
	}
	here, err := readAt(filepath.Join(dir, filepath.FromSlash(what.Segment)), what.Offset, len(want))
	if err != nil {
		return nil, err
	}
	index, off := what.First, int64(0)
	for line := range bytes.Lines(want) {
		rest := here[min(off, int64(len(here))):]
		if !bytes.HasPrefix(rest, line) {
			return &ledger.CorruptionError{File: what.Segment, Offset: what.Offset + off, Index: index,
				Reason: fmt.Sprintf("from here on the log is not the one of which %s%s was kept elsewhere", prefix, name)}, nil
		}
		off += int64(len(line))
		if !ledger.IsCommit(line) {
			index++
		}
	}
	return nil, nil
}

// readAt reads at most n bytes of a file; none if there is no such file.
func readAt(path string, off int64, n int) ([]byte, error) {
	f, err := durable.Disk{}.OpenFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading: nothing to lose
	buf := make([]byte, n)
	got, err := f.ReadAt(buf, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return buf[:got], nil
}
