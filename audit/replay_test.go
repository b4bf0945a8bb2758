package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// replay replays records, each with the salt that a sink adds.
func replay(records []audit.Record) (audit.Entry, error) {
	var r audit.Replay
	for _, rec := range records {
		line := append(bytes.TrimSuffix(bytes.Clone(rec.JSON), []byte("}")), `,"salt":"c2FsdA=="}`...)
		if err := r.Add(line); err != nil {
			return audit.Entry{}, err
		}
	}
	return r.Entry()
}

// busyRun records one of everything.
func busyRun(ctx context.Context, run *audit.Run) error {
	_ = run.Task(ctx, "first", func(_ context.Context, task *audit.Task) error {
		task.Input("i", "alice@fund.com")
		task.Output("o", 2)
		task.If("a", true, audit.Value("v", 1))
		return task.Task(ctx, "nested", func(context.Context, *audit.Task) error { return errors.New("bad") })
	})
	run.Choose("b", "x", []string{"x", "y"})
	run.Output("out", "alice@fund.com")
	run.Output("out", 2)
	return nil
}

// The entry rebuilt from the records of a run that died at any moment tells
// exactly what those records tell.
func TestReplay(t *testing.T) {
	gate := &fakeGate{admit: func(audit.Admission) (audit.Pass, error) {
		return audit.Pass{Deployment: "dep_1", Governance: &audit.Head{Size: 3, Root: "r"}}, nil
	}}
	rec := newRecorder(t, func(c *audit.Config) { c.Gate, c.Redactor = gate, new(maskAlice) })
	require.NoError(t, rec.Do(t.Context(), "feed@1", manual, busyRun))
	records := rec.Records()
	whole := rec.Entry()
	n := len(records) - 1 // without the entry
	for k := 1; k <= n; k++ {
		e, err := replay(records[:k])
		require.NoError(t, err)
		assert.Equal(t, audit.Failed, e.Status)
		assert.Equal(t, audit.ByInterrupted, e.EndedBy)
		last := e.Errors[len(e.Errors)-1]
		assert.Contains(t, last.Message, "ended before the run did")
		assert.Equal(t, "interrupted", last.Kind)
		assert.Equal(t, whole.RunID, e.RunID)
		assert.Equal(t, whole.StartedAt, e.StartedAt)
		line, err := audit.DecodeLine(records[k-1].JSON)
		require.NoError(t, err)
		assert.False(t, e.EndedAt.Before(line.At))
		for _, task := range e.Tasks {
			ended := false
			for _, r := range records[:k] {
				ended = ended || r.Kind == audit.KindTask && member(t, r, "phase") == "end" && member(t, r, "task") == float64(task.Seq)
			}
			assert.Equal(t, ended, task.Outcome != audit.Unknown)
		}
		r, err := e.Record()
		require.NoError(t, err)
		assert.Equal(t, audit.KindRun, r.Kind)
		assert.Equal(t, whole.RunID, r.RunID)
		checkEntry(t, r.JSON)
	}

	// With all its records, it differs from the entry only in its end.
	e, err := replay(records[:n])
	require.NoError(t, err)
	e.Errors = e.Errors[:len(e.Errors)-1]
	e.Status, e.EndedBy, e.EndedAt, e.DurationMS = whole.Status, whole.EndedBy, whole.EndedAt, whole.DurationMS
	e.Position = whole.Position
	assert.NotEmpty(t, e.Redactions)
	want, err := whole.Record()
	require.NoError(t, err)
	got, err := e.Record()
	require.NoError(t, err)
	assert.JSONEq(t, string(want.JSON), string(got.JSON))
}

func TestReplayRefusesWhatIsNotOneDeadRun(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "a", manual, busyRun))
	require.NoError(t, rec.Do(t.Context(), "b", manual, busyRun))
	all := rec.Records()
	half := len(all) / 2
	a, b := all[:half], all[half:]
	for name, tc := range map[string]struct {
		records []audit.Record
		says    string
	}{
		"nothing":    {nil, "no records"},
		"no start":   {a[1:3], "not the start"},
		"two runs":   {[]audit.Record{a[0], b[1]}, "among those of"},
		"twice":      {[]audit.Record{a[0], a[0]}, "started twice"},
		"ended":      {a, "has ended"},
		"not JSON":   {[]audit.Record{{JSON: []byte("x")}}, "decode"},
		"bad member": {[]audit.Record{a[0], {JSON: []byte(`{"kind":"task","run_id":"` + a[0].RunID + `","task":"x"}`)}}, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := replay(tc.records)
			require.ErrorContains(t, err, tc.says)
		})
	}
	t.Run("unknown kinds are skipped", func(t *testing.T) {
		e, err := replay([]audit.Record{a[0], {JSON: []byte(`{"kind":"access","run_id":"` + a[0].RunID + `","seq":9,"at":"2026-05-01T00:00:00Z"}`)}})
		require.NoError(t, err)
		assert.Equal(t, "2026-05-01", e.EndedAt.Format("2006-01-02"), "what it did last counts")
		assert.Equal(t, 10, e.Errors[0].Seq)
	})
}

func TestReplayIsBounded(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		for i := range 8000 {
			run.If("again", true, audit.Value("i", i))
			run.Error(fmt.Errorf("%d", i))
		}
		return nil
	}))
	records := rec.Records()
	e, err := replay(records[:len(records)-1])
	require.NoError(t, err)
	assert.Equal(t, 8000, len(e.Decisions)+e.Omitted.Decisions)
	assert.Contains(t, e.Errors[len(e.Errors)-1].Message, "ended before")
	r, err := e.Record()
	require.NoError(t, err)
	checkEntry(t, r.JSON)
}

func TestDecode(t *testing.T) {
	_, err := audit.DecodeEntry([]byte(`{"kind":"start"}`))
	require.ErrorContains(t, err, `"start"`)
	_, err = audit.DecodeEntry([]byte(`{"kind":"run","schema":"flexor.run/v2"}`))
	require.ErrorContains(t, err, "flexor.run/v2")
	_, err = audit.DecodeEntry([]byte(`{"kind":"run","schema":"flexor.run/v1"}`))
	require.ErrorContains(t, err, "run_id")
	_, err = audit.DecodeEntry([]byte(`nope`))
	require.Error(t, err)
	_, err = audit.DecodeLine([]byte(`{}`))
	require.ErrorContains(t, err, "kind")
	l, err := audit.DecodeLine([]byte(`{"kind":"start","run_id":"r","seq":0,"at":"2026-04-30T14:00:00Z","writer":"w","later":1}`))
	require.NoError(t, err)
	assert.Equal(t, "w", l.Writer)
	l, err = audit.DecodeLine([]byte(`{"kind":"run","run_id":"r","ended_at":"2026-04-30T14:00:00Z"}`))
	require.NoError(t, err)
	assert.Equal(t, 2026, l.At.Year())
}

func FuzzDecodeEntry(f *testing.F) {
	rec := newRecorder(f)
	require.NoError(f, rec.Do(f.Context(), "feed@1", manual, busyRun))
	for _, r := range rec.Records() {
		f.Add(r.JSON)
	}
	f.Add([]byte(`{"kind":"run","schema":"flexor.run/v1","run_id":"r","outputs":{"a":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, _ = audit.DecodeLine(line)
		one := []audit.Record{{JSON: line}}
		_, _ = replay(one)
		e, err := audit.DecodeEntry(line)
		if err != nil {
			return
		}
		first, err := e.Record()
		if err != nil {
			return // larger than a record can be
		}
		again, err := audit.DecodeEntry(first.JSON)
		require.NoError(t, err)
		second, err := again.Record()
		require.NoError(t, err)
		require.Equal(t, string(first.JSON), string(second.JSON))
	})
}
