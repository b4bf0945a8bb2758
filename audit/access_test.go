package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// accesses returns the accesses among records, in order.
func accesses(tb testing.TB, records []audit.Record) (out []audit.Access) {
	tb.Helper()
	for _, r := range records {
		if r.Kind == audit.KindAccess {
			var a audit.Access
			require.NoError(tb, json.Unmarshal(r.JSON, &a))
			require.Equal(tb, r.RunID, a.RunID)
			out = append(out, a)
		}
	}
	return out
}

// told is what an access says, in short.
func told(a audit.Access) string {
	s := fmt.Sprintf("%s %s", a.Op, a.Record)
	if a.Repeats > 0 {
		s += fmt.Sprintf(" again %d", a.Repeats)
	}
	if a.From != nil {
		s += fmt.Sprintf(" from %d", len(a.From))
	}
	if a.Dropped > 0 {
		s += fmt.Sprintf(" dropped %d", a.Dropped)
	}
	if a.Late {
		s += " late"
	}
	return s
}

func allTold(as []audit.Access) (out []string) {
	for _, a := range as {
		out = append(out, told(a))
	}
	return out
}

func access(op audit.Op, record string, from ...string) audit.Access {
	return audit.Access{Op: op, Record: record, From: from}
}

func TestAccess(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(ctx context.Context, run *audit.Run) error {
		run.Access(audit.Access{Op: audit.OpRead, Record: "PLEXIFACT://u:p@Prod/a/./b", Source: "plexifact", Version: "7", Digest: "sha256:ab", Rows: 12, From: []string{"x"}})
		return run.Task(ctx, "store", func(_ context.Context, task *audit.Task) error {
			task.Access(audit.Access{Op: audit.OpWrite, Record: "db://x/y", From: []string{"plexifact://prod/%61/b"}})
			task.Access(audit.Access{Op: audit.OpAppend, Record: "db://x/z", From: []string{}})
			task.Access(audit.Access{Op: audit.OpDelete, Record: "db://x/w", Seq: 99, Late: true, Repeats: 3, Dropped: 7, Reason: "r", Skill: "s"})
			return nil
		})
	}))
	as := accesses(t, rec.Records())
	require.Equal(t, []string{
		"read plexifact://prod/a/b", "write db://x/y from 1", "append db://x/z from 0", "delete db://x/w",
	}, allTold(as))
	assert.Equal(t, audit.Access{
		Op: audit.OpRead, Record: "plexifact://prod/a/b", Source: "plexifact", Version: "7", Digest: "sha256:ab", Rows: 12,
		RunID: rec.Entry().RunID, Seq: 1, At: as[0].At,
	}, as[0])
	assert.Equal(t, []string{"plexifact://prod/a/b"}, as[1].From)
	assert.Equal(t, "store", as[1].Skill)
	assert.Equal(t, 2, as[1].Task)
	assert.Empty(t, as[3].Reason, "what the recorder sets is not taken from the caller")
	assert.Equal(t, &audit.Accesses{Reads: 1, Writes: 1, Appends: 1, Deletes: 1}, rec.Entry().Accesses)
	var nobody *audit.Run
	nobody.Access(access(audit.OpRead, "db://x/y"))
}

// A read that is made again is counted; the count is in the log before the run
// writes, as it may have seen another version, and at the end of the run.
func TestRepeatedReads(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(ctx context.Context, run *audit.Run) error {
		for range 5 {
			run.Access(access(audit.OpRead, "db://x/a"))
			run.Access(access(audit.OpRead, "db://x/b"))
		}
		run.Access(access(audit.OpWrite, "db://x/c"))
		run.Access(access(audit.OpWrite, "db://x/d"))
		run.Access(access(audit.OpRead, "db://x/a"))
		run.Access(audit.Access{Op: audit.OpRead, Record: "db://x/a", Version: "2"}) // another read
		return run.Task(ctx, "t", func(_ context.Context, task *audit.Task) error {
			task.Access(access(audit.OpRead, "db://x/a")) // and another, by a skill
			return nil
		})
	}))
	require.Equal(t, []string{
		"read db://x/a", "read db://x/b", "read db://x/a again 4", "read db://x/b again 4", "write db://x/c", "write db://x/d",
		"read db://x/a", "read db://x/a", "read db://x/a again 1",
	}, allTold(accesses(t, rec.Records())))
	assert.Equal(t, &audit.Accesses{Reads: 13, Writes: 2}, rec.Entry().Accesses)
}

func TestRefusedAccesses(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(ctx context.Context, run *audit.Run) error {
		run.Access(access(audit.OpRead, "no scheme, hunter2"))
		run.Access(access(audit.OpWrite, "db://x/y", "db://h/%zz"))
		run.Access(access("update\n", "db://x/y"))
		run.Access(access(audit.OpRead, "db://x/"+strings.Repeat("x", 10<<10)))
		return nil
	}))
	rec.Status(audit.Partial)
	rec.Errors("record URI: it has no scheme", "from: ", "no such operation", "more than 4096")
	as := accesses(t, rec.Records())
	require.Equal(t, []string{"read  dropped 1", "write  dropped 2", "write db://x/y", "read  dropped 4"}, allTold(as), "when the number has doubled")
	assert.Contains(t, as[0].Reason, "no scheme")
	assert.Equal(t, &audit.Accesses{Writes: 1, Dropped: 4}, rec.Entry().Accesses)
	for _, r := range rec.Records() {
		assert.NotContains(t, string(r.JSON), "hunter2")
	}
}

func TestTooManyAccesses(t *testing.T) {
	rec := newRecorder(t, func(c *audit.Config) { c.MaxAccesses = 3 })
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(ctx context.Context, run *audit.Run) error {
		for i := range 10 {
			run.Access(access(audit.OpRead, fmt.Sprintf("db://x/%d", i)))
		}
		run.Access(access(audit.OpRead, "db://x/0"))
		run.Access(access(audit.OpRead, "db://x/0"))
		return nil
	}))
	as := accesses(t, rec.Records())
	assert.Equal(t, []string{
		"read db://x/0", "read db://x/1", "read db://x/2",
		"read  dropped 1", "read  dropped 2", "read  dropped 4", "read  dropped 9",
	}, allTold(as))
	assert.Contains(t, as[3].Reason, "more than 3 accesses")
	assert.Equal(t, &audit.Accesses{Reads: 3, Dropped: 9}, rec.Entry().Accesses, "repeats that have no record are dropped too")
}

// A write from more records than a line should hold goes on as appends.
func TestFromMany(t *testing.T) {
	rec := newRecorder(t)
	var from []string
	for i := range 300 {
		from = append(from, fmt.Sprintf("db://x/%d%s", i, strings.Repeat("y", 4000)))
	}
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(ctx context.Context, run *audit.Run) error {
		run.Access(access(audit.OpWrite, "db://x/all", from...))
		return nil
	}))
	as := accesses(t, rec.Records())
	require.Equal(t, []string{"write db://x/all from 128", "append db://x/all from 128", "append db://x/all from 44"}, allTold(as))
	var got []string
	for _, a := range as {
		got = append(got, a.From...)
	}
	assert.Equal(t, from, got)
}

func TestLateAccess(t *testing.T) {
	rec := newRecorder(t)
	var kept *audit.Run
	require.NoError(t, rec.Do(t.Context(), "leaky", manual, func(_ context.Context, run *audit.Run) error {
		kept = run
		run.Access(access(audit.OpRead, "db://x/a"))
		return nil
	}))
	kept.Access(access(audit.OpRead, "db://x/a"))
	kept.Access(access(audit.OpWrite, "db://x/b"))
	kept.Access(access(audit.OpWrite, "bad"))
	assert.Equal(t, []string{"read db://x/a", "read db://x/a late", "write db://x/b late", "write  dropped 1 late"}, allTold(accesses(t, rec.Records())))
	assert.Equal(t, &audit.Accesses{Reads: 1}, rec.Entry().Accesses)
}

// What is recorded of a URI with personal data is what a query for it looks for.
func TestRedactedAccess(t *testing.T) {
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor = new(maskAlice) })
	const uri = "crm://Prod/people/alice@fund.com/orders"
	require.NoError(t, rec.Do(t.Context(), "crm", manual, func(_ context.Context, run *audit.Run) error {
		run.Access(access(audit.OpRead, uri))
		run.Access(access(audit.OpWrite, "db://x/y", uri))
		return nil
	}))
	want, err := audit.RecordURI(uri, new(maskAlice))
	require.NoError(t, err)
	assert.Equal(t, "crm://prod/people/%5BEMAIL%5D/orders", want)
	as := accesses(t, rec.Records())
	assert.Equal(t, want, as[0].Record)
	assert.Equal(t, []string{want}, as[1].From)
	assert.Equal(t, []audit.Redaction{{Field: "accesses.record", Detector: "email", Count: 2}}, rec.Entry().Redactions)
	again, err := audit.RecordURI(want, new(maskAlice))
	require.NoError(t, err)
	assert.Equal(t, want, again)
	_, err = audit.RecordURI("x", nil)
	require.ErrorIs(t, err, audit.ErrInvalid)
}

// The accesses of a process that died are counted in the entry that others write.
func TestReplayAccesses(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(_ context.Context, run *audit.Run) error {
		for range 3 {
			run.Access(access(audit.OpRead, "db://x/a"))
		}
		run.Access(access(audit.OpWrite, "db://x/b"))
		run.Access(access(audit.OpAppend, "bad"))
		return nil
	}))
	records := rec.Records()
	e, err := replay(records[:len(records)-1])
	require.NoError(t, err)
	assert.Equal(t, &audit.Accesses{Reads: 3, Writes: 1, Dropped: 1}, e.Accesses)
	assert.Equal(t, rec.Entry().Accesses, e.Accesses)
}

// Runs may record accesses from many goroutines, and none is lost.
func TestConcurrentAccesses(t *testing.T) {
	rec := newRecorder(t)
	const workers, each = 8, 50
	require.NoError(t, rec.Do(t.Context(), "nav", manual, func(_ context.Context, run *audit.Run) error {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					run.Access(access(audit.OpRead, fmt.Sprintf("db://x/%d", i)))
					if i%10 == 0 {
						run.Access(access(audit.OpWrite, fmt.Sprintf("db://y/%d/%d", w, i)))
					}
				}
			})
		}
		wg.Wait()
		return nil
	}))
	assert.Equal(t, &audit.Accesses{Reads: workers * each, Writes: workers * each / 10}, rec.Entry().Accesses)
	reads := 0
	for _, a := range accesses(t, rec.Records()) {
		if a.Op == audit.OpRead {
			reads += max(1, a.Repeats)
		}
	}
	assert.Equal(t, workers*each, reads)
}

func BenchmarkAccess(b *testing.B) {
	uris := make([]string, 4096)
	for i := range uris {
		uris[i] = fmt.Sprintf("plexifact://prod/catalog/equity-prices/%s", time.Unix(int64(i)*86400, 0).UTC().Format(time.DateOnly))
	}
	for name, op := range map[string]audit.Op{"each recorded": audit.OpWrite, "repeats": audit.OpRead} {
		b.Run(name, func(b *testing.B) {
			rec, err := audit.New(discard{}, &audit.Config{MaxAccesses: math.MaxInt32})
			require.NoError(b, err)
			require.NoError(b, rec.Do(b.Context(), "nav", manual, func(_ context.Context, run *audit.Run) error {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					run.Access(audit.Access{Op: op, Record: uris[i%len(uris)], Source: "plexifact"})
				}
				return nil
			}))
		})
	}
}
