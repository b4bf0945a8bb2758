package logindex

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

const (
	// maxPages is how many bytes of pages an Index keeps in memory.
	maxPages = 256 << 20
	// maxHeld is how many bytes of indexes it keeps in memory because they cannot be
	// written. A log with more is read whole.
	maxHeld = 512 << 20
	// maxMade is how many indexes are made at once: for each its segment, and as much again, is held
	// in memory.
	maxMade = 8
	// defaultChunk is [Index.chunk].
	defaultChunk = 8192

	segmentExt = ".jsonl"
	indexExt   = ".idx"
	tempExt    = ".tmp" + indexExt
)

// Index finds accesses in a log by the indexes of its segments, and makes those that are
// not there. It is safe for concurrent use.
type Index struct {
	fs       durable.FS
	dir      string
	log      *ledger.Reader
	cache    cache
	held     int          // most bytes of indexes in memory that cannot be written
	inMemory atomic.Int64 // bytes of these
	chunk    uint64       // how many records of a segment that still grows are indexed in memory together

	mu    sync.Mutex
	parts []*Part      // in the order of the log; guarded by mu, as is what follows
	tail  *ledger.Tail // behind them; nil: nothing was read yet
	grown *growing     // what tail returned of the last segment, and no part has yet
	last  *Snapshot    // for the next who asks, unless the log has changed
}

// growing is the index of what is not in any part yet.
type growing struct {
	file    string // the segment
	builder *Builder
	part    *Part // of what builder has; nil: that has changed
}

// New returns the index of a log in dir.
func New(fsys durable.FS, dir string, log *ledger.Reader) *Index {
	x := &Index{fs: fsys, dir: dir, log: log, held: maxHeld, chunk: defaultChunk}
	x.cache.most.Store(maxPages)
	return x
}

// errMoved says that the log changed in a way that needs a new look.
var errMoved = errors.New("logindex: the log was changed while it was looked at")

// errTooLarge says that a log has no files of its own, and too much for memory.
var errTooLarge = errors.New("logindex: the indexes cannot be written, and are too large to be held in memory")

// Snapshot returns the log as it is now. Damage of the log is an error; damage of an
// index is none: it is made anew. It returns nil without an error if the log cannot be
// indexed here, and must be read.
func (x *Index) Snapshot(ctx context.Context) (*Snapshot, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for range 3 {
		s, err := x.snapshot(ctx)
		var purged *ledger.PurgedError
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, errTooLarge):
			x.reset()
			return nil, nil
		case errors.Is(err, errMoved), errors.As(err, &purged):
			x.reset()
		default:
			x.reset()
			return nil, err
		}
	}
	return nil, nil
}

// reset forgets what was read.
func (x *Index) reset() {
	if x.tail != nil {
		x.tail.Close()
	}
	for _, p := range x.parts {
		if p.open != nil {
			p.forget()
		}
	}
	x.parts, x.tail, x.grown, x.last = nil, nil, nil, nil
	x.inMemory.Store(0)
}

// snapshot is [Index.Snapshot] without another try.
func (x *Index) snapshot(ctx context.Context) (*Snapshot, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, p := range x.parts {
		if p.Err() != nil {
			x.discard(p)
			x.reset()
			break
		}
	}
	if x.tail == nil {
		if err := x.begin(ctx); err != nil {
			return nil, err
		}
	}
	recs, err := x.tail.Next()
	if err != nil {
		return nil, err
	}
	for _, rec := range recs {
		if err := x.add(ctx, rec); err != nil {
			return nil, err
		}
	}
	tree := x.tail.Tree()
	if g := x.grown; g != nil && g.builder.End()-g.builder.first >= x.chunk {
		if err := x.settle(ctx, ledger.End{Name: g.file, Size: tree.Size(), Root: tree.Root()}, false); err != nil {
			return nil, err
		}
	}
	first, err := x.log.First()
	if err != nil {
		return nil, err
	}
	for len(x.parts) > 0 && x.parts[0].End() <= first {
		if x.parts[0].open != nil {
			x.parts[0].forget()
		}
		x.parts = x.parts[1:]
	}
	if s := x.last; s != nil && len(recs) == 0 && s.Size == tree.Size() && s.First == min(first, s.Size) {
		return s, nil
	}
	parts := slices.Clone(x.parts)
	if g := x.grown; g != nil {
		if g.part == nil {
			image, err := g.builder.Image(tree.Root())
			if err != nil {
				return nil, errTooLarge
			}
			if g.part, err = NewPart(image); err != nil {
				return nil, err
			}
		}
		parts = append(parts, g.part)
	}
	x.last = NewSnapshot(min(first, tree.Size()), tree.Size(), tree.Root(), parts)
	return x.last, nil
}

// begin looks at the log for the first time.
func (x *Index) begin(ctx context.Context) error {
	start, ends, live, err := x.log.Ends()
	if err != nil {
		return err
	}
	at := start
	if x.parts, err = x.segments(ctx, ends); err != nil {
		return err
	}
	if n := len(ends); n > 0 {
		at = ends[n-1]
	}
	if live != "" {
		if p := x.openFile(live); p != nil && p.h.first == at.Size && p.h.end > p.h.first {
			tail, ok, err := x.log.Tail(p.h.end, p.h.root)
			if err != nil {
				return err
			}
			if ok {
				x.parts, x.tail = append(x.parts, p), tail
				return nil
			}
			tail.Close()
		}
	}
	tail, ok, err := x.log.Tail(at.Size, at.Root)
	if err != nil {
		return err
	}
	if !ok {
		tail.Close()
		return errMoved
	}
	x.tail = tail
	return nil
}

// segments returns the indexes of finished segments. Those that are not there are made on
// several processors.
func (x *Index) segments(ctx context.Context, ends []ledger.End) ([]*Part, error) {
	parts, errs := make([]*Part, len(ends)), make([]error, len(ends))
	var wg sync.WaitGroup
	turn := make(chan struct{}, min(runtime.GOMAXPROCS(0), maxMade))
	for i, e := range ends {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			parts[i], errs[i] = x.segment(ctx, e)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return parts, nil
}

// segment returns the index of a finished segment, and makes it if there is none that
// is right.
func (x *Index) segment(ctx context.Context, e ledger.End) (*Part, error) {
	if p := x.openFile(e.Name); p != nil && p.h.first == e.First && p.h.end == e.Size && p.h.root == e.Root {
		return p, nil
	}
	return x.make(ctx, e.Name, e.First, e.Size, e.Root)
}

// make makes the index of the records from first on, of a segment, up to size.
func (x *Index) make(ctx context.Context, name string, first, size uint64, root tlog.Hash) (*Part, error) {
	b := NewBuilder(first)
	b.Grow(size - first)
	for rec, err := range x.log.Records(ctx, first, false) {
		if err != nil {
			return nil, err
		}
		if err := b.Add(rec.Index, rec.Line); err != nil {
			return nil, &LineError{rec.Index, err}
		}
		if b.End() >= size {
			break // before the next segment is read
		}
	}
	if b.End() != size {
		return nil, errMoved
	}
	image, err := b.Image(root)
	if err != nil {
		return nil, errTooLarge
	}
	return x.keep(name, image)
}

// keep writes the index of a segment, or holds it in memory where that is not to be had.
func (x *Index) keep(name string, image []byte) (*Part, error) {
	if err := x.write(name, image); err == nil {
		// What is there now may be of another who was faster; it is of the same records,
		// or not used.
		if p := x.openFile(name); p != nil && bytes.Equal(image[:headerSize], p.h.encode()) {
			return p, nil
		}
	}
	if x.inMemory.Add(int64(len(image))) > int64(x.held) {
		return nil, errTooLarge
	}
	return NewPart(image)
}

// add adds a record that was read behind all others.
func (x *Index) add(ctx context.Context, rec ledger.Record) error {
	if g := x.grown; g != nil && g.file != rec.File {
		_, ends, _, err := x.log.Ends()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(ends, func(e ledger.End) bool { return e.Name == g.file })
		if i < 0 {
			return errMoved
		}
		if err := x.settle(ctx, ends[i], true); err != nil {
			return err
		}
	}
	if x.grown == nil {
		x.grown = &growing{file: rec.File, builder: NewBuilder(rec.Index)}
	}
	g := x.grown
	g.part = nil
	if err := g.builder.Add(rec.Index, rec.Line); err != nil {
		return &LineError{rec.Index, err}
	}
	return nil
}

// settle makes a part of what has grown up to end. If the segment is finished, or much
// of it is not in its file yet, that is written, and stands for all parts of the segment.
func (x *Index) settle(ctx context.Context, end ledger.End, finished bool) error {
	image, err := x.grown.builder.Image(end.Root)
	if err != nil {
		return errTooLarge
	}
	p, err := NewPart(image)
	if err != nil {
		return err
	}
	x.parts, x.grown = append(x.parts, p), nil
	begin := segmentFirst(end.Name)
	own, loose := len(x.parts), uint64(0)
	for own > 0 && x.parts[own-1].h.first >= begin {
		own--
		if q := x.parts[own]; q.open == nil {
			loose += q.h.end - q.h.first
		}
	}
	if !finished && loose*4 < end.Size-begin {
		return nil
	}
	before := x.parts[:own:own]
	if p.h.first == begin {
		p, err = x.keep(end.Name, image)
	} else {
		p, err = x.make(ctx, end.Name, begin, end.Size, end.Root)
	}
	if err != nil {
		return err
	}
	x.parts = append(before, p)
	return nil
}

// segmentFirst returns the index of the first record of a segment.
func segmentFirst(name string) uint64 {
	digits := strings.TrimSuffix(path.Base(name), segmentExt)
	first, _ := strconv.ParseUint(digits, 10, 63) // the ledger made it so
	return first
}

// path returns the name of the index of a segment.
func (x *Index) path(segment string) string {
	return filepath.Join(x.dir, filepath.FromSlash(strings.TrimSuffix(segment, segmentExt)+indexExt))
}

// openFile returns the index file of a segment; nil: there is none that can be used.
func (x *Index) openFile(segment string) *Part {
	name := x.path(segment)
	info, err := x.fs.Stat(name)
	if err != nil {
		return nil
	}
	p, err := openPart(name, info.Size, func() (reader, error) { return x.fs.OpenFile(name, os.O_RDONLY, 0) }, &x.cache)
	if err != nil {
		return nil
	}
	return p
}

// write puts an index beside its segment, so that who opens it sees all of it or what was
// there before. It need not survive a power cut: what was torn is not believed.
func (x *Index) write(segment string, image []byte) error {
	name := x.path(segment)
	x.sweep(name)
	temp := strings.TrimSuffix(name, indexExt) + "." + rand.Text() + tempExt
	f, err := x.fs.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(image, 0)
	if err = errors.Join(err, f.Close()); err == nil {
		err = x.fs.Rename(temp, name)
	}
	if err != nil {
		_ = x.fs.Remove(temp) // it is of no use, and the next to write one tries again
	}
	return err
}

// sweep removes what others left who died while they wrote the same index. One who
// still writes it finds that it is gone, and does without.
func (x *Index) sweep(name string) {
	dir, prefix := filepath.Dir(name), strings.TrimSuffix(filepath.Base(name), indexExt)+"."
	entries, err := x.fs.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), tempExt) {
			_ = x.fs.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// discard removes the file of a part that cannot be used.
func (x *Index) discard(p *Part) {
	if p.open != nil {
		_ = x.fs.Remove(p.name) // or it is replaced
	}
}

// LineError says that a line of the log is no record of a run.
type LineError struct {
	Index uint64 // of the line
	Err   error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("record %d: %v", e.Index, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }
