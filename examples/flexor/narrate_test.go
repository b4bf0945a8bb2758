package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// storyOf tells a story from lines as they stand in a log.
func storyOf(t *testing.T, lines ...string) *story {
	t.Helper()
	s := &story{}
	for i, l := range lines {
		require.NoError(t, s.add(vault.Record{Index: uint64(i), Line: []byte(l)}))
	}
	return s
}

// told returns what explain would print of a story.
func told(t *testing.T, s *story) string {
	t.Helper()
	var b strings.Builder
	c := &cli{out: bufio.NewWriter(&b), err: io.Discard}
	require.NoError(t, c.narrate(s, nil, nil))
	require.NoError(t, c.out.Flush())
	return b.String()
}

// entryLine returns the line of an entry.
func entryLine(t *testing.T, e audit.Entry) string {
	t.Helper()
	rec, err := e.Record()
	require.NoError(t, err)
	return string(rec.JSON)
}

const startOfRun = `{"kind":"start","run_id":"` + exampleRun + `","seq":0,"at":"2026-04-30T14:00:00Z","schema":"flexor.run/v1","vault":"company","environment":"production","agent_name":"trader","trigger_type":"manual","trigger_at":"2026-04-30T14:00:00Z"}`

func TestEveryEndingIsTold(t *testing.T) {
	at := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)
	for by, want := range map[audit.EndedBy]string{
		audit.ByError:       "failed, because the agent returned an error",
		audit.ByPanic:       "failed, because the agent panicked",
		audit.ByGoexit:      "failed, because the agent's goroutine was ended by runtime.Goexit",
		audit.ByCancel:      "failed, because whoever called the agent cancelled it",
		audit.ByTimeout:     "failed, because it did not return before its deadline",
		audit.ByInterrupted: "failed, because its process died; it was closed later, with what it had recorded until then",
		audit.ByKill:        "failed, because it was killed by bob@fund.com (operator) at 2026-04-30 14:00:00 UTC, and its context was cancelled 42ms later, for this reason: runs wild",
		"meteor":            "failed, because it was ended by meteor",
	} {
		e := &audit.Entry{Status: audit.Failed, EndedBy: by}
		if by == audit.ByKill {
			e.Kill = &audit.Kill{By: "bob@fund.com", Role: "operator", Reason: "runs wild", RequestedAt: at, EffectiveAt: at.Add(42 * time.Millisecond)}
		}
		assert.Equal(t, want, ending(e))
	}
	two := &audit.Entry{Status: audit.Partial, EndedBy: audit.ByReturn, Errors: make([]audit.ErrorEvent, 2)}
	assert.Equal(t, "partial, because the agent returned without an error, but 2 errors were recorded on the way", ending(two))
	assert.Equal(t, "failed, because it was killed", ending(&audit.Entry{Status: audit.Failed, EndedBy: audit.ByKill}))
}

// A run that ignores its kill, and one whose process died before it ended, were
// killed all the same.
func TestKillWithoutAnEndIsTold(t *testing.T) {
	const kill = `{"kind":"kill","run_id":"` + exampleRun + `","seq":1,"at":"2026-04-30T14:00:01Z","by":"bob@fund.com","role":"operator","reason":"runs wild","requested_at":"2026-04-30T14:00:00.9Z","effective_at":"2026-04-30T14:00:01Z"}`
	s := storyOf(t, startOfRun, kill)
	s.flight = &vault.Run{PID: 4711}
	const by = "it was killed by bob@fund.com (operator) at 2026-04-30 14:00:00.900 UTC, and its context was cancelled 100ms later, for this reason: runs wild; "
	assert.Equal(t, "still running, in process 4711; "+by+"what follows is recorded so far", s.stateText())
	s.flight.Dead = true
	assert.Equal(t, "its process, 4711, is gone; "+by+"what follows is what it left", s.stateText())

	var r audit.Replay
	require.NoError(t, r.Add([]byte(startOfRun)))
	require.NoError(t, r.Add([]byte(kill)))
	e, err := r.Entry()
	require.NoError(t, err)
	assert.Equal(t, "failed, because its process died after "+by+"it was closed later, with what it had recorded until then", ending(&e))
}

func TestRefusedRunIsTold(t *testing.T) {
	s := storyOf(t, strings.Replace(startOfRun, `{"kind":"start"`, `{"kind":"refused","reason":"agent trader is paused"`, 1))
	assert.Equal(t, stateRefused, s.state())
	assert.Equal(t, exampleRun+`, a run of trader: refused: it was not admitted, and nothing was run

  trigger  manual at 2026-04-30 14:00:00 UTC
  refused  agent trader is paused
  where    vault company, environment production
`, told(t, s))
}

func TestUnfinishedRunIsTold(t *testing.T) {
	s := storyOf(t, startOfRun)
	assert.Equal(t, stateUnfinished, s.state())
	assert.Contains(t, told(t, s), "nothing here says whether its process lives")
	assert.Contains(t, told(t, s), "nothing: no task, no decision and no error was recorded")
}

// TestEntryAlone tells a run whose records retention has removed.
func TestEntryAlone(t *testing.T) {
	at := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)
	s := storyOf(t, entryLine(t, audit.Entry{
		RunID: exampleRun, AgentName: "trader", Vault: "company", Environment: "production",
		TriggerType: audit.Manual, TriggerAt: at, StartedAt: at, EndedAt: at, Status: audit.Failed, EndedBy: audit.ByReturn,
		ParentRunID: "run_parent", Deployment: "dep_1", Governance: &audit.Head{Size: 7, Root: "root="},
		TraceID: "0af7", SpanID: "b7ad", Redactions: []audit.Redaction{{Field: "outputs.contact", Detector: "email", Count: 2}},
		TasksExecuted: []string{"buy"}, Tasks: []audit.TaskResult{{Seq: 1, Skill: "buy", StartedAt: at, Outcome: audit.Denied, DurationMS: 5}},
		Decisions: []audit.Decision{{Seq: 2, At: at.Add(24 * time.Hour), Task: 1, Condition: "cheap", Branch: "true"}},
		Outputs:   audit.Values{{Name: "bought", JSON: []byte("0")}},
		Omitted:   &audit.Omitted{Decisions: 3},
	}))
	text := told(t, s)
	for _, want := range []string{
		"inside      run_parent", "deployment  dep_1", "governance  log of 7 records, root root=", "trace       0af7, span b7ad",
		"redacted    email in outputs.contact, 2 times", "missing     0 tasks, 3 decisions, 0 outputs and 0 errors",
		"buy: denied, 5ms", "2026-05-01 14:00:00.000  took branch `true` of «cheap»\n", "bought  0",
	} {
		assert.Contains(t, text, want)
	}
}

// TestRecordsCompleteTheEntry tells a run of which the entry has only a part.
func TestRecordsCompleteTheEntry(t *testing.T) {
	s := storyOf(t, startOfRun,
		`{"kind":"task","run_id":"`+exampleRun+`","seq":1,"at":"2026-04-30T14:00:00Z","phase":"start","task":1,"skill":"buy"}`,
		`{"kind":"decision","run_id":"`+exampleRun+`","seq":2,"at":"2026-04-30T14:00:00Z","condition":"a","branch":"true","alternatives":[],"values":{}}`,
		`{"kind":"future","run_id":"`+exampleRun+`","seq":3,"at":"2026-04-30T14:00:00Z"}`,
		`{"kind":"task","run_id":"`+exampleRun+`","seq":4,"at":"2026-04-30T14:00:00Z","phase":"end","task":1,"skill":"buy","duration_ms":9,"outcome":"ok","outputs":{"n":1}}`,
		`{"kind":"error","run_id":"`+exampleRun+`","seq":5,"at":"2026-04-30T14:00:00Z","message":"oh","error_kind":"panic"}`,
		`{"kind":"output","run_id":"`+exampleRun+`","seq":6,"at":"2026-04-30T14:00:00Z","name":"o","value":[1]}`,
		entryLine(t, audit.Entry{
			RunID: exampleRun, Status: audit.Failed, EndedBy: audit.ByInterrupted,
			Errors:  []audit.ErrorEvent{{Seq: 7, Message: "its process ended", Kind: "interrupted"}},
			Omitted: &audit.Omitted{Tasks: 1, Decisions: 1, Outputs: 1, Errors: 1},
		}),
		`{"kind":"decision","run_id":"`+exampleRun+`","seq":8,"at":"2026-04-30T14:00:01Z","late":true}`,
	)
	assert.Nil(t, s.run.Omitted, "nothing is missing")
	assert.Equal(t, []string{"buy"}, s.run.TasksExecuted)
	require.Len(t, s.run.Tasks, 1)
	assert.Equal(t, audit.OK, s.run.Tasks[0].Outcome)
	assert.Len(t, s.run.Decisions, 1)
	assert.Len(t, s.run.Outputs, 1)
	require.Len(t, s.run.Errors, 2)
	assert.Equal(t, "panic", s.run.Errors[0].Kind)
	assert.Len(t, s.late, 1)
	assert.Equal(t, uint64(7), s.run.Position)
	assert.Contains(t, told(t, s), "came to n = 1")
}
