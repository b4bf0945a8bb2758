package control

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

func TestLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	b := h.join(bob, rbac.Admin)
	o := h.join(carol, rbac.Operator)

	d, out, err := b.Deploy(ctx, DeployOrder{Agent: "feed-monitor", Version: "1.4.2", Environment: rbac.Production})
	require.NoError(t, err)
	require.True(t, out.Recorded)
	require.Equal(t, "1.4.2", d.Version)
	require.True(t, d.Current)
	require.Regexp(t, "^dep_", d.ID)

	_, out, err = o.Deploy(ctx, DeployOrder{Agent: "feed-monitor", Version: "1.5.0", Environment: rbac.Production})
	require.ErrorIs(t, err, ErrDenied)
	require.True(t, out.Recorded)
	require.Equal(t, rbac.RoleInsufficient, out.Decision.Code)

	out, err = o.Pause(ctx, "feed-monitor", rbac.Production, "looks wrong")
	require.NoError(t, err)
	require.True(t, out.Recorded)
	again, err := o.Pause(ctx, "feed-monitor", rbac.Production, "looks wrong")
	require.NoError(t, err)
	require.True(t, again.Repeated)
	require.Equal(t, out.Index, again.Index)

	pause, ok, err := h.owner.Paused(ctx, "feed-monitor", rbac.Production)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, carol, pause.By)

	run := ident.New("run")
	_, err = o.Kill(ctx, Run{ID: run, Environment: rbac.Production}, "")
	require.ErrorIs(t, err, ErrDenied)
	_, err = o.Kill(ctx, Run{ID: run, Environment: rbac.Production}, "now")
	require.NoError(t, err)
	kill, ok, err := b.Killed(ctx, run)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "now", kill.Reason)

	_, err = b.Resume(ctx, "feed-monitor", rbac.Production, "")
	require.NoError(t, err)
	_, ok, err = o.Paused(ctx, "feed-monitor", rbac.Production)
	require.NoError(t, err)
	require.False(t, ok)

	require.Empty(t, h.owner.Flags())
	_, err = h.owner.RevokeRole(ctx, alice, "")
	require.ErrorIs(t, err, ErrDenied)
	chain, err := h.owner.Explain(ctx, d.ID)
	require.NoError(t, err)
	require.Len(t, chain.Links, 3)
	rep, err := VerifyAccess(ctx, h.dir, &VerifyOptions{Fingerprint: h.owner.Fingerprint()})
	require.NoError(t, err)
	require.Empty(t, rep.Flags)
	require.True(t, rep.Trusted)
}
