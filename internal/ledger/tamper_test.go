package ledger

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// files are the files of a ledger: content by path below its directory.
type files map[string][]byte

// snapshot reads all files of a directory.
func snapshot(t testing.TB, dir string) files {
	t.Helper()
	out := files{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	}))
	return out
}

// put replaces what is in dir by f.
func (f files) put(t testing.TB, dir string) {
	t.Helper()
	for name := range snapshot(t, dir) {
		if f[name] == nil {
			require.NoError(t, os.Remove(filepath.Join(dir, name)))
		}
	}
	for name, data := range f {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
}

// with returns a copy in which name holds data; nil: it is removed.
func (f files) with(name string, data []byte) files {
	out := maps.Clone(f)
	if out[name] = data; data == nil {
		delete(out, name)
	}
	return out
}

// segments returns the names of the segments in order.
func (f files) segments() []string {
	var out []string
	for name := range f {
		if strings.HasSuffix(name, segmentExt) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// tampered is a closed ledger of several segments on which each case works.
type tampered struct {
	dir   string
	o     *Options
	whole files
	recs  []string // its records
	last  string   // its last segment
	end   int      // offset in that behind the last record's commit: a line follows that only signs
}

const tamperedRecords = 6

func newTampered(t testing.TB, o *Options) *tampered { return newTamperedBy(t, o, newLog) }

func newTamperedBy(t testing.TB, o *Options, make func(testing.TB, *Options) (*Log, string)) *tampered {
	t.Helper()
	o.MaxSegment = 3 << 9
	o.NoPadding = true // every byte is one of a commit
	o.FS = unsynced{durable.Disk{}}
	log, dir := make(t, o)
	appendSync(t, log, 0, tamperedRecords)
	require.NoError(t, log.Close())
	require.GreaterOrEqual(t, verify(t, dir).Segments, 3)
	l := &tampered{dir: dir, o: o, whole: snapshot(t, dir), recs: read(t, dir, false)}
	names := l.whole.segments()
	l.last = names[len(names)-1]
	l.end = len(l.whole[l.last])
	if !log.trust.v1 {
		l.end -= len(lastLine(l.whole[l.last]))
	}
	return l
}

// inEachFormat runs a test on a ledger of each format.
func inEachFormat(t *testing.T, test func(t *testing.T, l *tampered)) {
	t.Run("v1", func(t *testing.T) { test(t, newTamperedBy(t, testOptions(t), newLogV1)) })
	t.Run("v2", func(t *testing.T) { test(t, newTampered(t, testOptions(t))) })
}

// unsynced is a file system that leaves syncing to the kernel, for tests in
// which no machine dies.
type unsynced struct{ durable.FS }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	return unsyncedFile{f}, err
}

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return nil }

// detected checks that f, which is not the whole ledger, is told apart from it
// by everyone who looks; see verified for the rest.
func (l *tampered) detected(t testing.TB, f files, file string, change int64, what string) {
	t.Helper()
	l.verified(t, f, file, change, what)
	f.put(t, l.dir)
	defer l.whole.put(t, l.dir)

	l.neverShorter(t, false, what)
	l.neverShorter(t, true, what)

	// Who opens it for appending need not read all of it, but must not make the
	// damage its own.
	log, rec, err := Open(context.Background(), l.dir, l.o)
	if err == nil {
		require.NoError(t, log.Close())
	}
	require.Zero(t, rec, "%s: repaired", what)
	after := snapshot(t, l.dir)
	for name, data := range f {
		if name != treeName && name != checkpointName && !bytes.Equal(after[name], data) {
			require.Fail(t, "opening changed "+name, what)
		}
	}
	_, err = l.verify()
	require.ErrorIs(t, err, ErrCorrupt, "%s: opening hid it", what)
}

// verified checks that Verify tells f from the whole ledger and names file as
// the place, at an offset that is not behind change.
func (l *tampered) verified(t testing.TB, f files, file string, change int64, what string) {
	t.Helper()
	f.put(t, l.dir)
	defer l.whole.put(t, l.dir)

	_, err := l.verify()
	var ce *CorruptionError
	require.ErrorAs(t, err, &ce, what)
	if file != "" {
		require.Equal(t, file, ce.File, "%s: %v", what, err)
		require.LessOrEqual(t, ce.Offset, change, "%s: %v", what, err)
	}
}

func (l *tampered) verify() (Report, error) {
	r, err := OpenReader(nil, l.dir)
	if err != nil {
		return Report{}, err
	}
	return r.Verify(context.Background(), nil, nil)
}

// neverShorter checks that reading gives all records, or an error.
func (l *tampered) neverShorter(t testing.TB, newestFirst bool, what string) {
	t.Helper()
	r, err := OpenReader(nil, l.dir)
	if err != nil {
		return
	}
	want := slices.Clone(l.recs)
	if newestFirst {
		slices.Reverse(want)
	}
	got := []string{}
	for rec, err := range r.Records(context.Background(), 0, newestFirst) {
		if err != nil {
			require.Equal(t, want[:len(got)], got, "%s: before the error", what)
			return
		}
		got = append(got, unsalted(rec.Line))
	}
	require.Equal(t, want, got, "%s: no error", what)
}

// TestEveryByteCounts flips every byte of every segment and of log.json. Readers
// and writers, which cost more, meet every eighth.
func TestEveryByteCounts(t *testing.T) { inEachFormat(t, testEveryByteCounts) }

func testEveryByteCounts(t *testing.T, l *tampered) {
	step := sparse(23)
	for _, name := range append(l.whole.segments(), infoFile) {
		data := l.whole[name]
		end := len(data)
		if name == l.last {
			end = l.end
		}
		for i := 0; i < end; i += step {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << (i % 8)
			change := int64(i)
			if name == infoFile {
				change = 0
			}
			check := l.verified
			if i%8 == 0 {
				check = l.detected
			}
			check(t, l.whole.with(name, bad), name, change, fmt.Sprintf("%s: byte %d", name, i))
		}
	}
}

// TestEveryLengthCounts truncates the last segment to every length; readers and
// writers meet every fourth, and that without a commit line.
func TestEveryLengthCounts(t *testing.T) { inEachFormat(t, testEveryLengthCounts) }

func testEveryLengthCounts(t *testing.T, l *tampered) {
	for n := range l.end {
		check := l.verified
		if n%4 == 0 || n > 0 && l.whole[l.last][n-1] == '\n' {
			check = l.detected
		}
		check(t, l.whole.with(l.last, l.whole[l.last][:n:n]), l.last, int64(n), fmt.Sprintf("cut to %d bytes", n))
	}
}

// TestClosingLine damages the line that a writer leaves when it closes. It signs what
// the checkpoint file signs too, so nothing is lost with it: that is reported, every
// answer stays the same, and the next writer puts it back.
func TestClosingLine(t *testing.T) {
	l := newTampered(t, testOptions(t))
	before := l.whole[l.last][:l.end:l.end]
	line := l.whole[l.last][l.end:]
	r := openReader(t, l.dir)
	head, err := r.Head()
	require.NoError(t, err)
	check := func(instead []byte, what string) {
		l.whole.with(l.last, append(before, instead...)).put(t, l.dir)
		rep, err := l.verify()
		require.NoError(t, err, what)
		require.Equal(t, head, rep.Head, what)
		require.Equal(t, int64(len(instead)), rep.Unfinished, what)
		require.Equal(t, l.recs, read(t, l.dir, false), what)
		log, rec, err := Open(context.Background(), l.dir, l.o)
		require.NoError(t, err, what)
		require.Equal(t, int64(len(instead)), rec.Cut, what)
		require.NoError(t, log.Close())
		require.Equal(t, string(l.whole[l.last]), string(snapshot(t, l.dir)[l.last]), "%s: not put back", what)
	}
	step := sparse(7)
	for i := 0; i < len(line); i += step {
		bad := bytes.Clone(line)
		bad[i] ^= 1 << (i % 8)
		check(bad, fmt.Sprintf("byte %d", i))
	}
	for n := 0; n < len(line); n += 3 * step {
		check(line[:n], fmt.Sprintf("cut to %d bytes", n))
	}

	// With the checkpoint file gone as well, the line is what signs the end.
	l.whole.with(checkpointName, nil).put(t, l.dir)
	rep, err := l.verify()
	require.NoError(t, err)
	require.Equal(t, head, rep.Head)
}

// TestEveryLineHasItsPlace swaps and repeats lines.
func TestEveryLineHasItsPlace(t *testing.T) { inEachFormat(t, testEveryLineHasItsPlace) }

func testEveryLineHasItsPlace(t *testing.T, l *tampered) {
	type place struct {
		file string
		line int
	}
	var places []place
	lines := map[string][][]byte{}
	closing := map[string][]byte{l.last: l.whole[l.last][l.end:]} // see TestClosingLine
	for _, name := range l.whole.segments() {
		lines[name] = bytes.SplitAfter(bytes.TrimSuffix(l.whole[name], closing[name]), []byte("\n"))
		lines[name] = lines[name][:len(lines[name])-1] // nothing follows the last newline
		for i := range lines[name] {
			places = append(places, place{name, i})
		}
	}
	changed := func(p place, text ...[]byte) []byte {
		edited := slices.Clone(lines[p.file])
		edited[p.line] = bytes.Join(text, nil)
		return append(bytes.Join(edited, nil), closing[p.file]...)
	}
	at := func(p place) []byte { return lines[p.file][p.line] }
	for i, p := range places {
		twice := fmt.Sprintf("line %d of %s twice", p.line, p.file)
		l.detected(t, l.whole.with(p.file, changed(p, at(p), at(p))), "", 0, twice)
		l.detected(t, l.whole.with(p.file, changed(p)), "", 0, fmt.Sprintf("without line %d of %s", p.line, p.file))
		for _, q := range places[i+1:] {
			f := l.whole.with(p.file, changed(p, at(q)))
			if p.file != q.file {
				f = f.with(q.file, changed(q, at(p)))
			} else {
				edited := slices.Clone(lines[p.file])
				edited[p.line], edited[q.line] = edited[q.line], edited[p.line]
				f = f.with(p.file, append(bytes.Join(edited, nil), closing[p.file]...))
			}
			l.detected(t, f, "", 0, fmt.Sprintf("line %d of %s and line %d of %s swapped", p.line, p.file, q.line, q.file))
		}
	}
}

// TestEverySegmentCounts removes, renames and replaces segments.
func TestEverySegmentCounts(t *testing.T) {
	l := newTampered(t, testOptions(t))
	other := newTampered(t, testOptions(t)) // same origin, other key
	detected := func(f files, what string) {
		t.Helper()
		l.detected(t, f, "", 0, what)
		f.put(t, l.dir)
		defer l.whole.put(t, l.dir)
		_, _, err := Open(context.Background(), l.dir, l.o)
		require.Error(t, err, "%s: opened for appending", what)
	}
	names := l.whole.segments()
	require.Equal(t, names, other.whole.segments())
	for i, name := range names {
		data := l.whole[name]
		detected(l.whole.with(name, nil), name+" removed")
		for _, index := range []uint64{0, 1, 3, 1000} {
			s, err := parseSegment("2026-04-30", filepath.Base(name))
			require.NoError(t, err)
			if renamed := (segment{s.day, index}).name(); l.whole[renamed] == nil {
				detected(l.whole.with(name, nil).with(renamed, data), name+" renamed to "+renamed)
			}
		}
		detected(l.whole.with(name, other.whole[name]), name+" replaced by that of another log")
		detected(l.whole.with(name, []byte{}), name+" emptied")
		copied := strings.Replace(name, "2026-04-30", "2026-05-01", 1)
		detected(l.whole.with(copied, data), name+" twice")
		if i > 0 {
			before := names[i-1]
			detected(l.whole.with(name, l.whole[before]).with(before, data), name+" and "+before+" swapped")
		}
	}
	none := maps.Clone(l.whole)
	for _, name := range names {
		delete(none, name)
	}
	detected(none, "all segments removed")
	f := maps.Clone(other.whole)
	f[infoFile] = l.whole[infoFile]
	detected(f, "all but log.json replaced")
	f = maps.Clone(l.whole)
	f[infoFile] = other.whole[infoFile]
	detected(f, "log.json replaced")
}

// TestResealed writes the same records again with another key.
func TestResealed(t *testing.T) {
	l := newTampered(t, testOptions(t))
	forged := forge(t, l, func(rec []byte) []byte { return rec })
	f := forged.with(infoFile, l.whole[infoFile])
	l.detected(t, f, l.whole.segments()[0], 1<<10, "sealed with another key")
}

// forge returns the ledger that somebody without its key could make of l.
func forge(t testing.TB, l *tampered, edit func([]byte) []byte) files {
	t.Helper()
	o := testOptions(t)
	o.MaxSegment, o.NoPadding = l.o.MaxSegment, true
	dir := t.TempDir()
	rewrite(t, dir, o, l.recs, edit)
	return snapshot(t, dir)
}

// rewrite makes a ledger in dir of edited records.
func rewrite(t testing.TB, dir string, o *Options, recs []string, edit func([]byte) []byte) {
	t.Helper()
	require.NoError(t, Create(dir, o))
	log := openLog(t, dir, o)
	for _, rec := range recs {
		_, err := log.Append(edit([]byte(rec)))
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
}

// TestRelinked changes commit lines and makes all links right again, which
// needs no key: no record can be changed in that way.
func TestRelinked(t *testing.T) { inEachFormat(t, testRelinked) }

func testRelinked(t *testing.T, l *tampered) {
	f := relink(t, l.whole, func(c *commitLine) { c.durable = 0 })
	for _, name := range f.segments() {
		f[name] = bytes.Replace(f[name], []byte(`"n":3`), []byte(`"n":4`), 1)
	}
	l.detected(t, f, "", 0, "a record changed, all links right")
}

// TestDerivedFiles damages what is derived: every answer stays the same, Verify
// says so, and the next writer mends what it needs.
func TestDerivedFiles(t *testing.T) { inEachFormat(t, testDerivedFiles) }

func testDerivedFiles(t *testing.T, l *tampered) {
	r := openReader(t, l.dir)
	head, err := r.Head()
	require.NoError(t, err)
	check := func(f files, name, what string) {
		f.put(t, l.dir)
		rep, err := l.verify()
		require.NoError(t, err, what)
		require.Len(t, rep.Notes, 1, what)
		require.Contains(t, rep.Notes[0], name, what)
		require.Equal(t, l.recs, read(t, l.dir, false), what)
		got, err := r.Head()
		require.NoError(t, err, what)
		require.Equal(t, head, got, what)
		for i := range uint64(tamperedRecords) {
			_, err := r.Receipt(i, head)
			require.NoError(t, err, "%s: receipt %d", what, i)
		}
		if name == treeName {
			return
		}
		require.NoError(t, openLog(t, l.dir, l.o).Close(), what)
		require.Equal(t, l.whole[name], snapshot(t, l.dir)[name], "%s: not mended", what)
	}
	step := sparse(23)
	for _, name := range []string{treeName, checkpointName} {
		for i := 0; i < len(l.whole[name]); i += step {
			bad := bytes.Clone(l.whole[name])
			bad[i] ^= 1 << (i % 8)
			check(l.whole.with(name, bad), name, fmt.Sprintf("%s: byte %d", name, i))
		}
		for n := 0; n < len(l.whole[name]); n += 7 * step {
			check(l.whole.with(name, l.whole[name][:n:n]), name, fmt.Sprintf("%s: cut to %d", name, n))
		}
	}
	// A writer needs the tree's right edge, and makes the whole file anew when
	// that is not there.
	for _, data := range [][]byte{nil, {}, l.whole[treeName][:100], make([]byte, len(l.whole[treeName]))} {
		l.whole.with(treeName, data).put(t, l.dir)
		require.NoError(t, openLog(t, l.dir, l.o).Close())
		require.Equal(t, l.whole[treeName], snapshot(t, l.dir)[treeName])
	}
	l.whole.put(t, l.dir)
}

// TestAnchor checks logs that are right in themselves against a checkpoint that
// was kept elsewhere.
func TestAnchor(t *testing.T) {
	o := testOptions(t)
	l := newTampered(t, o)
	earlier := snapshot(t, l.dir)
	early, err := openReader(t, l.dir).Head()
	require.NoError(t, err)
	log := openLog(t, l.dir, o)
	appendSync(t, log, tamperedRecords, 3)
	require.NoError(t, log.Close())
	late, err := openReader(t, l.dir).Head()
	require.NoError(t, err)

	anchored := func(dir string, anchor []byte) error {
		rep, err := openReader(t, dir).Verify(context.Background(), anchor, nil)
		require.Equal(t, err == nil, rep.Anchored)
		return err
	}
	require.NoError(t, anchored(l.dir, late.Note))
	require.NoError(t, anchored(l.dir, early.Note))

	var ce *CorruptionError
	copied := t.TempDir()
	earlier.put(t, copied)
	require.NoError(t, anchored(copied, early.Note))
	require.ErrorAs(t, anchored(copied, late.Note), &ce, "a rolled-back copy")
	require.Equal(t, uint64(tamperedRecords), ce.Index)

	rewritten := t.TempDir() // by somebody who has the key
	edit := func(rec []byte) []byte { return bytes.Replace(rec, []byte(`"n":3`), []byte(`"n":4`), 1) }
	rewrite(t, rewritten, o, read(t, l.dir, false), edit)
	verify(t, rewritten)
	require.ErrorAs(t, anchored(rewritten, late.Note), &ce, "a rewritten log")
	require.ErrorAs(t, anchored(rewritten, early.Note), &ce, "a rewritten log")

	other := testOptions(t)
	foreign, err := signCheckpoint(testOrigin, 1, late.Root, other.Signer)
	require.NoError(t, err)
	require.ErrorAs(t, anchored(l.dir, foreign.Note), &ce, "an anchor of another log")
	require.ErrorAs(t, anchored(l.dir, bytes.Replace(late.Note, []byte("\n9\n"), []byte("\n8\n"), 1)), &ce, "an altered anchor")
}

// TestCheckpointOfAnotherHistory puts the checkpoint of a log beside one that
// was rewritten with the same key.
func TestCheckpointOfAnotherHistory(t *testing.T) {
	l := newTampered(t, testOptions(t))
	dir := t.TempDir()
	rewrite(t, dir, l.o, append(l.recs, `{"more":1}`), func(rec []byte) []byte { return rec })
	f := snapshot(t, dir)
	f[checkpointName] = l.whole[checkpointName]
	f.put(t, dir)
	_, err := openReader(t, dir).Verify(context.Background(), nil, nil)
	var ce *CorruptionError
	require.ErrorAs(t, err, &ce)
	require.Equal(t, checkpointName, ce.File)
}
