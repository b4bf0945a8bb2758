package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// memDir is the directory of ledgers in a [memFS].
var memDir = filepath.Join("vault", "audit-log")

// history is what a scenario was told about its records, which are numbered in
// the order in which they were handed in.
type history struct {
	acked   map[uint64]int // by index: the record acknowledged as durable there
	written map[uint64]int // by index: the record acknowledged as written there
	absent  map[int]bool   // told to be absent
	appends int
	wrong   error // the first thing that nobody should have been told

	published func() uint64 // size of the signed checkpoint file
}

func newHistory() *history {
	return &history{acked: map[uint64]int{}, written: map[uint64]int{}, absent: map[int]bool{}}
}

// append hands the next record in and notes what became of it.
func (h *history) append(l *Log, sync bool) {
	n := h.appends
	h.appends++
	rec := record(n)
	if n%3 == 1 { // more than a disk's block
		rec = fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, strings.Repeat("x", 5000))
	}
	index, err := l.Append(rec)
	if err != nil {
		var ae *AppendError
		if !errors.As(err, &ae) || ae.Outcome == Absent {
			h.absent[n] = true
		}
		return
	}
	if before, ok := h.acked[index]; ok && h.wrong == nil {
		h.wrong = fmt.Errorf("record %d was acknowledged as durable at %d, which was then given to %d", before, index, n)
	}
	h.written[index] = n
	if sync && l.Sync(context.Background(), index+1) == nil {
		h.acked[index] = n
		if size := h.published(); size <= index && h.wrong == nil {
			h.wrong = fmt.Errorf("record %d was acknowledged as durable at %d, and no signature covers it: the checkpoint is of %d", n, index, size)
		}
	}
}

// reads makes the history look at the checkpoint file on fsys, without faults.
func (h *history) reads(fsys durable.FS, o *Options) {
	if f, ok := fsys.(*faultFS); ok {
		fsys = f.FS
	}
	h.published = func() uint64 {
		v, err := note.NewVerifier(o.Signer.VerifierKey())
		if err != nil {
			panic(err)
		}
		cp, _ := readPublished(fsys, memDir, v) // zero if it is damaged
		return cp.Size
	}
}

// check holds the log against the history: what was acknowledged as durable is
// where it was acknowledged, what was told to be absent is nowhere, nothing stands
// twice.
func (h *history) check(fsys durable.FS) error {
	if h.wrong != nil {
		return h.wrong
	}
	r, err := OpenReader(fsys, memDir)
	if err != nil {
		return err
	}
	at := map[uint64]int{}
	seen := map[int]bool{}
	for rec, err := range r.Records(context.Background(), 0, false) {
		if err != nil {
			return err
		}
		var v struct{ N int }
		if err := json.Unmarshal(rec.Line, &v); err != nil {
			return err
		}
		if h.absent[v.N] {
			return fmt.Errorf("record %d stands at %d but was told to be absent", v.N, rec.Index)
		}
		if seen[v.N] {
			return fmt.Errorf("record %d stands twice", v.N)
		}
		at[rec.Index], seen[v.N] = v.N, true
	}
	for index, n := range h.acked {
		if got, ok := at[index]; !ok || got != n {
			return fmt.Errorf("record %d was acknowledged as durable at %d, where %d stands (%v)", n, index, got, ok)
		}
	}
	return nil
}

// scenario appends from two logs through a roll, a close and a reopening. It
// stops where the ledger cannot even be opened.
func scenario(fsys durable.FS, o Options, h *history) {
	h.reads(fsys, &o)
	o.FS, o.MaxSegment, o.Window = fsys, 12<<10, time.Hour
	if Create(memDir, &o) != nil {
		return
	}
	a, _, err := Open(context.Background(), memDir, &o)
	if err != nil {
		return
	}
	b, _, err := Open(context.Background(), memDir, &o)
	if err != nil {
		_ = a.Close()
		return
	}
	for range 5 {
		h.append(a, h.appends%3 == 0)
		h.append(b, h.appends%3 == 0)
	}
	_ = a.Close()
	h.append(b, true)
	_ = b.Close()
	if a, _, err = Open(context.Background(), memDir, &o); err != nil {
		return
	}
	h.append(a, false)
	h.append(a, true)
	_ = a.Close()
}

// olderFormat is a file system on which logs are created in the older format.
type olderFormat struct{ durable.FS }

func (f olderFormat) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil || !strings.HasPrefix(filepath.Base(name), infoFile) {
		return file, err
	}
	return olderInfo{file}, nil
}

type olderInfo struct{ durable.File }

func (f olderInfo) WriteAt(p []byte, off int64) (int, error) {
	return f.File.WriteAt(bytes.Replace(p, []byte(Format), []byte(formatV1), 1), off)
}

var faults = []fault{
	{name: "EIO, lost", err: syscall.EIO},
	{name: "EIO, persisted", err: syscall.EIO, persisted: true},
	{name: "EIO, short", err: syscall.EIO, short: true},
	{name: "EIO, forgotten", err: syscall.EIO, forgets: true},
	{name: "ENOSPC, lost", err: syscall.ENOSPC},
	{name: "ENOSPC, persisted", err: syscall.ENOSPC, persisted: true},
	{name: "ENOSPC, short", err: syscall.ENOSPC, short: true},
}

// settled opens the ledger once more on a sound file system, which must take
// it as it is, and verifies it.
func settled(fsys *memFS, o Options, h *history) error {
	o.FS = fsys
	h.reads(fsys, &o)
	if r, err := OpenReader(fsys, memDir); err == nil {
		if _, err := r.Verify(context.Background(), nil, nil); err != nil {
			return fmt.Errorf("verifying it as it is found: %w", err)
		}
	}
	l, _, err := Open(context.Background(), memDir, &o)
	if errors.Is(err, ErrNotFound) && len(h.written) == 0 {
		return nil // it could not be created
	}
	if err != nil {
		return fmt.Errorf("reopening: %w", err)
	}
	h.append(l, true)
	if err := l.Close(); err != nil {
		return err
	}
	if err := h.check(fsys); err != nil {
		return err
	}
	r, err := OpenReader(fsys, memDir)
	if err != nil {
		return err
	}
	rep, err := r.Verify(context.Background(), nil, nil)
	if err == nil && rep.Unsigned > 0 {
		err = fmt.Errorf("%d records of a closed log are not signed", rep.Unsigned)
	}
	return err
}

// TestEveryOperationFails fails each operation of a scenario once, in each way.
func TestEveryOperationFails(t *testing.T) {
	step := int64(sparse(20))
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failEach(t, f, step, func(m *memFS) durable.FS { return m })
		})
		t.Run(f.name+", v1", func(t *testing.T) {
			t.Parallel()
			failEach(t, f, 3*step, func(m *memFS) durable.FS { return olderFormat{m} })
		})
	}
}

// failEach fails every step-th operation of a scenario on what wrap makes of a file
// system in memory.
func failEach(t *testing.T, f fault, step int64, wrap func(*memFS) durable.FS) {
	o := *testOptions(t)
	if o.NoPadding = f.name != "ENOSPC, lost"; !o.NoPadding {
		step *= 3 // padding makes all slower, and matters where room does
	}
	calm, h := &faultFS{FS: wrap(newMemFS("vault"))}, newHistory()
	scenario(calm, o, h)
	require.Len(t, h.written, h.appends)
	require.Empty(t, h.absent)
	operations := calm.count.Load()
	require.Greater(t, operations, int64(200))
	for k := int64(1); k <= operations; k += step {
		mem, h := newMemFS("vault"), newHistory()
		sick := &faultFS{FS: wrap(mem), fault: f, at: k}
		scenario(sick, o, h)
		require.NotNil(t, sick.what.Load())
		require.Zero(t, mem.open, "operation %d: %s: files left open", k, *sick.what.Load())
		require.NoError(t, settled(mem, o, h), "operation %d: %s", k, *sick.what.Load())
	}
	t.Logf("each of %d operations", operations)
}
