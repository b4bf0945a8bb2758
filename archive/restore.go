package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

var (
	// ErrDamaged is wrapped by the errors for objects that are not what was put, or
	// do not fit together: a destination whose copy cannot be trusted.
	ErrDamaged = errors.New("archive: the copy is damaged")
	// ErrNotEmpty is wrapped by what [Restore] returns if there is something where it
	// should put the log.
	ErrNotEmpty = errors.New("archive: there is something already")
)

// Restored is what [Restore] rebuilt.
type Restored struct {
	Origin   string
	Records  uint64 // that the log has, those that were purged included
	First    uint64 // index of the first one that was not purged
	Chunks   int
	Segments int
	Bytes    int64
	// Missing is how many records more than those the log had, by the newest checkpoint
	// that was sent along: they had not arrived.
	Missing uint64
}

// Restore rebuilds a log in dir, which must not be there or be empty, byte for byte
// from what a destination holds, and verifies it. name is that of the vault and the
// log, as in "company/audit-log". The log's private key is not among what is
// held: without it the log can be read and verified, and not appended to.
//
// Until the log is verified it stands beside dir, in a folder whose name ends in
// ".restoring". Errors wrap [ErrNotExist], [ErrDamaged] or [ErrNotEmpty], or are of
// the store or the file system.
func Restore(ctx context.Context, store Store, name, dir string) (Restored, error) {
	out, err := RestoreAll(ctx, store, []Place{{name, dir}})
	if err != nil {
		return Restored{}, err
	}
	return out[0], nil
}

// A Place is where [RestoreAll] puts a log.
type Place struct {
	Name string // of the vault and the log, as in "company/audit-log"
	Dir  string
}

// RestoreAll is [Restore] for several logs of a vault, which are all put into their places
// once all of them are verified: if it fails, or is interrupted, it can be called again.
func RestoreAll(ctx context.Context, store Store, logs []Place) (out []Restored, err error) {
	for _, l := range logs {
		if err := Vacant(l.Dir); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			for _, l := range logs {
				err = errors.Join(err, os.RemoveAll(unverified(l.Dir)))
			}
		}
	}()
	for _, l := range logs {
		b := builder{store: store, prefix: l.Name + "/", dir: unverified(l.Dir)}
		if err := os.RemoveAll(b.dir); err != nil { // of one that was interrupted
			return nil, err
		}
		if err := b.build(ctx); err != nil {
			return nil, fmt.Errorf("archive: restore %s: %w", l.Name, err)
		}
		out = append(out, b.out)
	}
	for _, l := range logs {
		if err := os.Remove(l.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := os.Rename(unverified(l.Dir), l.Dir); err != nil {
			return nil, err
		}
		if err := (durable.Disk{}).SyncDir(filepath.Dir(l.Dir)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unverified is where a log stands until it is verified.
func unverified(dir string) string { return dir + ".restoring" }

// Vacant returns nil if a log can be restored in dir: it is not there, or is empty. Else
// the error wraps [ErrNotEmpty], or is of the file system.
func Vacant(dir string) error {
	files, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && len(files) > 0:
		return fmt.Errorf("%w: %s", ErrNotEmpty, dir)
	}
	return err
}

// builder puts chunks into the segments of a new log.
type builder struct {
	store  Store
	prefix string
	dir    string
	out    Restored
	last   chunk
	file   *os.File // of the segment of last
}

func (b *builder) build(ctx context.Context) error {
	identity, err := b.store.Get(ctx, b.prefix+logFile)
	if err != nil {
		return err
	}
	if err := ledger.Lay(b.dir, identity); err != nil {
		if errors.Is(err, ledger.ErrCorrupt) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return err
	}
	list, err := chunks(ctx, b.store, b.prefix)
	if err != nil {
		return err
	}
	if list, err = b.begin(ctx, list); err != nil {
		return err
	}
	for _, h := range list {
		what, data, err := get(ctx, b.store, b.prefix, h.name)
		if err == nil {
			err = b.add(what, data)
		}
		if err != nil {
			return errors.Join(err, b.done())
		}
	}
	if err := b.done(); err != nil {
		return err
	}
	return b.verify(ctx)
}

// begin finds out where the log begins if its first records are not held any more, or
// never were because they had been purged: at the first purge of which all that was left
// is held. It returns the chunks from there on.
func (b *builder) begin(ctx context.Context, list []held) ([]held, error) {
	whole := behindGaps(list)
	if whole == 0 {
		return list, nil
	}
	for o, err := range b.store.List(ctx, b.prefix+beginningPrefix, "") {
		if err != nil {
			return nil, err
		}
		digits := strings.TrimSuffix(strings.TrimPrefix(o.Name, b.prefix+beginningPrefix), ".json")
		first, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || o.Name != b.prefix+beginningName(first) || first < whole {
			continue
		}
		statement, err := b.store.Get(ctx, o.Name)
		if err != nil {
			return nil, err
		}
		b.out.First, b.out.Records = first, first
		list = slices.DeleteFunc(list, func(h held) bool { return h.size <= first })
		return list, durable.WriteFile(durable.Disk{}, filepath.Join(b.dir, "purged.json"), statement, 0o644)
	}
	return list, nil // add will miss what was before
}

// behindGaps returns the index of the record from which on none is missing between the
// chunks.
func behindGaps(list []held) (from uint64) {
	size := uint64(0)
	for _, h := range list {
		if h.first > size {
			from = h.first
		}
		size = max(size, h.size)
	}
	return from
}

// add puts a chunk into its place. What stands there already must be the same.
func (b *builder) add(what chunk, data []byte) error {
	if what.First > b.out.Records {
		return fmt.Errorf("%w: the records %d to %d are missing", ErrDamaged, b.out.Records, what.First-1)
	}
	if what.Segment != b.last.Segment {
		if err := b.done(); err != nil {
			return err
		}
		path := filepath.Join(b.dir, filepath.FromSlash(what.Segment))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		b.file = f
		b.out.Segments++
	}
	there := make([]byte, len(data))
	n, _ := b.file.ReadAt(there, what.Offset) // what cannot be read is written
	if !bytes.Equal(there[:n], data[:n]) {
		return fmt.Errorf("%w: %s and another object hold different records for the same place", ErrDamaged, what.name())
	}
	if _, err := b.file.WriteAt(data[n:], what.Offset+int64(n)); err != nil {
		return err
	}
	b.out.Records, b.out.Bytes = max(b.out.Records, what.Size), b.out.Bytes+int64(len(data)-n)
	b.out.Chunks++
	b.last = what
	return nil
}

// done syncs the segment that is written.
func (b *builder) done() error {
	if b.file == nil {
		return nil
	}
	f := b.file
	b.file = nil
	return errors.Join(f.Sync(), f.Close(), durable.Disk{}.SyncDir(filepath.Dir(f.Name())))
}

// verify checks the log that was built.
func (b *builder) verify(ctx context.Context) error {
	r, err := ledger.OpenReader(durable.Disk{}, b.dir)
	if err != nil {
		return err
	}
	b.out.Origin = r.Info().Origin
	var anchor []byte
	if b.out.Chunks > 0 {
		newest, err := parseNote(b.last.Checkpoint, r.Verifier())
		if err != nil {
			return err
		}
		b.out.Missing = newest.Size - min(newest.Size, b.out.Records)
		if b.out.Missing == 0 {
			anchor = newest.Note
			if err := durable.WriteFile(durable.Disk{}, filepath.Join(b.dir, "checkpoint"), newest.Note, 0o644); err != nil {
				return err
			}
		}
	}
	rep, err := r.Verify(ctx, anchor, nil)
	if errors.Is(err, ledger.ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err == nil && rep.Head.Size != b.out.Records {
		return fmt.Errorf("%w: its objects say that they hold %d records, and %d stand in them", ErrDamaged, b.out.Records, rep.Head.Size)
	}
	return err
}

// parseNote reads the checkpoint that a chunk carries.
func parseNote(text string, v note.Verifier) (ledger.Checkpoint, error) {
	cp, err := ledger.ParseCheckpoint([]byte(text), v)
	if err != nil {
		return cp, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return cp, nil
}
