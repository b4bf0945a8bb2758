package audit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

func TestRefusedRunIsRecorded(t *testing.T) {
	paused := errors.New("agent is paused")
	gate := &fakeGate{admit: func(audit.Admission) (audit.Pass, error) { return audit.Pass{}, paused }}
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	err := rec.Do(t.Context(), "feed@2", manual, func(context.Context, *audit.Run) error {
		t.Error("the agent was called")
		return nil
	})
	require.ErrorIs(t, err, audit.ErrRefused)
	require.ErrorIs(t, err, paused)
	records := rec.Records()
	require.Equal(t, []string{"refused"}, kinds(records))
	assert.Equal(t, "agent is paused", member(t, records[0], "reason"))
	assert.Equal(t, "feed", member(t, records[0], "agent_name"))
	assert.Empty(t, gate.left, "who was not admitted does not leave")
	assert.Zero(t, rec.Running())

	lost := errors.New("disk full")
	rec.Sink.Fail = func(audit.Batch) error { return lost }
	err = rec.Do(t.Context(), "feed", manual, nil)
	require.ErrorIs(t, err, paused)
	require.ErrorIs(t, err, audit.ErrNotRecorded)
	require.ErrorIs(t, err, lost)
}

func TestGateSeesTheRunAndSpeaksInTheEntry(t *testing.T) {
	gate := &fakeGate{admit: func(audit.Admission) (audit.Pass, error) {
		return audit.Pass{Deployment: "dep_1", Governance: &audit.Head{Size: 7, Root: "abc="}}, nil
	}}
	rec := newRecorder(t, func(c *audit.Config) { c.Gate, c.Environment = gate, "production" })
	require.NoError(t, rec.Do(t.Context(), "feed@2", manual, func(context.Context, *audit.Run) error { return nil }))
	e := rec.Entry()
	assert.Equal(t, "dep_1", e.Deployment)
	assert.Equal(t, &audit.Head{Size: 7, Root: "abc="}, e.Governance)
	require.Len(t, gate.asked, 1)
	a := gate.asked[0]
	assert.Equal(t, e.RunID, a.RunID)
	assert.Equal(t, "feed", a.AgentName)
	assert.Equal(t, "2", a.AgentVersion)
	assert.Equal(t, "production", a.Environment)
	assert.Equal(t, "alice@fund.com", a.Trigger.By)
	assert.Equal(t, []string{e.RunID}, gate.left)
	assert.Equal(t, "dep_1", member(t, rec.Records()[0], "deployment"))
}
