package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// unclosed is a log of n records whose writer is still there, in one segment without
// padding, and a copy of its directory.
func unclosed(t *testing.T, n int) (l *Log, o *Options, dir, copied string) {
	t.Helper()
	o = testOptions(t)
	o.NoPadding = true
	l, dir = newLog(t, o)
	appendSync(t, l, 0, n)
	copied = filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.Mkdir(copied, 0o755))
	snapshot(t, dir).put(t, copied)
	return l, o, dir, copied
}

// onlySegment returns the path of the segment of a log that has one.
func onlySegment(t *testing.T, dir string) string {
	t.Helper()
	segs, _, err := listSegments(durable.Disk{}, dir)
	require.NoError(t, err)
	require.Len(t, segs, 1)
	return segs[0].path(dir)
}

// forgeCommit returns the commit that somebody can append to a segment who has no key:
// everything is right, but for the mac and, if there is one, the signature.
func forgeCommit(t *testing.T, data []byte, v note.Verifier, sign note.Signer, records ...[]byte) []byte {
	t.Helper()
	c := newCursor(authority{Verifier: v})
	end, err := c.walk(data, 0, nil)
	require.NoError(t, err)
	require.Equal(t, len(data), end)
	var s salted
	s.add(records)
	front := c.front.clone()
	for _, leaf := range s.leaves {
		front.append(leaf, nil)
	}
	line := commitLine{size: front.size, root: front.root(), durable: c.front.size}
	_, _ = rand.Read(line.mac[:])
	if sign != nil {
		line.signed, err = signCheckpoint(v.Name(), line.size, line.root, sign)
		require.NoError(t, err)
	}
	return append(line.append(s.lines, c.link, nil), '\n')
}

// appendTo appends bytes to a file, as anybody can who may write it.
func appendTo(t *testing.T, name string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.Write(data)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// Who can write the files, and has no key, adds nothing that anybody believes.
func TestForgedCommit(t *testing.T) {
	l, o, dir, copied := unclosed(t, 3)
	path := onlySegment(t, copied)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	forged := forgeCommit(t, data, l.trust.Verifier, nil, record(3), record(4))
	appendTo(t, path, forged)

	// Readers without the key say that nobody vouches for it.
	r := openReader(t, copied)
	rep, err := r.Verify(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, uint64(2), rep.Unsigned)
	require.Equal(t, uint64(3), rep.Head.Size)
	require.Len(t, rep.Notes, 1)
	require.Contains(t, rep.Notes[0], "the last 2 records are not signed yet")
	require.Len(t, read(t, copied, false), 3)
	require.Len(t, next(t, tail(t, copied, 0, (&frontier{}).root())), 3)
	head, err := r.Head()
	require.NoError(t, err)
	require.Equal(t, rep.Head, head)

	// With it, that it is forged.
	keyed, err := r.WithKey(o.Signer)
	require.NoError(t, err)
	shown := 0
	for _, err = range keyed.Records(context.Background(), 0, false) {
		if err == nil {
			shown++
		}
	}
	require.ErrorIs(t, err, ErrCorrupt)
	require.LessOrEqual(t, shown, 3)
	_, _, err = Open(context.Background(), copied, o)
	var ce *CorruptionError
	require.ErrorAs(t, err, &ce)
	require.Contains(t, ce.Reason, "not written by a holder of the log's key")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, append(data, forged...), after, "nothing was cut off")

	// So does a writer that has the log open.
	live := onlySegment(t, dir)
	before, err := os.ReadFile(live)
	require.NoError(t, err)
	appendTo(t, live, forgeCommit(t, before, l.trust.Verifier, nil, record(3)))
	_, err = l.Append(record(4))
	require.ErrorIs(t, err, ErrCorrupt)
	require.NoError(t, os.Truncate(live, int64(len(before))))
}

// It is the mac that tells: without its check the forged commit of TestForgedCommit is
// taken for a right one.
func TestMutantSkipsTheMAC(t *testing.T) {
	l, _, _, copied := unclosed(t, 3)
	data, err := os.ReadFile(onlySegment(t, copied))
	require.NoError(t, err)
	data = append(data, forgeCommit(t, data, l.trust.Verifier, nil, record(3))...)
	c := newCursor(l.trust)
	_, err = c.walk(data, 0, nil)
	require.NoError(t, err)
	require.Error(t, c.authenticate())

	mutant := newCursor(l.trust.signatures())
	_, err = mutant.walk(data, 0, nil)
	require.NoError(t, err)
	require.NoError(t, mutant.authenticate())
	require.Equal(t, uint64(4), mutant.last.Size)
}

// A commit with the signature of a stranger is no unsigned one: it is forged.
func TestForgedSignature(t *testing.T) {
	l, _, _, copied := unclosed(t, 3)
	path := onlySegment(t, copied)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	appendTo(t, path, forgeCommit(t, data, l.trust.Verifier, testOptions(t).Signer, record(3)))
	_, err = openReader(t, copied).Verify(context.Background(), nil, nil)
	var ce *CorruptionError
	require.ErrorAs(t, err, &ce)
	require.Contains(t, ce.Reason, "not signed by the log's key")
}

// Records behind the newest signature that a power cut left are vouched for by their
// macs: whoever has the key takes them, and signs them at once.
func TestUnsignedTail(t *testing.T) {
	o := testOptions(t)
	mem := newMemFS("vault")
	o.FS, o.NoPadding, o.Window = mem, true, math.MaxInt64
	require.NoError(t, Create(memDir, o))
	l := openLog(t, memDir, o)
	appendSync(t, l, 0, 2)
	for i := 2; i < 5; i++ {
		_, err := l.Append(record(i))
		require.NoError(t, err)
	}
	cut := mem.crash(512, everything)
	require.NoError(t, l.Close())

	r, err := OpenReader(cut, memDir)
	require.NoError(t, err)
	report := func() Report {
		rep, err := r.Verify(context.Background(), nil, nil)
		require.NoError(t, err)
		return rep
	}
	rep := report()
	require.Equal(t, uint64(3), rep.Unsigned)
	require.Equal(t, uint64(2), rep.Head.Size)

	o.FS = cut
	l, rec, err := Open(context.Background(), memDir, o)
	require.NoError(t, err)
	require.Zero(t, rec, "nothing was cut off")
	require.Equal(t, uint64(5), l.Durable().Size)
	rep = report()
	require.Zero(t, rep.Unsigned)
	require.Equal(t, l.Durable(), rep.Head)
	require.NoError(t, l.Close())
}

// Whoever holds the key reads what is not signed yet, once it is on disk.
func TestReadWithTheKey(t *testing.T) {
	o := testOptions(t)
	o.Window = math.MaxInt64
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 1)
	_, err := l.Append(record(1))
	require.NoError(t, err)
	require.Len(t, read(t, dir, false), 1)
	syncs := 0
	r := openReader(t, dir)
	r.fs = countsSyncs{r.fs, &syncs}
	r, err = r.WithKey(o.Signer)
	require.NoError(t, err)
	n := 0
	for _, err := range r.Records(context.Background(), 0, false) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
	require.Equal(t, 1, syncs, "what is shown stays")
	head, err := r.Head()
	require.NoError(t, err)
	require.Equal(t, uint64(2), head.Size)
	_, err = ParseCheckpoint(head.Note, l.trust)
	require.NoError(t, err)

	_, err = r.WithKey(testOptions(t).Signer)
	require.ErrorContains(t, err, "belongs to")
}

// A reader waits for a signature that is about to come, if there is somebody who can
// give it.
func TestReaderWaitsForTheSignature(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	p, err := Enter(context.Background(), durable.Disk{}, dir, "wrt_test", 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Leave(durable.Disk{})) }()
	_, err = l.Append(record(0))
	require.NoError(t, err)
	require.Len(t, read(t, dir, false), 1, "signed within the window")
}

// unpublished is a file system on which the checkpoint file is never written.
type unpublished struct{ durable.FS }

func (u unpublished) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	if err != nil || !strings.HasPrefix(filepath.Base(name), checkpointName) {
		return f, err
	}
	return unwritten{f}, nil
}

type unwritten struct{ durable.File }

func (unwritten) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// Every scenario checks that what is acknowledged is signed in the checkpoint file by
// then; it would notice if it were not.
func TestMutantAcknowledgesBeforeTheSignature(t *testing.T) {
	o := *testOptions(t)
	h := newHistory()
	scenario(newMemFS("vault"), o, h)
	require.NoError(t, h.wrong)
	h = newHistory()
	scenario(unpublished{newMemFS("vault")}, o, h)
	require.ErrorContains(t, h.wrong, "no signature")
}

// moody signs no text twice in the same way.
type moody struct{ Signer }

func (m moody) Sign(msg []byte) ([]byte, error) {
	sig, err := m.Signer.Sign(msg)
	_, _ = rand.Read(sig)
	return sig, err
}

func TestSignerMustBeDeterministic(t *testing.T) {
	o := testOptions(t)
	dir := t.TempDir()
	require.NoError(t, Create(dir, o))
	o.Signer = moody{o.Signer}
	_, _, err := Open(context.Background(), dir, o)
	require.ErrorContains(t, err, "must be deterministic")
}

// No log holds commits of two formats.
func TestFormatsDoNotMix(t *testing.T) {
	inEachFormat(t, func(t *testing.T, l *tampered) {
		info := l.whole[infoFile]
		other := bytes.Replace(info, []byte(Format), []byte(formatV1), 1)
		if bytes.Equal(other, info) {
			other = bytes.Replace(info, []byte(formatV1), []byte(Format), 1)
		}
		l.whole.with(infoFile, other).put(t, l.dir)
		defer l.whole.put(t, l.dir)
		_, err := l.verify()
		require.ErrorIs(t, err, ErrCorrupt)
		_, _, err = Open(context.Background(), l.dir, l.o)
		require.ErrorIs(t, err, ErrCorrupt)
	})
}

// A log of the older format goes on in it.
func TestOlderFormat(t *testing.T) {
	o := testOptions(t)
	l, dir := newLogV1(t, o)
	appendSync(t, l, 0, 3)
	other := openLog(t, dir, o)
	appendSync(t, other, 3, 2)
	require.NoError(t, other.Close())
	require.NoError(t, l.Close())
	data, err := os.ReadFile(onlySegment(t, dir))
	require.NoError(t, err)
	require.Equal(t, 5, bytes.Count(data, []byte("\n"+commitPrefix+`"`)), "a signature in every commit line")
	require.NotContains(t, string(data), macField)
	rep := verify(t, dir)
	require.Equal(t, uint64(5), rep.Head.Size)
	require.Zero(t, rep.Unsigned)
}

// A decision can read all that it is told of, also what another process wrote and has
// yet to sync and to sign.
func TestDecisionsSeeSignedRecordsOnly(t *testing.T) {
	o := testOptions(t)
	o.Window = math.MaxInt64
	l, dir := newLog(t, o)
	other := openLog(t, dir, o)
	_, err := other.Append(record(0), record(1))
	require.NoError(t, err)
	require.Empty(t, read(t, dir, false))
	_, err = l.AppendIf(context.Background(), func(size uint64) ([][]byte, error) {
		require.Equal(t, uint64(2), size)
		require.Len(t, read(t, dir, false), 2)
		require.Len(t, next(t, tail(t, dir, 0, (&frontier{}).root())), 2)
		return [][]byte{record(2)}, nil
	})
	require.NoError(t, err)
	require.NoError(t, other.Close())
}

// What stands before damage in the same segment is shown as far as something vouches
// for it: the tree file, which leads from there to a signature, or the last signature
// before.
func TestRecordsBeforeDamage(t *testing.T) {
	_, _, _, dir := unclosed(t, 6)
	path := onlySegment(t, dir)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(data, []byte(`"n":4`), []byte(`"n":5`), 1), 0o644))
	before := func() (n int) {
		for _, err := range openReader(t, dir).Records(context.Background(), 0, false) {
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				return n
			}
			n++
		}
		t.Fatal("no error")
		return n
	}
	follow := func(most int) (n int) {
		f := &follower{r: openReader(t, dir), most: most}
		defer f.close()
		for {
			recs, _, err := f.read(0)
			n += len(recs)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				return n
			}
		}
	}
	require.Equal(t, 4, before())
	for _, most := range []int{0, 1, 700} {
		require.Equal(t, 4, follow(most))
	}
	require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
	require.Equal(t, 3, before(), "the commit of record 3 states the signature of what is before it")
	for _, most := range []int{0, 1, 700} {
		require.Equal(t, 3, follow(most))
	}
}

// A checkpoint in a commit line must be of the records before it: one that is not, and
// is signed, is of another history.
func TestCheckpointOfAnotherHistoryInALine(t *testing.T) {
	_, o, _, copied := unclosed(t, 3)
	path := onlySegment(t, copied)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	other, err := signCheckpoint(testOrigin, 2, (&frontier{}).root(), o.Signer)
	require.NoError(t, err)
	data = relink(t, files{path: data}, func(c *commitLine) {
		if c.signed.Size == 2 {
			c.signed = other
		}
	})[path]
	require.NoError(t, os.WriteFile(path, data, 0o644))
	_, err = openReader(t, copied).Verify(context.Background(), nil, nil)
	var ce *CorruptionError
	require.ErrorAs(t, err, &ce)
	require.Contains(t, ce.Reason, "the checkpoint of 2 records in the commit line")
}
