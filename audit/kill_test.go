package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// A run that ignores its kill can be told from one that nobody reached: the order
// is a record of its own, at once.
func TestKillIsARecord(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	err := do(t, rec, func(_ context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "alice@fund.com", Role: "operator", Reason: "wrong prices"})
		gate.kill(run.ID(), audit.Kill{By: "late@fund.com"})
		require.Eventually(t, func() bool { return len(rec.Records()) == 2 }, 5*time.Second, time.Millisecond)
		run.If("it went on", true)
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	records := rec.Records()
	require.Equal(t, []string{"start", "kill", "decision", "run"}, kinds(records))
	assert.Equal(t, "alice@fund.com", member(t, records[1], "by"))
	assert.Equal(t, "wrong prices", member(t, records[1], "reason"))
	assert.Equal(t, rec.Entry().RunID, member(t, records[1], "run_id"))

	// Had the process died, the entry would still say who had killed the run.
	var replay audit.Replay
	for _, r := range records[:3] {
		require.NoError(t, replay.Add(r.JSON))
	}
	e, err := replay.Entry()
	require.NoError(t, err)
	assert.Equal(t, audit.ByInterrupted, e.EndedBy)
	assert.Equal(t, rec.Entry().Kill, e.Kill)
}

// The end of a context that is no kill is no record, and nor is a kill that the
// entry tells of.
func TestNoKillRecordWithoutNeed(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	ctx, cancel := context.WithCancel(t.Context())
	err := rec.Do(ctx, "feed", manual, func(_ context.Context, run *audit.Run) error {
		cancel()
		gate.kill(run.ID(), audit.Kill{By: "alice@fund.com"})
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"start", "run"}, kinds(rec.Records()))
}

func TestAlive(t *testing.T) {
	assert.True(t, (*audit.Run)(nil).Alive())
	assert.True(t, (*audit.Task)(nil).Alive())
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	rounds := 0
	err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
		assert.True(t, run.Alive())
		return run.Task(ctx, "poll", func(context.Context, *audit.Task) error {
			for deep := audit.FromContext(ctx); deep.Alive(); rounds++ {
				if rounds == 3 {
					gate.kill(run.ID(), audit.Kill{By: "alice@fund.com"})
				}
			}
			return nil
		})
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	assert.Equal(t, 4, rounds)
}

// slowRedactor waits before it reads the reason of a kill.
type slowRedactor struct {
	maskAlice
	until chan struct{}
}

func (s *slowRedactor) Redact(field string, src []byte) ([]byte, []audit.Redaction) {
	if field == "kill.reason" {
		<-s.until
	}
	return s.maskAlice.Redact(field, src)
}

// What is written of a kill is redacted, but the kill does not wait for that.
func TestKillDoesNotWaitForTheRedactor(t *testing.T) {
	gate, slow := new(fakeGate), &slowRedactor{until: make(chan struct{})}
	rec := newRecorder(t, func(c *audit.Config) { c.Gate, c.Redactor = gate, slow })
	err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "ops", Reason: "asked by alice@fund.com"})
		<-ctx.Done()
		close(slow.until)
		require.Eventually(t, func() bool { return len(rec.Records()) == 2 }, 5*time.Second, time.Millisecond)
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	records := rec.Records()
	require.Equal(t, []string{"start", "kill", "run"}, kinds(records))
	assert.Equal(t, "asked by [EMAIL]", member(t, records[1], "reason"))
	assert.Contains(t, string(records[1].JSON), `"redactions":[{"field":"kill.reason"`)
	var replay audit.Replay
	for _, r := range records[:2] {
		require.NoError(t, replay.Add(r.JSON))
	}
	e, err := replay.Entry()
	require.NoError(t, err)
	assert.Equal(t, rec.Entry().Redactions, e.Redactions, "once")
}

// However fast a killed run returns, it has one record of the kill, before its
// entry.
func TestEveryKillIsRecordedOnce(t *testing.T) {
	for range 100 {
		gate := new(fakeGate)
		rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
		err := do(t, rec, func(_ context.Context, run *audit.Run) error {
			gate.kill(run.ID(), audit.Kill{By: "ops"})
			return nil
		})
		require.ErrorIs(t, err, audit.ErrKilled)
		require.Equal(t, []string{"start", "kill", "run"}, kinds(rec.Records()))
	}
}
