package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// memory is a store in memory, so that tests can change every byte of it.
type memory map[string][]byte

func (m memory) Put(_ context.Context, name string, data []byte, _ time.Time) error {
	if there, ok := m[name]; ok && !bytes.Equal(there, data) {
		return ErrConflict
	}
	m[name] = bytes.Clone(data)
	return nil
}

func (m memory) Get(_ context.Context, name string) ([]byte, error) {
	data, ok := m[name]
	if !ok {
		return nil, ErrNotExist
	}
	return bytes.Clone(data), nil
}

func (m memory) List(_ context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(name, prefix) && name > after && !yield(Object{name, int64(len(m[name]))}, nil) {
				return
			}
		}
	}
}

func (m memory) Close() error { return nil }

// sent returns a log of two segments with its copy, in several objects.
func sent(t *testing.T) (*testLog, memory) {
	t.Helper()
	vault, store := t.TempDir(), memory{}
	l := newTestLog(t, vault, "audit-log", 0)
	c := fast(vault, store, l)
	c.ChunkBytes = 900
	f := start(t, c)
	l.add(t, 4, 100)
	l.now = firstDay.AddDate(0, 0, 1)
	l.add(t, 2, 100)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.GreaterOrEqual(t, len(store), 4)
	return l, store
}

const sentLog = "test/audit-log"

// Whatever byte of a copy changes, and whatever object is cut off, missing or moved to
// another name: it is noticed, or what is restored is the log all the same. Only a copy
// without its newest object looks like one that was always shorter.
func TestRestoreFromDamage(t *testing.T) {
	l, store := sent(t)
	arrived(t, store, l)
	want := content(t, l.dir)
	list, err := chunks(ctx, store, sentLog+"/")
	require.NoError(t, err)
	last := list[len(list)-1]
	damaged := 0
	try := func(bad memory) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "log")
		got, err := Restore(ctx, bad, sentLog, dir)
		if err != nil {
			damaged++
			require.True(t, errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotExist), err)
			require.NoDirExists(t, dir)
			require.NoDirExists(t, dir+".restoring")
			return
		}
		if got.Records == uint64(l.n) {
			require.True(t, maps.Equal(want, content(t, dir)))
			return
		}
		newest, _, err := get(ctx, store, sentLog+"/", last.name)
		require.NoError(t, err)
		require.NotContains(t, bad, sentLog+"/"+last.name)
		require.Equal(t, newest.First, got.Records)
	}
	step := 11
	if testing.Short() {
		step = 61
	}
	for name, object := range store {
		for i := 0; i < len(object); i += step {
			bad := maps.Clone(store)
			bad[name] = bytes.Clone(object)
			bad[name][i] ^= 4
			try(bad)
			bad[name] = object[:i]
			try(bad)
		}
		missing := maps.Clone(store)
		delete(missing, name)
		try(missing)
		for other := range store {
			swapped := maps.Clone(store)
			swapped[name], swapped[other] = store[other], store[name]
			try(swapped)
		}
	}
	require.Greater(t, damaged, 50)
}

// A copy that lacks the end of the log is restored as far as it goes, and says what the
// log had.
func TestRestoreWithoutEnd(t *testing.T) {
	l, store := sent(t)
	l.add(t, 3, 100)
	l.now = firstDay.AddDate(0, 0, 2)
	l.add(t, 2, 100)
	f := start(t, fast(filepath.Dir(l.dir), store, l))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	list, err := chunks(ctx, store, sentLog+"/")
	require.NoError(t, err)
	newest, before := list[len(list)-1], list[len(list)-2]
	require.Equal(t, uint64(11), newest.size)
	delete(store, sentLog+"/"+newest.name)
	dir := filepath.Join(t.TempDir(), "log")
	got, err := Restore(ctx, store, sentLog, dir)
	require.NoError(t, err)
	require.Equal(t, before.size, got.Records)
	require.Equal(t, newest.size-before.size, got.Missing)
	require.NoFileExists(t, filepath.Join(dir, "checkpoint"))

	// A log with its key goes on where it was.
	restored := &testLog{dir: dir, o: l.o, now: l.now}
	restored.open(t)
	restored.add(t, 1, 10)
	require.NoError(t, restored.Close())
}

// A gap is told by the records that are missing.
func TestRestoreGap(t *testing.T) {
	_, store := sent(t)
	list, err := chunks(ctx, store, sentLog+"/")
	require.NoError(t, err)
	delete(store, sentLog+"/"+list[0].name)
	_, err = Restore(ctx, store, sentLog, filepath.Join(t.TempDir(), "log"))
	require.ErrorContains(t, err, fmt.Sprintf("the records 0 to %d are missing", list[0].size-1))
}

// What is there is left alone.
func TestRestoreOver(t *testing.T) {
	l, store := sent(t)
	before := files(t, l.dir)
	_, err := Restore(ctx, store, sentLog, l.dir)
	require.ErrorIs(t, err, ErrNotEmpty)
	require.Equal(t, before, files(t, l.dir))
	empty := t.TempDir()
	got, err := Restore(ctx, store, sentLog, empty)
	require.NoError(t, err)
	require.Equal(t, Restored{Origin: "flexor/test/audit-log", Records: 6, Chunks: len(store) - 1, Segments: 2, Bytes: got.Bytes}, got)
	_, err = Restore(ctx, store, "test/other", t.TempDir())
	require.ErrorIs(t, err, ErrNotExist)
}

// Objects that overlap hold the same where they do, or are damage.
func TestRestoreOverlap(t *testing.T) {
	l, store := sent(t)
	list, err := chunks(ctx, store, sentLog+"/")
	require.NoError(t, err)
	one, a, err := get(ctx, store, sentLog+"/", list[0].name)
	require.NoError(t, err)
	two, b, err := get(ctx, store, sentLog+"/", list[1].name)
	require.NoError(t, err)
	one.Bytes, one.Size, one.Checkpoint = one.Bytes+two.Bytes, two.Size, two.Checkpoint
	put := func(data []byte) {
		t.Helper()
		c, _ := testObject(t, data)
		c.Log, c.Size, c.Checkpoint, c.Sealed = one.Log, one.Size, one.Checkpoint, two.Sealed
		require.Equal(t, one.Segment, c.Segment)
		store[sentLog+"/"+c.name()] = pack(t, &c, data)
	}
	put(slices.Concat(a, b))
	dir := filepath.Join(t.TempDir(), "log")
	_, err = Restore(ctx, store, sentLog, dir)
	require.NoError(t, err)
	require.Equal(t, content(t, l.dir), content(t, dir))
	put(slices.Concat(b, a))
	_, err = Restore(ctx, store, sentLog, filepath.Join(t.TempDir(), "log"))
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "different records for the same place")
}

// The anchor is the newest checkpoint that was sent; where a log leaves its copy is
// found to the byte.
func TestAnchor(t *testing.T) {
	l, store := sent(t)
	r, err := ledger.OpenReader(durable.Disk{}, l.dir)
	require.NoError(t, err)
	a, err := ReadAnchor(ctx, store, sentLog, r.Identity())
	require.NoError(t, err)
	require.Equal(t, uint64(6), a.Records)
	rep, err := r.Verify(ctx, a.Note, nil)
	require.NoError(t, err)
	require.True(t, rep.Anchored)
	at, err := Differ(ctx, store, l.dir)
	require.NoError(t, err)
	require.Nil(t, at)

	_, err = ReadAnchor(ctx, store, "test/other", nil)
	require.ErrorIs(t, err, ErrNotExist)
	_, err = ReadAnchor(ctx, store, sentLog, []byte("{}\n"))
	require.ErrorIs(t, err, ErrConflict)
	_, err = ReadAnchor(ctx, memory{sentLog + "/log.json": r.Identity()}, sentLog, r.Identity())
	require.ErrorIs(t, err, ErrNotExist)

	for file, text := range content(t, l.dir) {
		path := filepath.Join(l.dir, "segments", filepath.FromSlash(file))
		lines := strings.SplitAfter(text, "\n")
		off, index := 0, uint64(0)
		if !strings.HasPrefix(file, "2026-04-30") {
			index = 4
		}
		for _, line := range lines[:len(lines)-1] {
			bad := []byte(text)
			bad[off+len(line)/2] ^= 1
			require.NoError(t, os.WriteFile(path, bad, 0o644))
			at, err := Differ(ctx, store, l.dir)
			require.NoError(t, err)
			if at != nil { // two logs that are both right differ up to their ends
				require.Equal(t, []any{"segments/" + file, int64(off), index}, []any{at.File, at.Offset, at.Index})
			}
			require.NoError(t, os.WriteFile(path, []byte(text[:off]), 0o644))
			at, err = Differ(ctx, store, l.dir)
			require.NoError(t, err)
			require.NotNil(t, at)
			if !strings.HasPrefix(file, "2026-04-30") {
				require.Equal(t, []any{"segments/" + file, int64(off), index}, []any{at.File, at.Offset, at.Index})
			}
			off += len(line)
			if !ledger.IsCommit([]byte(line)) {
				index++
			}
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// What a place holds is found without looking at all of it.
func TestVaults(t *testing.T) {
	_, store := sent(t)
	store["test/governance-log/log.json"] = nil
	store["test-2/audit-log/log.json"] = nil
	store["test0/nothing/else"] = nil
	store["zebra"] = nil
	vaults, err := Vaults(ctx, store)
	require.NoError(t, err)
	require.Equal(t, []string{"test-2", "test"}, vaults)
	logs, err := Logs(ctx, store, "test")
	require.NoError(t, err)
	require.Equal(t, []string{"audit-log", "governance-log"}, logs)
}

// Of two logs none is in its place when one of them cannot be restored, and once that is
// put right both are.
func TestRestoreAll(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	one, two := newTestLog(t, vault, "audit-log", 0), newTestLog(t, vault, "governance-log", 0)
	one.add(t, 5, 100)
	two.add(t, 5, 100)
	require.NoError(t, start(t, fast(vault, store, one, two)).Flush(ctx))
	list, err := chunks(ctx, store, "test/governance-log/")
	require.NoError(t, err)
	name := filepath.Join(store.root, "test", "governance-log", filepath.FromSlash(list[0].name))
	require.NoError(t, os.Rename(name, name+".away"))

	dir := t.TempDir()
	places := []Place{{"test/audit-log", filepath.Join(dir, "a")}, {"test/governance-log", filepath.Join(dir, "g")}}
	require.NoError(t, os.WriteFile(name, []byte("another"), 0o600))
	_, err = RestoreAll(ctx, store, places)
	require.ErrorIs(t, err, ErrDamaged)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, os.Remove(name))
	require.NoError(t, os.Rename(name+".away", name))
	out, err := RestoreAll(ctx, store, places)
	require.NoError(t, err)
	require.Len(t, out, 2)
	require.Equal(t, content(t, one.dir), content(t, places[0].Dir))
	require.Equal(t, content(t, two.dir), content(t, places[1].Dir))
}
