package ledger

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// syncHook is a file system that asks a function before it syncs a file.
type syncHook struct {
	durable.FS
	before func() error
}

func (s *syncHook) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return hookedFile{f, s}, nil
}

type hookedFile struct {
	durable.File
	hook *syncHook
}

func (f hookedFile) Sync() error {
	if err := f.hook.before(); err != nil {
		return err
	}
	return f.File.Sync()
}

// TestOneFailedSyncIsToldToAll fails one sync while many wait for it. The next
// sync of the same file would succeed, as the kernel reports a failure once:
// nobody may take that for an answer.
func TestOneFailedSyncIsToldToAll(t *testing.T) {
	const waiters = 8
	for range 100 {
		var sick atomic.Bool
		hook := &syncHook{newMemFS("vault"), func() error {
			if sick.CompareAndSwap(true, false) {
				return syscall.EIO
			}
			return nil
		}}
		o := testOptions(t)
		o.FS, o.NoPadding, o.Window = hook, true, math.MaxInt64
		require.NoError(t, Create(memDir, o))
		l := openLog(t, memDir, o)
		index, err := l.Append(record(0))
		require.NoError(t, err)
		sick.Store(true)
		var group sync.WaitGroup
		var acknowledged atomic.Int32
		for range waiters {
			group.Go(func() {
				if l.Sync(context.Background(), index+1) == nil {
					acknowledged.Add(1)
				}
			})
		}
		group.Wait()
		require.Zero(t, acknowledged.Load(), "acknowledged after a failed sync")
		var ae *AppendError
		require.ErrorAs(t, l.Sync(context.Background(), index+1), &ae)
		require.Equal(t, Unknown, ae.Outcome)

		// The next append writes the tail again, and with it all is well.
		_, err = l.Append(record(1))
		require.NoError(t, err)
		require.NoError(t, l.Sync(context.Background(), index+2))
		require.NoError(t, l.Close())
	}
}

// TestRecordsLostByASync lets a failed sync take written records with it. Their
// indexes were handed out, so this log must not give them to others.
func TestRecordsLostByASync(t *testing.T) {
	mem := newMemFS("vault")
	sick := &faultFS{FS: mem, fault: fault{err: syscall.EIO}}
	o := testOptions(t)
	o.FS, o.NoPadding, o.Window = sick, true, math.MaxInt64
	require.NoError(t, Create(memDir, o))
	l := openLog(t, memDir, o)
	appendSync(t, l, 0, 1)
	index, err := l.Append(record(1))
	require.NoError(t, err)
	sick.at = sick.count.Load() + 1 // the sync
	require.Error(t, l.Sync(context.Background(), index+1))

	for range 3 {
		_, err = l.Append(record(2))
		var ae *AppendError
		require.ErrorAs(t, err, &ae)
		require.Equal(t, Absent, ae.Outcome)
		require.Error(t, l.Sync(context.Background(), index+1), "another record's sync")
	}
	require.Error(t, l.Close())

	l = openLog(t, memDir, o)
	appendSync(t, l, 1, 1)
	require.NoError(t, l.Close())
}

func TestSyncAfterClose(t *testing.T) {
	l, _ := newLog(t, testOptions(t))
	appendSync(t, l, 0, 1)
	require.NoError(t, l.Close())
	require.NoError(t, l.Sync(context.Background(), 1))
	require.ErrorIs(t, l.Sync(context.Background(), 2), ErrClosed)
}

// panicSigner panics when asked to sign while it is sick.
type panicSigner struct {
	Signer
	sick atomic.Bool
}

func (p *panicSigner) Sign(msg []byte) ([]byte, error) {
	if p.sick.CompareAndSwap(true, false) {
		panic("no key today")
	}
	return p.Signer.Sign(msg)
}

// TestPanicWhileSigning checks that a panic of the signer leaves neither the ledger's
// lock behind nor somebody who waits.
func TestPanicWhileSigning(t *testing.T) {
	o := testOptions(t)
	signer := &panicSigner{Signer: o.Signer}
	o.Signer = signer
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 1)
	signer.sick.Store(true)
	_, err := l.AppendSync(record(1))
	var ae *AppendError
	require.ErrorAs(t, err, &ae)
	require.Equal(t, Unknown, ae.Outcome, "it is on disk, and not acknowledged")
	appendSync(t, l, 2, 1)
	other := openLog(t, dir, o)
	appendSync(t, other, 3, 1)
	require.NoError(t, other.Close())
}

// TestFullDisk refuses writes for want of room. What was there stays, waiting
// syncs are not disturbed, and with room recording goes on by itself.
func TestFullDisk(t *testing.T) {
	full := &fullFS{FS: durable.Disk{}}
	o := testOptions(t)
	o.FS, o.Window = full, math.MaxInt64
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 1)
	index, err := l.Append(record(1))
	require.NoError(t, err)
	full.full.Store(true)
	_, err = l.Append(record(99))
	var ae *AppendError
	require.ErrorAs(t, err, &ae)
	require.Equal(t, Absent, ae.Outcome)
	require.ErrorContains(t, err, "free space on the disk that holds "+dir)
	require.NoError(t, l.Sync(context.Background(), index+1), "an append that was refused disturbs nobody")
	require.Len(t, read(t, dir, false), 2)
	verify(t, dir)
	full.full.Store(false)
	appendSync(t, l, 2, 2)
}

// fullFS refuses writes to segments while it is full.
type fullFS struct {
	durable.FS
	full atomic.Bool
}

func (f *fullFS) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil || filepath.Ext(name) != segmentExt {
		return file, err
	}
	return fullFile{file, f}, nil
}

type fullFile struct {
	durable.File
	fs *fullFS
}

func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	if f.fs.full.Load() {
		n, err := f.File.WriteAt(p[:len(p)/2], off)
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return f.File.WriteAt(p, off)
}

// TestReplacedUnderALiveWriter takes files away from an open log: an error at
// the next commit, not silence.
func TestReplacedUnderALiveWriter(t *testing.T) {
	replace := func(t *testing.T, name string) {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name+".new", data, 0o644))
		require.NoError(t, os.Remove(name)) // Windows replaces no open file by os.Rename
		require.NoError(t, os.Rename(name+".new", name))
	}
	for name, harm := range map[string]func(t *testing.T, dir, seg string){
		"segment removed":  func(t *testing.T, _, seg string) { require.NoError(t, os.Remove(seg)) },
		"segment renamed":  func(t *testing.T, _, seg string) { require.NoError(t, os.Rename(seg, seg+".old")) },
		"segment replaced": func(t *testing.T, _, seg string) { replace(t, seg) },
		"lock removed":     func(t *testing.T, dir, _ string) { require.NoError(t, os.Remove(lockName(dir))) },
		"lock replaced":    func(t *testing.T, dir, _ string) { replace(t, lockName(dir)) },
		"directory replaced": func(t *testing.T, dir, _ string) {
			f := snapshot(t, dir)
			require.NoError(t, os.Rename(dir, dir+".old"))
			require.NoError(t, os.Mkdir(dir, 0o755))
			f.put(t, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "directory replaced" && runtime.GOOS == "windows" {
				t.Skip("Windows renames no directory in which a file is open")
			}
			o := testOptions(t)
			dir := filepath.Join(t.TempDir(), "audit-log")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.NoError(t, Create(dir, o))
			l := openLog(t, dir, o)
			appendSync(t, l, 0, 3)
			harm(t, dir, l.writer.seg.path)
			_, err := l.Append(record(3))
			require.Error(t, err)
			_ = l.Close() // may fail as well
		})
	}
}

// TestCheckpointFileKeepsTheNewest lets many put checkpoints at once.
func TestCheckpointFileKeepsTheNewest(t *testing.T) {
	o := testOptions(t)
	dir := t.TempDir()
	v, err := note.NewVerifier(o.Signer.VerifierKey())
	require.NoError(t, err)
	var all []Checkpoint
	for size := range uint64(200) {
		cp, err := signCheckpoint(testOrigin, size+1, (&frontier{}).root(), o.Signer)
		require.NoError(t, err)
		all = append(all, cp)
	}
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			var p publisher
			defer p.close()
			for i := w; i < len(all); i += 4 {
				if err := p.put(durable.Disk{}, dir, all[i], v); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	newest := all[len(all)-1]
	got, err := readPublished(durable.Disk{}, dir, v)
	require.NoError(t, err)
	require.Equal(t, newest, got)

	// One that is damaged so that it states more is put right.
	forged, err := signCheckpoint(testOrigin, 1000, newest.Root, testOptions(t).Signer)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, checkpointName), forged.Note, 0o644))
	var p publisher
	defer p.close()
	require.NoError(t, p.put(durable.Disk{}, dir, newest, v))
	got, err = readPublished(durable.Disk{}, dir, v)
	require.NoError(t, err)
	require.Equal(t, newest, got)
}

func TestOriginsThatDoNotFitTheFormat(t *testing.T) {
	for _, origin := range []string{`a"b`, `a\b`} {
		skey, vkey, err := note.GenerateKey(nil, origin)
		require.NoError(t, err)
		s, err := NewSigner(skey, vkey)
		require.NoError(t, err)
		require.Error(t, Create(t.TempDir(), &Options{Signer: s}))
	}
}
