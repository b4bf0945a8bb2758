package logindex_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/lineage"
)

// disk is a log on disk, with small segments.
type disk struct {
	dir  string
	log  *ledger.Log
	days int
	rnd  *mathrand.Rand
	run  int
}

const records = 12

func newDisk(tb testing.TB, seed uint64) *disk {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "flexor/test/audit-log")
	require.NoError(tb, err)
	s, err := ledger.NewSigner(skey, vkey)
	require.NoError(tb, err)
	d := &disk{dir: filepath.Join(tb.TempDir(), "audit-log"), rnd: mathrand.New(mathrand.NewPCG(seed, 9))}
	o := &ledger.Options{Signer: s, MaxSegment: 8 << 10, NoPadding: true, Now: func() time.Time {
		return time.Date(2026, 4, 30+d.days, 12, 0, 0, 0, time.UTC)
	}}
	require.NoError(tb, ledger.Create(d.dir, o))
	d.log, _, err = ledger.Open(context.Background(), d.dir, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, d.log.Close()) })
	return d
}

// write records some runs, two of which are interleaved.
func (d *disk) write(tb testing.TB, runs int) {
	tb.Helper()
	line := func(format string, args ...any) { d.append(tb, fmt.Appendf(nil, format, args...)) }
	for range runs {
		a, b := fmt.Sprintf("run-%04d", d.run), fmt.Sprintf("run-%04d", d.run+1)
		d.run++
		line(`{"kind":"start","run_id":%q,"at":"2026-04-30T14:00:00Z","agent_name":"agent","agent_version":"1"}`, b)
		for range 1 + d.rnd.IntN(4) {
			run := a
			if d.rnd.IntN(3) == 0 && d.run > 1 {
				run = b
			}
			x := audit.Access{RunID: run, Op: audit.OpRead, Record: d.record(), At: time.Date(2026, 4, 30, 14, 0, d.run, 0, time.UTC), Source: "db", Skill: "copy"}
			if d.rnd.IntN(3) == 0 {
				x.Op = audit.OpWrite
				if d.rnd.IntN(2) == 0 {
					x.From = []string{d.record()}
				}
			}
			if d.rnd.IntN(5) == 0 {
				x.Version = fmt.Sprint(d.rnd.IntN(5))
			}
			raw, err := json.Marshal(struct {
				Kind audit.Kind `json:"kind"`
				audit.Access
			}{audit.KindAccess, x})
			require.NoError(tb, err)
			d.append(tb, raw)
		}
		line(`{"kind":"run","run_id":%q,"agent_name":"agent","ended_at":"2026-04-30T15:00:00Z","status":"success","ended_by":"return"}`, a)
	}
}

func (d *disk) append(tb testing.TB, raw []byte) {
	tb.Helper()
	_, err := d.log.AppendSync(raw)
	require.NoError(tb, err)
}

func (d *disk) record() string {
	return fmt.Sprintf("db://x/%d/%d", d.rnd.IntN(3), d.rnd.IntN(records/3))
}

// reader reads the log, with an index or without.
type reader struct {
	*ledger.Reader
	index *logindex.Index
}

func (r *reader) Records(ctx context.Context, from uint64) iter.Seq2[ledger.Record, error] {
	return r.Reader.Records(ctx, from, false)
}

func (r *reader) Accesses(ctx context.Context) (*logindex.Snapshot, error) {
	if r.index == nil {
		return nil, nil
	}
	return r.index.Snapshot(ctx)
}

// open opens the log for reading, as a new process would.
func (d *disk) open(tb testing.TB) *reader {
	tb.Helper()
	r, err := ledger.OpenReader(durable.Disk{}, d.dir)
	require.NoError(tb, err)
	x := logindex.New(durable.Disk{}, d.dir, r)
	x.Small(16, math.MaxInt, 16<<10)
	return &reader{r, x}
}

// answers are the answers to queries for all records, in all directions.
func answers(tb testing.TB, log lineage.Log) string {
	tb.Helper()
	var b strings.Builder
	for _, record := range append([]string{"db://x/", "db://x/1/"}, all()...) {
		res, err := lineage.Trace(tb.Context(), log, lineage.Query{Record: record, Direction: lineage.Both})
		require.NoError(tb, err)
		require.NoError(tb, json.NewEncoder(&b).Encode(res))
	}
	return b.String()
}

func all() (out []string) {
	for i := range records {
		out = append(out, fmt.Sprintf("db://x/%d/%d", i%3, i/3))
	}
	return out
}

// same checks that the answers with an index are those without.
func (d *disk) same(tb testing.TB, r *reader) {
	tb.Helper()
	require.Equal(tb, answers(tb, &reader{r.Reader, nil}), answers(tb, r))
}

// files returns the index files.
func (d *disk) files(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(d.dir, "segments", "*", "*.idx"))
	require.NoError(tb, err)
	return names
}

// With an index and without, in a process that starts and in one that goes on while the log
// grows, over several segments and days.
func TestIndex(t *testing.T) {
	d := newDisk(t, 1)
	warm := d.open(t)
	d.same(t, warm)
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	for round := range rounds {
		d.write(t, 1+d.rnd.IntN(30))
		if round%4 == 2 {
			d.days++
		}
		d.same(t, warm)
		d.same(t, d.open(t))
	}
	s, err := warm.Accesses(t.Context())
	require.NoError(t, err)
	files, _ := s.Files()
	assert.Greater(t, files, 4)
	again, err := warm.Accesses(t.Context())
	require.NoError(t, err)
	assert.Same(t, s, again, "nothing was written")
	assert.GreaterOrEqual(t, len(d.files(t)), files)

	// What was written is used: a new process makes nothing.
	before := d.state(t)
	d.same(t, d.open(t))
	assert.Equal(t, before, d.state(t))

	report, err := warm.Verify(t.Context(), nil, nil)
	require.NoError(t, err)
	assert.Empty(t, report.Notes)
}

// state returns the content of the index files.
func (d *disk) state(tb testing.TB) map[string]string {
	out := map[string]string{}
	for _, name := range d.files(tb) {
		data, err := os.ReadFile(name)
		require.NoError(tb, err)
		info, err := os.Stat(name)
		require.NoError(tb, err)
		out[name] = info.ModTime().String() + string(data)
	}
	return out
}

// Whatever is done to an index file, the answers stay the same, and in the end the file is
// again what it was.
func TestDamagedIndex(t *testing.T) {
	d := newDisk(t, 2)
	d.write(t, 40)
	want := answers(t, d.open(t))
	require.Equal(t, answers(t, &reader{d.open(t).Reader, nil}), want)
	files := d.files(t)
	require.GreaterOrEqual(t, len(files), 2)
	name := files[0]
	right, err := os.ReadFile(name)
	require.NoError(t, err)
	foreign, err := os.ReadFile(files[1])
	require.NoError(t, err)
	attempt := func(what string, damaged []byte) {
		t.Helper()
		require.NoError(t, os.WriteFile(name, damaged, 0o644))
		r := d.open(t)
		res, err := lineage.Trace(t.Context(), r, lineage.Query{Record: "db://x/", Direction: lineage.Both})
		require.NoError(t, err, what)
		var got bytes.Buffer
		require.NoError(t, json.NewEncoder(&got).Encode(res))
		require.Equal(t, want[:strings.IndexByte(want, '\n')+1], got.String(), what)
		now, err := os.ReadFile(name)
		require.NoError(t, err, what)
		require.Equal(t, right, now, what)
	}
	step := 1
	if testing.Short() {
		step = 149
	}
	for i := 0; i < len(right); i += step {
		damaged := bytes.Clone(right)
		damaged[i] ^= 1 << (i % 8)
		attempt(fmt.Sprintf("byte %d", i), damaged)
	}
	for _, n := range []int{0, 1, 15, 16, 100, len(right) / 2, len(right) - 1} {
		attempt(fmt.Sprintf("cut to %d", n), right[:n])
	}
	attempt("longer", append(bytes.Clone(right), 0))
	attempt("another segment's", foreign)
	attempt("zeros", make([]byte, len(right)))
	require.NoError(t, os.Remove(name))
	assert.Equal(t, want, answers(t, d.open(t)), "missing")
}

// A file that is damaged, or replaced, under a process that has read some of it.
func TestDamagedLater(t *testing.T) {
	d := newDisk(t, 3)
	d.write(t, 60)
	r := d.open(t)
	want := answers(t, r)
	for _, name := range d.files(t) {
		r.index.Small(16, math.MaxInt, 0) // keeps no page
		_, err := r.Accesses(t.Context())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, []byte("torn"), 0o644))
		require.Equal(t, want, answers(t, r))
		require.NoError(t, os.Remove(name))
		require.Equal(t, want, answers(t, r))
	}
}

// An index of another log with as many records is not believed.
func TestForeignIndex(t *testing.T) {
	a, b := newDisk(t, 4), newDisk(t, 5)
	a.write(t, 60)
	b.write(t, 80)
	want := answers(t, a.open(t))
	answers(t, b.open(t))
	for i, name := range a.files(t) {
		other, err := os.ReadFile(b.files(t)[i])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, other, 0o644))
	}
	assert.Equal(t, want, answers(t, a.open(t)))
}

// Where nothing can be written the indexes are in memory, and where they would be too much
// for that the log is read.
func TestReadOnly(t *testing.T) {
	d := newDisk(t, 7)
	d.write(t, 60)
	r := d.open(t)
	r.index = logindex.New(readOnly{durable.Disk{}}, d.dir, r.Reader)
	d.same(t, r)
	s, err := r.Accesses(t.Context())
	require.NoError(t, err)
	files, memory := s.Files()
	assert.Zero(t, files)
	assert.Greater(t, memory, 1)
	assert.Empty(t, d.files(t))

	r.index = logindex.New(readOnly{durable.Disk{}}, d.dir, r.Reader)
	r.index.Small(16, 1000, 1000)
	s, err = r.Accesses(t.Context())
	require.NoError(t, err)
	assert.Nil(t, s)
	d.same(t, r)
}

// readOnly is a disk on which no file can be made.
type readOnly struct{ durable.Disk }

func (d readOnly) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_CREATE != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.Disk.OpenFile(name, flag, perm)
}

// A purge takes the indexes with it, and answers say what is gone.
func TestPurged(t *testing.T) {
	d := newDisk(t, 8)
	d.write(t, 40)
	d.days++
	d.write(t, 20)
	warm := d.open(t)
	d.same(t, warm)
	before := len(d.files(t))
	p, err := d.log.Purge(func(day time.Time) bool { return day.Day() == 30 }, math.MaxUint64, false)
	require.NoError(t, err)
	require.Empty(t, p.Left)
	require.NotZero(t, p.To)
	assert.Len(t, d.files(t), before-p.Segments)
	for _, r := range []*reader{warm, d.open(t)} {
		d.same(t, r)
		s, err := r.Accesses(t.Context())
		require.NoError(t, err)
		assert.Equal(t, p.To, s.First)
	}
}

// Damage of the log, and lines that are no records, are errors, not shorter answers.
func TestDamagedLog(t *testing.T) {
	d := newDisk(t, 10)
	d.write(t, 40)
	segments, err := d.open(t).Segments()
	require.NoError(t, err)
	name := filepath.Join(d.dir, filepath.FromSlash(segments[0].Name))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, bytes.Replace(data, []byte("db://x/0"), []byte("db://x/2"), 1), 0o644))
	_, err = d.open(t).Accesses(t.Context())
	require.ErrorIs(t, err, ledger.ErrCorrupt)
	require.NoError(t, os.WriteFile(name, data, 0o644))

	require.NoError(t, os.Remove(name))
	_, err = d.open(t).Accesses(t.Context())
	require.ErrorIs(t, err, ledger.ErrCorrupt)
	require.NoError(t, os.WriteFile(name, data, 0o644))

	d.append(t, []byte(`{"kind":"access","op":7}`))
	_, err = lineage.Trace(t.Context(), d.open(t), lineage.Query{Record: "db://x/"})
	require.ErrorIs(t, err, lineage.ErrForeign)
	assert.ErrorContains(t, err, "record ")
}

// Many ask at once while the log grows and files are damaged.
func TestConcurrent(t *testing.T) {
	d := newDisk(t, 11)
	d.write(t, 20)
	r := d.open(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, err := lineage.Trace(t.Context(), r, lineage.Query{Record: all()[(i+n)%records], Direction: lineage.Both})
				assert.NoError(t, err)
			}
		})
	}
	for i := range 10 {
		d.write(t, 10)
		if files := d.files(t); len(files) > 0 {
			assert.NoError(t, os.Remove(files[i%len(files)]))
		}
	}
	stop()
	wg.Wait()
	d.same(t, r)
}

// A write of an index that fails leaves nothing behind, and costs no answer.
func TestFailedWrite(t *testing.T) {
	d := newDisk(t, 12)
	d.write(t, 40)
	for name, disk := range map[string]durable.FS{"half of it": tornDisk{durable.Disk{}}, "no rename": nameless{durable.Disk{}}} {
		r := d.open(t)
		r.index = logindex.New(disk, d.dir, r.Reader)
		d.same(t, r)
		assert.Empty(t, d.files(t), name)
	}
	d.same(t, d.open(t))
	assert.NotEmpty(t, d.files(t))
}

// tornDisk is a disk that is full when half of a file is written.
type tornDisk struct{ durable.Disk }

func (d tornDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	if err == nil && flag&os.O_CREATE != 0 {
		f = tornFile{f}
	}
	return f, err
}

type tornFile struct{ durable.File }

func (f tornFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p[:len(p)/2], off)
	return n, errors.Join(err, syscall.ENOSPC)
}

// nameless is a disk on which nothing can be renamed.
type nameless struct{ durable.Disk }

func (nameless) Rename(from, to string) error {
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrPermission}
}
