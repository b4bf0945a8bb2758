package control

import (
	"context"
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
