package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "flexor/test/audit-log"

// open opens the log in dir, and verifies it when the test is over.
func open(t testing.TB, dir string) *Log {
	t.Helper()
	l, err := Open(context.Background(), dir, &Config{Origin: origin})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		if !t.Failed() {
			_, err := l.Verify(context.Background(), nil)
			require.NoError(t, err)
		}
	})
	return l
}

func recorder(t testing.TB, l *Log) *audit.Recorder {
	t.Helper()
	r, err := audit.New(l, &audit.Config{Vault: "test"})
	require.NoError(t, err)
	return r
}

func logDir(t testing.TB) string { return filepath.Join(t.TempDir(), "audit-log") }

// run records a run that takes one decision.
func run(t testing.TB, r *audit.Recorder, agent string, fail error) {
	t.Helper()
	err := r.Do(context.Background(), agent, audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		run.If("it fails", fail != nil)
		return fail
	})
	require.ErrorIs(t, err, fail)
}

func entries(t testing.TB, r audit.Reader, f audit.Filter) (out []audit.Entry) {
	t.Helper()
	for e, err := range r.Entries(context.Background(), f) {
		require.NoError(t, err)
		out = append(out, e)
	}
	return out
}

func agents(list []audit.Entry) (names []string) {
	for _, e := range list {
		names = append(names, e.AgentName)
	}
	return names
}

func TestEntries(t *testing.T) {
	l := open(t, logDir(t))
	r := recorder(t, l)
	for _, agent := range []string{"a", "b", "c"} {
		run(t, r, agent, nil)
	}
	run(t, r, "b", errors.New("no"))
	require.Equal(t, []string{"a", "b", "c", "b"}, agents(entries(t, l, audit.Filter{})))
	require.Equal(t, []string{"b", "c", "b", "a"}, agents(entries(t, l, audit.Filter{NewestFirst: true})))
	require.Equal(t, []string{"b", "c"}, agents(entries(t, l, audit.Filter{NewestFirst: true, Limit: 2})))
	require.Equal(t, []string{"b"}, agents(entries(t, l, audit.Filter{Statuses: []audit.Status{audit.Failed}})))
	for i, e := range entries(t, l, audit.Filter{Statuses: []audit.Status{audit.Success}}) {
		require.Equal(t, uint64(3*i+2), e.Position) // start, decision, entry
	}
	var got error
	for _, err := range l.Entries(t.Context(), audit.Filter{Statuses: []audit.Status{"failure"}}) {
		got = err
	}
	require.ErrorIs(t, got, audit.ErrInvalid, "a misspelt status is no empty answer")
}

// An entry that was acknowledged is there for everyone who asks, at once.
func TestAnotherProcessSeesIt(t *testing.T) {
	dir := logDir(t)
	l := open(t, dir)
	r := recorder(t, l)
	other, err := OpenReader(dir)
	require.NoError(t, err)
	for i := range 10 {
		run(t, r, "a", nil)
		require.Len(t, entries(t, other, audit.Filter{}), i+1)
	}
}

// The runs of a process that died are closed by the next opener, with what was
// recorded before the death; those of processes that live are left alone.
func TestSettle(t *testing.T) {
	dir := logDir(t)
	alive := open(t, dir)
	_, aliveRun, err := recorder(t, alive).Start(context.Background(), "alive", audit.Trigger{})
	require.NoError(t, err)

	dying := open(t, dir)
	dr := recorder(t, dying)
	run(t, dr, "finished", nil)
	_, dead, err := dr.Start(context.Background(), "dying", audit.Trigger{Type: audit.Event, By: "test"})
	require.NoError(t, err)
	dead.If("it lives", false, audit.Value("pulse", 0))
	dead.Output("last words", "tell them")
	require.NoError(t, dying.ledger.Close())
	require.NoError(t, dying.presence.Abandon()) // what the system does for a dead process

	reader, err := OpenReader(dir)
	require.NoError(t, err)
	runs, err := reader.Running(context.Background())
	require.NoError(t, err)
	require.Len(t, runs, 2)
	require.False(t, runs[0].Dead)
	require.True(t, runs[1].Dead)
	require.Equal(t, dead.ID(), runs[1].RunID)

	next := open(t, dir)
	require.Equal(t, []string{dead.ID()}, next.Settled())
	got := entries(t, next, audit.Filter{RunIDs: []string{dead.ID()}})
	require.Len(t, got, 1)
	e := got[0]
	require.Equal(t, audit.Failed, e.Status)
	require.Equal(t, audit.ByInterrupted, e.EndedBy)
	require.Equal(t, "test", e.TriggeredBy)
	require.Len(t, e.Decisions, 1)
	require.Equal(t, "it lives", e.Decisions[0].Condition)
	require.JSONEq(t, `"tell them"`, string(e.Outputs.Get("last words")))
	require.Len(t, e.Errors, 1)

	require.Empty(t, open(t, dir).Settled(), "once is enough")
	require.NoError(t, aliveRun.End(nil))
	require.Len(t, entries(t, reader, audit.Filter{}), 3)
}

// The sign of life of a process follows the log, so that who opens the log after its
// death reads only the end of it; but never past the start of a run without an entry on disk.
func TestSettleReadsTheEnd(t *testing.T) {
	dir := logDir(t)
	l := open(t, dir)
	r := recorder(t, l)
	ctx := context.Background()
	first := func() uint64 {
		t.Helper()
		_, dead, err := ledger.Writers(durable.Disk{}, dir, false)
		require.NoError(t, err)
		require.Empty(t, dead)
		return l.presence.First
	}
	grow := func() {
		t.Helper()
		line := audit.Record{Kind: audit.KindOutput, RunID: "run_00000000000000000000000000", JSON: []byte(`{"kind":"output","run_id":"run_00000000000000000000000000"}`)}
		records := make([]audit.Record, advanceEvery)
		for i := range records {
			records[i] = line
		}
		require.NoError(t, l.Append(ctx, audit.Batch{Records: records, Sync: true}))
	}
	grow()
	_, early, err := r.Start(ctx, "early", audit.Trigger{})
	require.NoError(t, err)
	start := l.ledger.Durable().Size
	grow()
	grow()
	require.LessOrEqual(t, first(), start)
	require.NoError(t, early.End(nil))
	require.Greater(t, first(), start, "a run that ended holds nothing back")

	// An entry that did not wait for the disk does, until the disk has it.
	grow()
	require.NoError(t, l.Append(ctx, audit.Batch{Records: []audit.Record{{Kind: audit.KindRun, RunID: "run_x", JSON: []byte(`{"kind":"run","run_id":"run_x"}`)}}}))
	before := first()
	l.mu.Lock()
	l.advance(l.loose-1, advanceEvery)
	l.mu.Unlock()
	require.Equal(t, before, first())
	grow()
	require.Greater(t, first(), before)

	_, dying, err := r.Start(ctx, "dying", audit.Trigger{})
	require.NoError(t, err)
	require.NoError(t, l.ledger.Close())
	require.NoError(t, l.presence.Abandon())
	_, dead, err := ledger.Writers(durable.Disk{}, dir, false)
	require.NoError(t, err)
	require.Len(t, dead, 1)
	require.Equal(t, l.presence.First, dead[0].First)
	require.Equal(t, []string{dying.ID()}, open(t, dir).Settled())
}

// A log that is closed while a run is on leaves that run to the next opener.
func TestCloseWithRunInFlight(t *testing.T) {
	dir := logDir(t)
	l := open(t, dir)
	_, r, err := recorder(t, l).Start(context.Background(), "a", audit.Trigger{})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.ErrorIs(t, r.End(nil), audit.ErrClosed)
	require.Equal(t, []string{r.ID()}, open(t, dir).Settled())
}

func TestReceipt(t *testing.T) {
	l := open(t, logDir(t))
	r := recorder(t, l)
	for range 20 {
		run(t, r, "a", nil)
	}
	ctx := context.Background()
	for rec, err := range l.Records(ctx, 0) {
		require.NoError(t, err)
		receipt, err := l.Receipt(ctx, rec.Index)
		require.NoError(t, err)
		require.NoError(t, CheckReceipt(l.PublicKey(), receipt.Text(), rec.Line))
		require.ErrorIs(t, CheckReceipt(l.PublicKey(), receipt.Text(), []byte(`{"forged":true}`)), ErrProof)
	}
	_, err := l.Receipt(ctx, 60)
	require.Error(t, err)
}

func TestVerify(t *testing.T) {
	dir := logDir(t)
	l := open(t, dir)
	r := recorder(t, l)
	run(t, r, "a", nil)
	anchor, err := l.Head()
	require.NoError(t, err)
	run(t, r, "b", nil)

	rep, err := l.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Equal(t, SelfSigned, rep.Verdict)
	require.Equal(t, 2, rep.Entries)
	require.Equal(t, uint64(6), rep.Head.Size)

	rep, err = l.Verify(context.Background(), &VerifyOptions{Anchor: anchor.Note, PublicKey: l.PublicKey()})
	require.NoError(t, err)
	require.Equal(t, Anchored, rep.Verdict)

	_, err = l.Verify(context.Background(), &VerifyOptions{PublicKey: "someone+00000000+AAAA"})
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestTail(t *testing.T) {
	dir := logDir(t)
	l := open(t, dir)
	r := recorder(t, l)
	run(t, r, "a", nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n := 0
	for rec, err := range l.Tail(ctx, 1) {
		require.NoError(t, err)
		n++
		require.Equal(t, uint64(n), rec.Index)
		if n == 2 {
			run(t, r, "b", nil)
		}
		if n == 5 {
			cancel()
		}
	}
	require.Equal(t, 5, n)
}

func TestKey(t *testing.T) {
	dir := logDir(t)
	key := filepath.Join(filepath.Dir(dir), "keys", "audit-log.key")
	open(t, dir)

	t.Run("of the right form", func(t *testing.T) {
		s, err := ReadKey(key)
		require.NoError(t, err)
		require.Equal(t, origin, s.Name())
	})
	t.Run("open to others", func(t *testing.T) {
		if os.PathSeparator == '\\' {
			t.Skip("Windows has no file modes")
		}
		require.NoError(t, os.Chmod(key, 0o644))
		defer os.Chmod(key, 0o600) //nolint:errcheck // checked by the next subtest
		_, err := Open(context.Background(), dir, &Config{})
		require.ErrorIs(t, err, ErrKey)
		require.ErrorContains(t, err, "chmod 600")
	})
	t.Run("missing", func(t *testing.T) {
		require.NoError(t, os.Rename(key, key+".bak"))
		_, err := Open(context.Background(), dir, &Config{Origin: origin})
		require.ErrorIs(t, err, ErrKey)
		require.NoFileExists(t, key, "a log never gets a second key")
		r, err := OpenReader(dir)
		require.NoError(t, err)
		_, err = r.Verify(context.Background(), nil)
		require.NoError(t, err, "reading needs no key")
	})
	t.Run("of another log", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "audit-log")
		open(t, other)
		_, err := Open(context.Background(), dir, &Config{KeyFile: filepath.Join(filepath.Dir(other), "keys", "audit-log.key")})
		require.Error(t, err)
		require.ErrorContains(t, err, "belongs to")
	})
	t.Run("malformed", func(t *testing.T) {
		require.NoError(t, os.WriteFile(key, []byte("PRIVATE+KEY+x\n"), 0o600))
		_, err := Open(context.Background(), dir, &Config{})
		require.ErrorIs(t, err, ErrKey)
	})
}

func TestNoLog(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(context.Background(), dir, nil)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "to create one set Config.Origin")
	_, err = OpenReader(dir)
	require.ErrorIs(t, err, ErrNotFound)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestClosed(t *testing.T) {
	l := open(t, logDir(t))
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	err := l.Append(context.Background(), audit.Batch{Records: []audit.Record{{Kind: audit.KindRun, JSON: []byte(`{}`)}}})
	require.ErrorIs(t, err, audit.ErrClosed)
	require.ErrorIs(t, err, audit.ErrNotStored)
}

// A line that is no audit record is an error of the query, not a gap in it.
func TestForeignLine(t *testing.T) {
	l, err := Open(context.Background(), logDir(t), &Config{Origin: origin})
	require.NoError(t, err)
	_, err = l.ledger.AppendSync([]byte(`{"no":"kind"}`))
	require.NoError(t, err)
	for _, err := range l.Entries(context.Background(), audit.Filter{}) {
		require.ErrorIs(t, err, ErrForeign)
	}
	_, err = l.Verify(context.Background(), nil)
	require.ErrorIs(t, err, ErrForeign)
	require.NoError(t, l.Close())
}

// A log that was taken away is not begun anew under the same key.
func TestLogTakenAway(t *testing.T) {
	dir := logDir(t)
	l, err := Open(context.Background(), dir, &Config{Origin: origin})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, os.RemoveAll(dir))
	_, err = Open(context.Background(), dir, &Config{Origin: origin})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "backup")
	require.NoDirExists(t, dir)
}

// A process that died while it created the log leaves the rest to the next one.
func TestUnfinishedCreation(t *testing.T) {
	dir := logDir(t)
	unlock, err := lockKey(KeyFile(dir))
	require.NoError(t, err)
	_, err = newKey(KeyFile(dir), origin) // and then it died
	require.NoError(t, err)
	require.NoError(t, unlock.Unlock())
	require.NoError(t, open(t, dir).Close())

	require.NoError(t, os.Rename(KeyFile(dir), KeyFile(dir)+newKeyExt)) // or a little later
	open(t, dir)
	require.FileExists(t, KeyFile(dir))
}

// Processes that meet no log create one.
func TestCreateAtOnce(t *testing.T) {
	dir := logDir(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			l, err := Open(context.Background(), dir, &Config{Origin: origin})
			if err == nil {
				err = l.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	open(t, dir)
}
