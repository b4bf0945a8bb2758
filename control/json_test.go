package control

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
)

// An endpoint for operators answers with these as they are.
func TestOutcomeJSON(t *testing.T) {
	h := newHouse(t)
	for who, c := range map[string]*Control{"owner": h.owner, "nobody": h.as(rbac.APIKey{})} {
		out, err := c.Pause(t.Context(), "feed-monitor", rbac.Sandbox, "")
		if who == "nobody" {
			require.ErrorIs(t, err, ErrDenied)
		}
		text, err := json.Marshal(out)
		require.NoError(t, err, who)
		var again Outcome
		require.NoError(t, json.Unmarshal(text, &again))
		assert.Equal(t, out, again)
	}
	text, err := json.Marshal(Outcome{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"decision":{"allowed":false,"code":"","head":{"size":0},"request":{"action":"","vault":""}},"index":0,"recorded":false,"repeated":false}`, string(text))
}

// The names are those of flexor agents kill --format json.
func TestStopJSON(t *testing.T) {
	text, err := json.Marshal(Stop{
		Run:  Run{"run_01h455vb4pex5vsknk084sn02q", "feed-monitor", rbac.Production},
		Fate: Stopped,
		PID:  7,
		Kill: &audit.Kill{By: "alice@fund.com", RequestedAt: begin, EffectiveAt: begin},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"run_id":"run_01h455vb4pex5vsknk084sn02q","agent_name":"feed-monitor","environment":"production","fate":"stopped","pid":7,
		"kill":{"by":"alice@fund.com","requested_at":"2026-04-30T14:00:00Z","effective_at":"2026-04-30T14:00:00Z"}}`, string(text))
}

// What has no text form cannot be recorded, not as a denial either, so it is no order.
func TestOrderForNobody(t *testing.T) {
	h := newHouse(t)
	for says, order := range map[string]struct {
		who  rbac.Subject
		role rbac.Role
	}{
		`control: invalid: "service:ci" is not the name of a person or a service: rbac.ParseSubject reads what people write`: {rbac.User("service:ci"), rbac.Viewer},
		"control: invalid: none is no role to grant: name viewer, operator, admin or owner":                                  {bob, 0},
		"control: invalid: unknown role 99 is no role to grant: name viewer, operator, admin or owner":                       {bob, 99},
	} {
		out, err := h.owner.GrantRole(t.Context(), order.who, order.role, time.Time{}, "")
		require.ErrorIs(t, err, ErrInvalid)
		require.EqualError(t, err, says)
		_, err = json.Marshal(out)
		require.NoError(t, err)
	}
	_, err := h.owner.RevokeRole(t.Context(), rbac.User("service:ci"), "")
	require.ErrorIs(t, err, ErrInvalid)
}
