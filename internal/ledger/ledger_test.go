package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// testOrigin is the origin of the ledgers of tests.
const testOrigin = "flexor/test/audit-log"

// testOptions returns options with a new key and a clock that stands still.
func testOptions(t testing.TB) *Options {
	t.Helper()
	o, _ := newOptions(t)
	return o
}

// newOptions is testOptions, with the signing key.
func newOptions(t testing.TB) (o *Options, key string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, testOrigin)
	require.NoError(t, err)
	s, err := NewSigner(skey, vkey)
	require.NoError(t, err)
	return &Options{Signer: s, Now: fixedTime}, skey
}

// newLog creates a ledger in a new directory and opens it. It is verified at
// the end of the test.
func newLog(t testing.TB, o *Options) (*Log, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "audit-log")
	require.NoError(t, Create(dir, o))
	return openVerified(t, dir, o), dir
}

// openVerified opens a ledger that is verified at the end of the test.
func openVerified(t testing.TB, dir string, o *Options) *Log {
	t.Helper()
	l := openLog(t, dir, o)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		if !t.Failed() {
			verify(t, dir)
		}
	})
	return l
}

// createV1 creates a ledger of the older format.
func createV1(t testing.TB, dir string, o *Options) {
	t.Helper()
	opts := o.withDefaults()
	require.NoError(t, durable.MkdirAll(opts.FS, dir, 0o755))
	require.NoError(t, create(opts.FS, dir, Info{formatV1, o.Signer.Name(), o.Signer.VerifierKey()}))
}

// newLogV1 is newLog in the older format.
func newLogV1(t testing.TB, o *Options) (*Log, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "audit-log")
	createV1(t, dir, o)
	return openVerified(t, dir, o), dir
}

func openLog(t testing.TB, dir string, o *Options) *Log {
	t.Helper()
	l, _, err := Open(context.Background(), dir, o)
	require.NoError(t, err)
	return l
}

func openReader(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := OpenReader(durable.Disk{}, dir)
	require.NoError(t, err)
	return r
}

func verify(t testing.TB, dir string) Report {
	t.Helper()
	rep, err := openReader(t, dir).Verify(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, rep.Notes)
	return rep
}

// read returns the records of a ledger without their salts.
func read(t testing.TB, dir string, newestFirst bool) (out []string) {
	t.Helper()
	for rec, err := range openReader(t, dir).Records(context.Background(), 0, newestFirst) {
		require.NoError(t, err)
		out = append(out, unsalted(rec.Line))
	}
	return out
}

func unsalted(line []byte) string {
	s := string(line)
	return s[:strings.LastIndex(s, saltField)-1] + "}"
}

func record(i int) []byte { return fmt.Appendf(nil, `{"n":%d}`, i) }

// appendSync appends records one by one and waits for the disk.
func appendSync(t testing.TB, l *Log, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		index, err := l.Append(record(i))
		require.NoError(t, err)
		require.Equal(t, uint64(i), index)
		require.NoError(t, l.Sync(context.Background(), index+1))
	}
}

func TestAppendAndRead(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 20)
	want := []string{}
	for i := range 20 {
		want = append(want, string(record(i)))
	}
	require.Equal(t, want, read(t, dir, false))
	for i, j := 0, 19; i < j; i, j = i+1, j-1 {
		want[i], want[j] = want[j], want[i]
	}
	require.Equal(t, want, read(t, dir, true))
	require.Equal(t, uint64(20), l.Durable().Size)
}

func TestReopen(t *testing.T) {
	o := testOptions(t)
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 3)
	require.NoError(t, l.Close())
	for round := range 5 {
		l := openLog(t, dir, o)
		appendSync(t, l, 3+round, 1)
		require.NoError(t, l.Close())
	}
	require.Len(t, read(t, dir, false), 8)
}

func TestTwoLogsShareALedger(t *testing.T) {
	o := testOptions(t)
	a, dir := newLog(t, o)
	b := openLog(t, dir, o)
	for i := range 50 {
		l := a
		if i%3 == 0 {
			l = b
		}
		appendSync(t, l, i, 1)
	}
	require.NoError(t, b.Close())
	require.Len(t, read(t, dir, false), 50)
}

func TestRoll(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 4 << 10
	a, dir := newLog(t, o)
	b := openLog(t, dir, o)
	for i := range 100 {
		l := a
		if i%7 < 3 {
			l = b
		}
		appendSync(t, l, i, 1)
	}
	require.NoError(t, b.Close())
	rep := verify(t, dir)
	require.Greater(t, rep.Segments, 5)
	require.Len(t, read(t, dir, true), 100)
	segs, _, err := listSegments(durable.Disk{}, dir)
	require.NoError(t, err)
	for _, s := range segs {
		info, err := os.Stat(s.path(dir))
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(o.MaxSegment)+maxPadding)
	}
}

func TestRollAtMidnight(t *testing.T) {
	o := testOptions(t)
	now := time.Date(2026, 4, 30, 23, 59, 59, 0, time.UTC)
	o.Now = func() time.Time { return now }
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 2)
	now = now.Add(2 * time.Second)
	appendSync(t, l, 2, 2)
	now = now.Add(-time.Hour) // a clock that goes back does not reopen a day
	appendSync(t, l, 4, 1)
	segs, _, err := listSegments(durable.Disk{}, dir)
	require.NoError(t, err)
	require.Equal(t, []segment{{"2026-04-30", 0}, {"2026-05-01", 2}}, segs)
}

func TestRecordsAreChecked(t *testing.T) {
	l, _ := newLog(t, testOptions(t))
	for _, bad := range []string{"", "x", "[]", "{", "{}\n", `{"checkpoint":"x"}`, "{\"a\":\x00}", strings.Repeat(" ", 3)} {
		_, err := l.Append([]byte(bad))
		require.ErrorIs(t, err, ErrInvalidRecord, "%q", bad)
	}
	_, err := l.Append([]byte(`{"a":"` + strings.Repeat("x", MaxLine) + `"}`))
	require.ErrorIs(t, err, ErrInvalidRecord)
	_, err = l.Append([]byte(`{}`))
	require.NoError(t, err)
}

func TestClosed(t *testing.T) {
	l, _ := newLog(t, testOptions(t))
	require.NoError(t, l.Close())
	_, err := l.Append(record(0))
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, l.Close())
}

func TestFollow(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 4 << 10
	l, dir := newLog(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for i := range 60 {
			index, err := l.Append(record(i))
			if err == nil {
				err = l.Sync(ctx, index+1)
			}
			if err != nil {
				panic(err)
			}
		}
	}()
	n := 0
	for rec, err := range openReader(t, dir).Follow(ctx, 0, time.Millisecond) {
		require.NoError(t, err)
		require.Equal(t, uint64(n), rec.Index)
		if n++; n == 60 {
			cancel()
		}
	}
	require.Equal(t, 60, n)

	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	for rec, err := range openReader(t, dir).Follow(ctx, 42, time.Millisecond) {
		require.NoError(t, err)
		require.Equal(t, uint64(42), rec.Index)
		break
	}
}

func TestReceipts(t *testing.T) {
	o := testOptions(t)
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 37)
	r := openReader(t, dir)
	v, err := note.NewVerifier(r.Info().PublicKey)
	require.NoError(t, err)
	for _, tree := range []string{"", "gone", "damaged"} {
		switch tree {
		case "gone":
			require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
		case "damaged":
			require.NoError(t, os.WriteFile(filepath.Join(dir, treeName), make([]byte, 4096), 0o644))
		}
		head, err := r.Head()
		require.NoError(t, err)
		for i := range uint64(37) {
			rec, err := r.Record(context.Background(), i)
			require.NoError(t, err)
			receipt, err := r.Receipt(i, head)
			require.NoError(t, err)
			again, err := ParseReceipt(receipt.Text())
			require.NoError(t, err)
			require.NoError(t, again.Check(v, rec.Line))
			require.ErrorIs(t, again.Check(v, append(rec.Line[:len(rec.Line):len(rec.Line)], ' ')), ErrProof)
			again.Index ^= 1
			require.ErrorIs(t, again.Check(v, rec.Line), ErrProof)
		}
	}
	require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
}
