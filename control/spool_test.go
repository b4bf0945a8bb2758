package control

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// A halt that could not be recorded holds for all, until a resume that stands in the
// log; then the file means nothing any more, also if somebody puts it back.
func TestSpooledPause(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	other := h.as(h.key)
	look := func() bool {
		other.looked, other.spoolRead = time.Time{}, time.Time{}
		_, ok, err := other.Paused(bg, "a", rbac.Production)
		require.NoError(t, err)
		return ok
	}
	// The key of the log cannot be read: nothing can be recorded.
	key := filepath.Join(h.dir, "keys", LogName+".key")
	require.NoError(t, os.Rename(key, key+".away"))
	out, err := operator.Pause(bg, "a", rbac.Production, "because")
	require.ErrorIs(t, err, ErrNotRecorded)
	require.NotErrorIs(t, err, ErrDenied)
	require.False(t, out.Recorded)
	require.True(t, look())
	_, _, err = operator.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
	require.ErrorIs(t, err, ErrNotRecorded)
	_, ok, err := other.Deployed(bg, "a", rbac.Sandbox)
	require.NoError(t, err)
	require.False(t, ok, "what cannot be recorded does not happen")

	laid := files(t, filepath.Join(h.dir, spoolName))
	require.Len(t, laid, 1)
	require.NoError(t, os.Rename(key+".away", key))
	out, err = operator.Pause(bg, "a", rbac.Production, "because")
	require.NoError(t, err)
	require.True(t, out.Recorded, "now it can be")
	require.Empty(t, files(t, filepath.Join(h.dir, spoolName)))
	_, err = h.owner.Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	require.False(t, look())

	for path, data := range laid {
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	}
	require.False(t, look(), "an old file has no effect")
	_, ok, err = h.as(h.key).Paused(bg, "a", rbac.Production)
	require.NoError(t, err)
	require.False(t, ok)
}

// No event can be taken for a halt that was laid down, nor a halt by who may not.
func TestSpoolForgeries(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	p := payload{At: h.clock.Now(), Key: viewer.cfg.Key.ID(), Reason: "because"}
	require.NoError(t, viewer.spool(p, &pauseOrder{Agent: "a", Environment: rbac.Production}))
	stranger := h.as(mint(t, carol))
	p.Key = h.key.ID()
	require.NoError(t, stranger.spool(p, &pauseOrder{Agent: "b", Environment: rbac.Production}))

	body, err := encode(&pauseOrder{Agent: "c", Environment: rbac.Production})
	require.NoError(t, err)
	event := h.owner.state.place(h.clock.Now())
	event.Kind, event.By, event.Key, event.Reason, event.Body = kindPause, alice, h.key.ID(), "because", body
	data, err := encode(&event)
	require.NoError(t, err)
	_, e, err := event.seal(by(h.key))
	require.NoError(t, err)
	file, err := encode(spooled{data, e.sig, h.key.Public()})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, spoolName, "pause-c.json"), file, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, spoolName, "pause-d.json"), []byte("{}"), 0o600))

	all, err := h.as(h.key).Pauses(bg)
	require.NoError(t, err)
	require.Empty(t, all)
}

// A run is stopped at once although somebody holds the ledger's lock for ever, and
// whoever gave the order still waits to have it recorded.
func TestStopsBeforeItIsRecorded(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	for name, cfg := range map[string]*GateConfig{"notified": nil, "polled": {PollOnly: true}} {
		t.Run(name, func(t *testing.T) {
			g := h.gate(cfg)
			a, stopped := admission("feed", rbac.Sandbox), make(chan audit.Kill, 2)
			_, err := g.Admit(bg, a, func(k audit.Kill) { stopped <- k })
			require.NoError(t, err)
			defer g.Leave(a.RunID)

			lock, err := durable.Disk{}.Lock(filepath.Join(h.dir, LogName, "lock"), true)
			require.NoError(t, err)
			ordered := make(chan error)
			go func() {
				_, err := operator.Kill(bg, Run{ID: a.RunID, Environment: rbac.Sandbox}, "because")
				ordered <- err
			}()
			select {
			case k := <-stopped:
				require.Equal(t, "because", k.Reason)
			case err := <-ordered:
				t.Fatalf("the order returned before the run was stopped: %v", err)
			}
			require.NoError(t, lock.Unlock())
			require.NoError(t, <-ordered)
			_, err = os.Stat(filepath.Join(h.dir, spoolName, spoolFile(kindKill, []byte(`{"run":"`+a.RunID+`","environment":"sandbox"}`))))
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

// Somebody was stopped while they held the ledger's lock: a kill goes round it.
func TestHaltBesideAHeldLock(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	watching := h.as(rbac.APIKey{})
	lock, err := durable.Disk{}.Lock(filepath.Join(h.dir, LogName, "lock"), true)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	run := ident.New("run")
	_, err = operator.Kill(ctx, Run{ID: run, Environment: rbac.Production}, "because")
	require.ErrorIs(t, err, ErrNotRecorded)
	watching.looked = time.Time{}
	kill, ok, err := watching.Killed(bg, run)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, kill.Recorded)

	require.NoError(t, lock.Unlock())
	require.Eventually(t, func() bool {
		kill, _, err := watching.Killed(bg, run)
		return err == nil && kill.Recorded
	}, 10*time.Second, time.Millisecond, "it is recorded when it can be")
}

// The same order to stop may be laid down by many at once, in this process or others,
// and by one who is impatient and then finds the log damaged. All of them succeed.
func TestHaltsLaidDownAtOnce(t *testing.T) {
	h := newHouse(t)
	o := &pauseOrder{Agent: "a", Environment: rbac.Production}
	p := h.owner.state.place(begin)
	p.Key = h.key.ID()
	errs := make(chan error)
	const each = 50
	for _, c := range []*Control{h.owner, h.as(h.key)} {
		go func() {
			for range each {
				errs <- c.spool(p, o)
			}
		}()
		go func() {
			for range each {
				errs <- c.spoolAtOnce(p, o)
			}
		}()
	}
	for range 4 * each {
		require.NoError(t, <-errs)
	}
	require.Len(t, files(t, filepath.Join(h.dir, spoolName)), 1)
}

// asking tells when a lock is asked for.
type asking struct {
	unsynced
	asked chan struct{}
}

func (a asking) Lock(name string, wait bool) (durable.Unlocker, error) {
	select {
	case a.asked <- struct{}{}:
	default:
	}
	return a.unsynced.Lock(name, wait)
}

// Who gave up waiting for the log can end as well: the halt stays laid down.
func TestCloseDoesNotWaitForAHeldLock(t *testing.T) {
	for name, opened := range map[string]bool{"that is opened": false, "that is open": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			asked := make(chan struct{}, 1)
			c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: asking{unsynced{durable.NewDisk()}, asked}})
			require.NoError(t, err)
			if opened {
				_, err := c.Pause(bg, "b", rbac.Sandbox, "")
				require.NoError(t, err)
				<-asked
			}
			lock, err := durable.Disk{}.Lock(filepath.Join(h.dir, LogName, "lock"), true)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			go func() {
				<-asked
				cancel()
			}()
			_, err = c.Pause(ctx, "a", rbac.Production, "because")
			require.ErrorIs(t, err, ErrNotRecorded)
			require.NoError(t, c.Close())
			require.NoError(t, c.Close())
			_, err = c.Pause(bg, "a", rbac.Production, "because")
			require.ErrorIs(t, err, ErrClosed)
			_, ok, err := h.as(h.key).Paused(bg, "a", rbac.Production)
			require.NoError(t, err)
			require.True(t, ok)
			require.NoError(t, lock.Unlock())
			_, err = h.owner.Resume(bg, "a", rbac.Production, "")
			require.NoError(t, err)
			require.Empty(t, h.owner.Flags())
		})
	}
}

// lay lays a halt down, whatever it says.
func (h *house) lay(key rbac.APIKey, p payload, o order) {
	h.t.Helper()
	p.Key, p.Reason = key.ID(), "because"
	require.NoError(h.t, (&Control{cfg: Config{Key: key, fs: durable.Disk{}}, dir: h.dir}).spool(p, o))
}

// Whose key was revoked stops nothing by stating a time at which it was not.
func TestHaltsOfARevokedKey(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	rotated := h.mint(bob)
	at := h.clock.Now()
	_, err := h.owner.RevokeKey(bg, operator.cfg.Key.ID(), "it was stolen")
	require.NoError(t, err)
	_, _, err = h.owner.RotateKey(bg, Rotation{Key: rotated.ID()})
	require.NoError(t, err)
	p := h.owner.state.place(at)
	h.lay(operator.cfg.Key, p, &pauseOrder{Agent: "a", Environment: rbac.Production})
	h.lay(rotated, p, &pauseOrder{Agent: "b", Environment: rbac.Production})
	all, err := h.as(h.key).Pauses(bg)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "b", all[0].Agent, "what was ordered stays ordered when the key is only replaced")
}

// A halt that was laid down in one vault stops nothing in another, where the same key is
// known, if somebody puts it there.
func TestHaltsOfAnotherVault(t *testing.T) {
	h := newHouse(t)
	there := newHouseOf(t, "fund")
	key := h.mint(alice)
	_, err := there.owner.AddKey(bg, rbac.NewKey{ID: key.ID(), Public: key.Public()}, KeyOrder{Subject: alice})
	require.NoError(t, err)
	h.lay(key, there.owner.state.place(h.clock.Now()), &pauseOrder{Agent: "a", Environment: rbac.Production})
	h.lay(key, h.owner.state.place(h.clock.Now()), &pauseOrder{Agent: "b", Environment: rbac.Production})
	all, err := h.as(h.key).Pauses(bg)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "b", all[0].Agent)
}

// A pause that states a place which the log does not have cannot be made to outlast every
// resume.
func TestHaltForAPlaceFarAhead(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	p := h.owner.state.place(h.clock.Now())
	p.Size = 1 << 60
	h.lay(operator.cfg.Key, p, &pauseOrder{Agent: "a", Environment: rbac.Production})
	c := h.as(h.key)
	_, ok, err := c.Paused(bg, "a", rbac.Production)
	require.NoError(t, err)
	require.True(t, ok, "it may be the log that was cut off")
	_, err = c.Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	for _, c := range []*Control{c, h.as(h.key)} {
		c.later()
		_, ok, err := c.Paused(bg, "a", rbac.Production)
		require.NoError(t, err)
		require.False(t, ok)
	}
}

// Whoever fills the directory with files that mean nothing does not hold up who looks for
// those that do: each is read once, unless it or the log changes.
func TestFloodOfHalts(t *testing.T) {
	h := newHouse(t)
	h.lay(mint(t, carol), h.owner.state.place(begin), &pauseOrder{Agent: "x", Environment: rbac.Production})
	dir := filepath.Join(h.dir, spoolName)
	const n = 100
	for name, data := range files(t, dir) {
		for i := range n {
			require.NoError(t, os.WriteFile(fmt.Sprintf("%s%d%s", name, i, spoolExt), []byte(data), 0o644))
		}
		require.NoError(t, os.Remove(name))
	}
	opened := new(atomic.Int64)
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: reading{unsynced{durable.NewDisk()}, opened}})
	require.NoError(t, err)
	defer c.Close() //nolint:errcheck // of the test only
	paused := func() (all []string) {
		t.Helper()
		c.later()
		opened.Store(0)
		halts, err := c.Pauses(bg)
		require.NoError(t, err)
		for _, halt := range halts {
			all = append(all, halt.Agent)
		}
		return all
	}
	const little = n / 2 // of the log
	require.Empty(t, paused())
	require.Less(t, opened.Load(), int64(little))

	o := &pauseOrder{Agent: "a", Environment: rbac.Production}
	h.lay(h.key, h.owner.state.place(h.clock.Now()), o)
	require.Equal(t, []string{"a"}, paused())
	require.Less(t, opened.Load(), int64(little))
	require.Equal(t, []string{"a"}, paused())

	_, err = h.as(h.key).Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	require.Empty(t, paused())
	require.GreaterOrEqual(t, opened.Load(), int64(n), "who may stop things may have changed")
	require.NoError(t, h.owner.refresh(bg))
	h.lay(h.key, h.owner.state.place(h.clock.Now()), o) // in the place of the one that has ended
	require.Equal(t, []string{"a"}, paused())
}

// A halt of somebody whose key becomes known only later counts from then on.
func TestHaltOfAKeyThatBecomesKnown(t *testing.T) {
	h := newHouse(t)
	_, err := h.owner.GrantRole(bg, bob, rbac.Operator, time.Time{}, "")
	require.NoError(t, err)
	key := mint(t, bob)
	h.lay(key, h.owner.state.place(h.clock.Now().Add(time.Hour)), &pauseOrder{Agent: "a", Environment: rbac.Production})
	c := h.as(h.key)
	for _, known := range []bool{false, true} {
		if known {
			_, err := h.owner.AddKey(bg, rbac.NewKey{ID: key.ID(), Public: key.Public()}, KeyOrder{Subject: bob})
			require.NoError(t, err)
		}
		c.later()
		_, ok, err := c.Paused(bg, "a", rbac.Production)
		require.NoError(t, err)
		require.Equal(t, known, ok)
	}
}
