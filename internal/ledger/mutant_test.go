package ledger

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Each test here breaks one thing on which the ledger rests and checks that the
// tests of that thing would notice.

// neverSyncs acknowledges before the disk has anything.
type neverSyncs struct{ durable.FS }

func (neverSyncs) SyncDir(string) error { return nil }

func (n neverSyncs) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := n.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

func TestMutantAcknowledgesBeforeSync(t *testing.T) {
	o := *testOptions(t)
	o.NoPadding = true
	caught := 0
	states := crashes(o, 1, func(m *memFS) durable.FS { return neverSyncs{m} })
	for _, s := range states {
		if err := settled(s.fs, o, s.h); err != nil {
			caught++
		}
	}
	require.Greater(t, caught, len(states)/4)
}

// namesNotSynced forgets the names of new files only.
type namesNotSynced struct{ durable.FS }

func (namesNotSynced) SyncDir(string) error { return nil }

func TestMutantForgetsNames(t *testing.T) {
	o := *testOptions(t)
	o.NoPadding = true
	caught := false
	for _, s := range crashes(o, 1, func(m *memFS) durable.FS { return namesNotSynced{m} }) {
		caught = caught || settled(s.fs, o, s.h) != nil
	}
	require.True(t, caught)
}

// unlocked lets everybody write at once, and others go first before each write.
type unlocked struct{ durable.FS }

func (u unlocked) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return politeFile{f}, nil
}

type politeFile struct{ durable.File }

func (f politeFile) WriteAt(p []byte, off int64) (int, error) {
	runtime.Gosched()
	return f.File.WriteAt(p, off)
}

func (unlocked) Lock(string, bool) (durable.Unlocker, error) { return noLock{}, nil }

type noLock struct{}

func (noLock) Unlock() error { return nil }

// shareALedger appends from several logs at once and returns what is wrong then.
func shareALedger(o Options) error {
	mem := o.FS
	if err := Create(memDir, &o); err != nil {
		return err
	}
	var group sync.WaitGroup
	failures := make(chan error, 4)
	for w := range 4 {
		group.Go(func() {
			failures <- func() error {
				l, _, err := Open(context.Background(), memDir, &o)
				if err != nil {
					return err
				}
				for n := range 50 {
					index, err := l.Append(fmt.Appendf(nil, `{"n":%d}`, w*50+n))
					if err == nil {
						err = l.Sync(context.Background(), index+1)
					}
					if err != nil {
						_ = l.Close()
						return err
					}
				}
				return l.Close()
			}()
		})
	}
	group.Wait()
	for range 4 {
		if err := <-failures; err != nil {
			return err
		}
	}
	r, err := OpenReader(mem, memDir)
	if err != nil {
		return err
	}
	rep, err := r.Verify(context.Background(), nil, nil)
	if err == nil && rep.Head.Size != 200 {
		err = fmt.Errorf("%d of 200 records", rep.Head.Size)
	}
	return err
}

func TestMutantWithoutLock(t *testing.T) {
	o := *testOptions(t)
	o.NoPadding = true
	o.FS = newMemFS("vault")
	require.NoError(t, shareALedger(o))
	o.FS = unlocked{newMemFS("vault")}
	require.Error(t, shareALedger(o))
}

// gullible takes every signature for right.
type gullible struct{ note.Verifier }

func (gullible) Verify([]byte, []byte) bool { return true }

func TestMutantAcceptsAnySignature(t *testing.T) {
	l := newTampered(t, testOptions(t))
	r := openReader(t, l.dir)
	flipped := relink(t, l.whole, flipSignature)
	delete(flipped, checkpointName)
	l.verified(t, flipped, "", 0, "other signatures")

	flipped.put(t, l.dir)
	defer l.whole.put(t, l.dir)
	r.trust.Verifier = gullible{r.trust.Verifier}
	_, err := r.Verify(context.Background(), nil, nil)
	require.NoError(t, err, "so it is the signature that tells")
}

// TestMutantSkipsTheLinks makes the links of altered commit lines right, which is
// what leaving out their check comes to: then who holds no key would not notice a
// byte of a mac that changed, and TestEveryByteCounts would fail.
func TestMutantSkipsTheLinks(t *testing.T) {
	l := newTampered(t, testOptions(t))
	first := true
	edit := func(c *commitLine) {
		if first {
			c.mac[0] ^= 1
		}
		first = false
	}
	f := relink(t, l.whole, edit)
	f.put(t, l.dir)
	defer l.whole.put(t, l.dir)
	_, err := l.verify()
	require.NoError(t, err)

	name := l.whole.segments()[0]
	prefix, rest, _ := bytes.Cut(f[name], []byte(linkField))
	_, whole, _ := bytes.Cut(l.whole[name], []byte(linkField))
	require.False(t, bytes.Equal(whole, rest))
	flippedOnly := append(append(bytes.Clone(prefix), linkField...), whole...)
	l.verified(t, l.whole.with(name, flippedOnly), name, int64(len(prefix)), "the link tells")
}

// flipSignature changes a byte of the signature in a commit line.
func flipSignature(c *commitLine) {
	note := c.signed.Note
	if note == nil {
		return
	}
	b := bytes.Clone(note)
	i := len(b) - 8
	if b[i] = 'A'; note[i] == 'A' {
		b[i] = 'B'
	}
	c.signed.Note = b
}

// relink edits every commit line of a ledger and makes all links right again,
// which needs no key.
func relink(t testing.TB, f files, edit func(*commitLine)) files {
	t.Helper()
	f = maps.Clone(f)
	var before link
	for _, name := range f.segments() {
		var out []byte
		for line := range bytes.Lines(f[name]) {
			if bytes.HasPrefix(line, []byte(commitPrefix)) {
				c, err := parseCommitLine(bytes.TrimSuffix(line, []byte("\n")))
				require.NoError(t, err)
				edit(&c)
				line = append(c.append(nil, before, nil), '\n')
				before = c.link
			}
			out = append(out, line...)
		}
		f[name] = out
	}
	return f
}
