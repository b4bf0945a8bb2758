package control

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// quiet returns a Control of a vault in which nothing has happened for long, and the
// vault.
func quiet(t *testing.T) (*Control, *house) {
	if runtime.GOOS != "linux" {
		t.Skip("the system does not tell without allocating")
	}
	h := newHouse(t)
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	long := time.Now().Add(-time.Hour)
	for _, dir := range ledger.WrittenIn(c.cfg.fs, c.log) {
		require.NoError(t, os.Chtimes(dir, long, long))
	}
	c.glance = c.glanceAt(time.Now().Add(time.Hour))
	require.True(t, c.glance.same())
	return c, h
}

// later is when a close look is due again.
func (c *Control) later() { c.looked, c.spoolRead = time.Time{}, time.Time{} }

func TestLooksDoNotAllocate(t *testing.T) {
	c, _ := quiet(t)
	r := rbac.Request{Action: rbac.Deploy, Environment: rbac.Production}
	buf := make([]byte, 0, 1024)
	looks := 0
	got := testing.AllocsPerRun(1000, func() {
		c.later()
		d := c.Authorize(bg, r)
		if buf = d.AppendReason(buf[:0]); d.Allowed && !c.looked.IsZero() {
			looks++
		}
	})
	require.Zero(t, got)
	require.Equal(t, 1001, looks)
}

// Whatever a close look would notice has one made.
func TestGlancesMissNothing(t *testing.T) {
	replace := func(t *testing.T, name string) {
		require.NoError(t, os.Rename(name, name+".old"))
		require.NoError(t, os.CopyFS(name, os.DirFS(name+".old")))
	}
	for name, tc := range map[string]struct {
		change  func(t *testing.T, h *house)
		noticed func(c *Control) bool
	}{
		"an order": {func(t *testing.T, h *house) {
			_, err := h.owner.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(h.dir, LogName, horizonName)), "which would tell of it")
		}, func(c *Control) bool { return c.state.tree.Size() == 2 }},
		"a halt that was laid down": {func(t *testing.T, h *house) {
			o := &pauseOrder{Agent: "a", Environment: rbac.Production}
			p := h.owner.state.place(begin.Add(time.Minute))
			p.Key, p.Reason = h.key.ID(), "because"
			require.NoError(t, h.owner.spoolAtOnce(p, o))
		}, func(c *Control) bool { return len(c.state.paused) == 1 }},
		"a log that was exchanged": {func(t *testing.T, h *house) { replace(t, filepath.Join(h.dir, LogName)) },
			func(c *Control) bool { return c.damage != nil }},
		"a day that was exchanged": {func(t *testing.T, h *house) {
			dirs := ledger.WrittenIn(h.owner.cfg.fs, h.owner.log)
			replace(t, dirs[len(dirs)-1])
		}, func(c *Control) bool { return c.damage != nil }},
		"a segment that is gone": {func(t *testing.T, h *house) {
			files, err := filepath.Glob(filepath.Join(h.dir, LogName, "segments", "*", "*.jsonl"))
			require.NoError(t, err)
			require.NoError(t, os.Remove(files[0]))
		}, func(c *Control) bool { return c.damage != nil }},
		"a segment that was cut": {func(t *testing.T, h *house) {
			files, err := filepath.Glob(filepath.Join(h.dir, LogName, "segments", "*", "*.jsonl"))
			require.NoError(t, err)
			require.NoError(t, os.Truncate(files[0], 100))
		}, func(c *Control) bool { return c.damage != nil }},
		"a log that is gone": {func(t *testing.T, h *house) { require.NoError(t, os.RemoveAll(filepath.Join(h.dir, LogName))) },
			func(c *Control) bool { return c.damage != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c, h := quiet(t)
			c.later()
			require.NoError(t, c.refresh(bg))
			require.False(t, tc.noticed(c))
			tc.change(t, h)
			for range 2 { // it takes a second look to tell an unfinished write from damage
				c.later()
				_ = c.refresh(bg)
			}
			require.True(t, tc.noticed(c))
		})
	}
}

// A directory that changed just now may change again within the same tick.
func TestGlanceAtWhatHasNotSettled(t *testing.T) {
	c, h := quiet(t)
	require.Empty(t, c.glanceAt(time.Now()).dirs)
	c.later()
	_, err := h.owner.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)
	require.NoError(t, c.refresh(bg))
	require.Empty(t, c.glance.dirs)
}

// A look that did not hear of a halt is not the last one, however long ago the
// directory seems to have changed: its times may be those of another clock.
func TestGlanceAfterHaltsThatWereNotRead(t *testing.T) {
	late := func() time.Time { return time.Now().Add(time.Hour) }
	t.Run("because they were just before", func(t *testing.T) {
		c, h := quiet(t)
		require.NoError(t, c.lookClosely(late()))
		p := h.owner.state.place(begin.Add(time.Minute))
		p.Key, p.Reason = h.key.ID(), "because"
		require.NoError(t, h.owner.spoolAtOnce(p, &pauseOrder{Agent: "a", Environment: rbac.Production}))
		c.spoolRead = time.Now()
		require.NoError(t, c.lookClosely(late()))
		require.Empty(t, c.state.paused, "the case that this test is about")
		c.later()
		require.NoError(t, c.refresh(bg))
		require.Len(t, c.state.paused, 1)
	})
	t.Run("because one cannot be", func(t *testing.T) {
		c, h := quiet(t)
		dir := filepath.Join(h.dir, spoolName)
		require.NoError(t, os.Mkdir(dir, 0o755))
		loop := filepath.Join(dir, "pause-x.json")
		require.NoError(t, os.Symlink(loop, loop))
		c.later()
		require.NoError(t, c.lookClosely(late()))
		require.False(t, c.glance.same())
		require.NoError(t, os.Remove(loop))
		c.later()
		require.NoError(t, c.lookClosely(late()))
		require.True(t, c.glance.same())
	})
}

// A revoke that begins a new file of the log, because the day changed, is seen by the next
// decision like any other, also by who last looked when the old file had just ended,
// and without the horizon.
func TestRevokeOnANewDay(t *testing.T) {
	for name, horizon := range map[string]bool{"horizon": true, "no horizon": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.join(bob, rbac.Admin)
			allowed := func() bool {
				return c.Authorize(bg, rbac.Request{Action: rbac.Deploy, Environment: rbac.Sandbox}).Allowed
			}
			for range 5 {
				require.True(t, allowed())
				if !horizon {
					require.NoError(t, os.Remove(filepath.Join(h.dir, LogName, horizonName)))
					c.horizon.close()
				}
				h.clock.now = h.clock.now.AddDate(0, 0, 1)
				_, err := h.owner.RevokeRole(bg, bob, "")
				require.NoError(t, err)
				require.False(t, allowed())
				h.clock.now = h.clock.now.AddDate(0, 0, 1)
				_, err = h.owner.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
				require.NoError(t, err)
			}
			days, err := os.ReadDir(filepath.Join(h.dir, LogName, "segments"))
			require.NoError(t, err)
			require.Len(t, days, 11)
		})
	}
}
