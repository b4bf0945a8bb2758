package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/internal/osfile"
)

// ErrRemoved is wrapped by the error of [File.Append] when the file is gone and
// nothing has taken its place: what was in it may be lost. Append fails until somebody
// puts the file back, or makes an empty one to begin anew.
var ErrRemoved = errors.New("the file was removed")

// File is an [audit.Sink] that appends lines to a file. It is safe for concurrent
// use, and so are several in any number of processes.
type File struct {
	name    string
	cfg     Config
	close   func() error // once
	packing sync.WaitGroup

	syncing sync.Mutex // held by the one who syncs for all that wait; taken before mu

	mu       sync.Mutex // guards what follows
	file     *os.File   // nil: to be opened
	closed   bool
	stuck    bool   // the last rotation failed, as the logger knows
	written  uint64 // batches
	synced   uint64 // batches, of those written
	unsynced error  // why nothing can be promised any more
}

var _ audit.Sink = (*File)(nil)

// Open opens the file for appending, and creates it if it is not there. Its
// directory must exist. A nil cfg stands for the zero Config.
//
// Errors are of the file system. A name that stands for something else than a regular
// file is an error too: nothing could be promised for it.
func Open(name string, cfg *Config) (*File, error) {
	abs, err := filepath.Abs(name) // the process may change its directory
	if err != nil {
		return nil, fmt.Errorf("file: open %s: %w", name, err)
	}
	f := &File{name: abs, cfg: cfg.complete()}
	if err := cmp.Or(f.cfg.Compress.check(), checkKinds(f.cfg.Kinds)); err != nil {
		return nil, fmt.Errorf("file: open %s: %w", name, err)
	}
	f.close = sync.OnceValue(f.shut)
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("file: open %s: %w", name, err)
	}
	return f, nil
}

// open opens the file, and creates it if it is not there.
func (f *File) open() error {
	dir := filepath.Dir(f.name)
	if info, err := os.Stat(f.name); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a regular file; choose another name")
	}
	file, err := osfile.Open(f.name, os.O_RDWR|os.O_APPEND|os.O_CREATE, f.cfg.Perm)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; create the directory %s first", err, dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; give this user the right to read and write the file, and to create files in %s", err, dir)
	case err != nil:
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Size() == 0 { // perhaps it is new
		err = durable.Disk{}.SyncDir(dir)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.file = file
	return nil
}

// Append implements [audit.Sink]: of the batch it writes the records of
// [Config.Kinds]. Beside what [audit.Sink] describes, errors wrap [ErrRemoved]. After
// a failed sync, of which nobody can tell what it left on disk, all later batches are refused
// until the file is opened again.
func (f *File) Append(_ context.Context, b audit.Batch) error {
	var lines []byte
	for _, r := range b.Records {
		if slices.Contains(f.cfg.Kinds, r.Kind) {
			lines = append(append(lines, r.JSON...), '\n')
		}
	}
	n, err := f.add(lines)
	if err == nil && b.Sync {
		err = f.sync(n)
	}
	if err != nil {
		return fmt.Errorf("file: append to %s: %w", f.name, err)
	}
	return nil
}

// add writes the lines of a batch, and returns the number of batches written.
func (f *File) add(lines []byte) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return 0, fmt.Errorf("%w: %w", audit.ErrClosed, audit.ErrNotStored)
	case f.unsynced != nil:
		return 0, fmt.Errorf("%w: an earlier sync failed: %w", audit.ErrNotStored, f.unsynced)
	case len(lines) == 0:
		return f.written, nil
	}
	size, err := f.take(len(lines))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", audit.ErrNotStored, err)
	}
	// If releasing fails the lock ends with the file; it has no say in what was written.
	defer lock.ReleaseFile(f.file) //nolint:errcheck
	if _, err := f.file.Write(lines); err != nil {
		return 0, f.undo(size, err)
	}
	f.written++
	return f.written, nil
}

// undo cuts off what a failed write left behind, and says what became of it. The
// caller holds the lock of the file.
func (f *File) undo(size int64, err error) error {
	if durable.IsFull(err) {
		err = fmt.Errorf("%w; free space on the disk, or raise the quota or file size limit of this user", err)
	}
	if terr := truncate(f.file, size); terr != nil {
		return errors.Join(err, fmt.Errorf("and a part that may be left could not be cut off: %w", terr))
	}
	return fmt.Errorf("%w: %w", audit.ErrNotStored, err)
}

// sync returns once the first n batches are on disk. Of many that wait, one syncs
// for all.
func (f *File) sync(n uint64) error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	file, written, done, err := f.file, f.written, f.synced >= n, f.unsynced
	f.mu.Unlock()
	switch {
	case done:
		return nil
	case err != nil:
		return err
	}
	err = file.Sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.synced >= written {
		return nil // whoever closed the file in the meantime synced it before
	}
	return f.noteSync(written, err)
}

// noteSync notes how a sync of the first n batches ended. The caller holds f.mu.
func (f *File) noteSync(n uint64, err error) error {
	if err != nil {
		if f.unsynced == nil {
			f.unsynced = fmt.Errorf("%w; what reached the disk since the last sync is unknown: check the disk and the end of the file, then open it again", err)
		}
		return f.unsynced
	}
	f.synced = n
	return nil
}

// leave syncs and closes the file, so that [File.take] opens the one that then has
// its name. The caller holds f.mu.
func (f *File) leave() error {
	err := f.noteSync(f.written, f.file.Sync())
	cerr := f.file.Close()
	f.file = nil
	return errors.Join(err, cerr)
}

// Close syncs and closes the file, and waits until those that were rotated are
// compressed, some seconds for 256 MiB. It is idempotent.
func (f *File) Close() error { return f.close() }

func (f *File) shut() error {
	f.mu.Lock()
	f.closed = true
	var err error
	if f.file != nil {
		err = f.leave()
	}
	f.mu.Unlock()
	f.packing.Wait()
	if err != nil {
		return fmt.Errorf("file: close %s: %w", f.name, err)
	}
	return nil
}
