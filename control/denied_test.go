package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/rbac"
)

func TestATaskThatWasDeniedSaysSo(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	rec := audittest.New(t)
	err := rec.Do(t.Context(), "janitor", audit.Trigger{Type: audit.Manual}, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "pause-feeds", func(ctx context.Context, _ *audit.Task) error {
			_, err := viewer.Pause(ctx, "feed-monitor", rbac.Sandbox, "")
			return err
		})
	})
	require.ErrorIs(t, err, ErrDenied)
	assert.Equal(t, audit.Denied, rec.Entry().Tasks[0].Outcome)
}

// What is said of a key that was given says nothing about why it proves nothing; that
// none was given is no secret, and has another cure.
func TestNoKeyIsNotABadKey(t *testing.T) {
	h := newHouse(t)
	stranger, err := rbac.Mint(rbac.UserKind, rand.Reader)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		key  rbac.APIKey
		code rbac.Code
		says string
	}{
		"none":    {rbac.APIKey{}, KeyMissing, "control: denied: no API key was given, so nobody acts: set Options.Key, in package control Config.Key, to the key of who does; flexor takes it from the file that FLEXOR_API_KEY_FILE names."},
		"unknown": {stranger, rbac.KeyInvalid, "control: denied: this API key is not valid here: check that it was copied whole and is for this vault, or ask an owner for a new one."},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.as(test.key)
			out, err := c.Pause(t.Context(), "feed-monitor", rbac.Sandbox, "")
			require.EqualError(t, err, test.says)
			assert.Equal(t, test.code, out.Decision.Code)
			assert.True(t, out.Recorded)
			assert.Equal(t, test.code, c.Authorize(t.Context(), rbac.Request{Action: rbac.View}).Code)

			var body deniedBody
			for e, err := range c.Events(t.Context(), out.Index) {
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(e.Body, &body))
				break
			}
			assert.Equal(t, rbac.KeyInvalid, body.Code, "in the log both are the same")
			assert.Empty(t, c.Flags(), "whoever folds the log comes to the same decision")
		})
	}
}
