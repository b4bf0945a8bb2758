package control

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// Repeated denials are counted.
func TestRepeatedDenials(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	pause := func() Outcome {
		out, err := viewer.Pause(bg, "a", rbac.Production, "because")
		require.ErrorIs(t, err, ErrDenied)
		return out
	}
	n := len(h.kinds())
	first := pause()
	require.True(t, first.Recorded)
	for range 10 {
		require.False(t, pause().Recorded)
	}
	require.Len(t, h.kinds(), n+1)
	h.clock.now = h.clock.now.Add(foldFor)
	require.True(t, pause().Recorded)
	require.Equal(t, []string{kindDenied, kindDenied, kindRepeats}, h.kinds()[n:])
	var b repeatsBody
	require.NoError(t, json.Unmarshal(h.last().Body, &b))
	require.Equal(t, 10, b.Count)
	require.Equal(t, first.Index, b.Of)
	require.Zero(t, h.last().By)

	require.False(t, pause().Recorded)
	require.NoError(t, viewer.Close())
	require.Equal(t, kindRepeats, h.last().Kind)
	require.Empty(t, h.owner.Flags())
	_, err := viewer.Pause(bg, "a", rbac.Production, "because")
	require.ErrorIs(t, err, ErrClosed)
}

// Denials of ever other orders do not fill the log either, and none is forgotten.
func TestDenialsOfManyOrders(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	n := len(h.kinds())
	const all = 500
	recorded := 0
	kill := func() {
		out, err := viewer.Kill(bg, Run{ID: ident.New("run"), Environment: rbac.Sandbox}, "because")
		require.ErrorIs(t, err, ErrDenied)
		if out.Recorded {
			recorded++
		}
	}
	start := h.clock.now
	for i := range all {
		h.clock.now = start.Add(time.Duration(i) * foldFor / all) // a look takes a second
		kill()
	}
	require.LessOrEqual(t, recorded, 2*foldAfter)
	require.NoError(t, viewer.Close())
	denied := 0
	for e, err := range h.owner.Events(bg, uint64(n)) {
		require.NoError(t, err)
		denied++
		if e.Kind == kindRepeats {
			var b repeatsBody
			require.NoError(t, json.Unmarshal(e.Body, &b))
			require.True(t, b.Other)
			denied += b.Count - 1
		}
	}
	require.Equal(t, all, denied)
	require.Less(t, len(h.kinds())-n, 2*recorded)
	require.Len(t, h.owner.state.denials[bob], foldAfter)
	require.Empty(t, h.owner.Flags())
}

// told returns how many denials the log tells of from index from on, and in how many
// records.
func (h *house) told(from int) (denials, records int) {
	h.t.Helper()
	for e, err := range h.owner.Events(bg, uint64(from)) {
		require.NoError(h.t, err)
		switch e.Kind {
		case kindDenied:
			denials++
		case kindRepeats:
			var b repeatsBody
			require.NoError(h.t, json.Unmarshal(e.Body, &b))
			denials += b.Count
		default:
			continue
		}
		records++
	}
	return denials, records
}

// A command that is given again and again makes a process each time. What the log says
// of the last minute bounds them all, and none is forgotten.
func TestDenialsOfManyProcesses(t *testing.T) {
	const all = 100
	for name, tc := range map[string]struct {
		order   func(c *Control) (Outcome, error)
		records int // at most, in a minute
	}{
		"the same": {func(c *Control) (Outcome, error) { return c.Pause(bg, "a", rbac.Production, "because") }, 2},
		"others": {func(c *Control) (Outcome, error) {
			return c.Kill(bg, Run{ID: ident.New("run"), Environment: rbac.Sandbox}, "because")
		}, foldAfter + 1},
		"not said why": {func(c *Control) (Outcome, error) { return c.View(bg) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			stranger := mint(t, carol)
			viewer := h.join(bob, rbac.Viewer).cfg.Key
			if name == "not said why" {
				viewer = stranger
			}
			n := len(h.kinds())
			start := h.clock.now
			for i := range all {
				c := h.as(viewer)
				h.clock.now = start.Add(time.Duration(i) * time.Millisecond)
				out, err := tc.order(c)
				require.ErrorIs(t, err, ErrDenied)
				require.True(t, out.Recorded || i > 0, "the first always")
				require.NoError(t, c.Close())
			}
			_, records := h.told(n)
			require.LessOrEqual(t, records, tc.records)

			h.clock.now = start.Add(2*foldFor + time.Second)
			out, err := tc.order(h.as(viewer))
			require.ErrorIs(t, err, ErrDenied)
			require.True(t, out.Recorded, "a minute later")
			denials, _ := h.told(n)
			require.Equal(t, all+1, denials)
			require.NoFileExists(t, filepath.Join(h.dir, LogName, tallyName))
			require.Empty(t, h.owner.Flags())
			same(t, h.owner.state, h.as(viewer).state)
		})
	}
}

// A tally that somebody spoils is worth nothing, and stops nobody.
func TestSpoiledTally(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	for _, data := range []string{"", "{", "[{}]", `[{"of":99999,"count":1},{"of":1,"count":-1}]`, "[" + string(make([]byte, maxTally)) + "]"} {
		require.NoError(t, os.WriteFile(filepath.Join(h.dir, LogName, tallyName), []byte(data), 0o600))
		h.clock.now = h.clock.now.Add(foldFor)
		n := len(h.kinds())
		out, err := viewer.Pause(bg, "a", rbac.Production, "because")
		require.ErrorIs(t, err, ErrDenied)
		require.True(t, out.Recorded)
		require.Equal(t, []string{kindDenied}, h.kinds()[n:], data)
	}
	require.Empty(t, h.owner.Flags())
}

// reading counts the files that are opened.
type reading struct {
	unsynced
	opened *atomic.Int64
}

func (r reading) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	r.opened.Add(1)
	return r.unsynced.OpenFile(name, flag, perm)
}

// Nor does one that has many records looked up, or numbers that do not fit, while all wait
// for who holds the log's lock.
func TestLongTally(t *testing.T) {
	h := newHouse(t)
	opened := new(atomic.Int64)
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: reading{unsynced{durable.NewDisk()}, opened}})
	require.NoError(t, err)
	defer c.Close() //nolint:errcheck // of the test only
	viewer := h.join(bob, rbac.Viewer)
	_, err = viewer.Pause(bg, "a", rbac.Production, "because")
	require.ErrorIs(t, err, ErrDenied)
	index := h.last().Index
	kept := fmt.Sprintf(`{"of":%d,"count":%d}`, index, math.MaxInt)
	data := "[" + strings.Repeat(`{"of":0,"count":1},`, 3000) + kept + "," + kept + "]"
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, LogName, tallyName), []byte(data), 0o600))
	h.clock.now = h.clock.now.Add(foldFor)
	opened.Store(0)
	_, err = c.Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	_, err = c.GrantRole(bg, carol, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)
	require.Less(t, opened.Load(), int64(500))
	require.Equal(t, kindRepeats, h.last().Kind)
	var b repeatsBody
	require.NoError(t, json.Unmarshal(h.last().Body, &b))
	require.Equal(t, repeatsBody{Of: index, Count: math.MaxInt}, b)
}

// Nor can it be said by one that what was allowed was denied.
func TestTallyOfNoDenial(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	n := len(h.kinds())
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, LogName, tallyName), []byte(`[{"of":0,"count":7},{"of":1,"count":7,"other":true}]`), 0o600))
	_, err := h.owner.Pause(bg, "a", rbac.Production, "because")
	require.NoError(t, err)
	_, err = viewer.Pause(bg, "b", rbac.Production, "because")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, []string{kindPause, kindDenied}, h.kinds()[n:])

	// Denials that the state no longer keeps are looked up.
	first := len(h.kinds()) - 1
	for range foldAfter {
		h.clock.now = h.clock.now.Add(foldFor)
		_, err = viewer.Kill(bg, Run{ID: ident.New("run"), Environment: rbac.Sandbox}, "because")
		require.ErrorIs(t, err, ErrDenied)
	}
	require.NoError(t, h.owner.refresh(bg))
	require.Nil(t, h.owner.state.pastDenial(uint64(first)))
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, LogName, tallyName), fmt.Appendf(nil, `[{"of":%d,"count":2},{"of":%[1]d,"count":3}]`, first), 0o600))
	_, err = h.owner.Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	require.Equal(t, kindRepeats, h.last().Kind)
	var b repeatsBody
	require.NoError(t, json.Unmarshal(h.last().Body, &b))
	require.Equal(t, repeatsBody{Of: uint64(first), Count: 5}, b)
}

// Somebody without a key whose clock is far ahead, or was, does not hide what others are
// denied.
func TestDenialsOfAClockThatIsAhead(t *testing.T) {
	h := newHouse(t)
	stranger := h.as(mint(t, bob))
	kill := func(c *Control) Outcome {
		out, err := c.Kill(bg, Run{ID: ident.New("run"), Environment: rbac.Sandbox}, "because")
		require.ErrorIs(t, err, ErrDenied)
		return out
	}
	now := h.clock.now
	h.clock.now = now.AddDate(70, 0, 0)
	for range foldAfter + 1 {
		kill(stranger)
	}
	h.clock.now = now
	other := h.as(mint(t, carol))
	for range foldAfter {
		require.True(t, kill(other).Recorded)
	}
	require.False(t, kill(other).Recorded, "these are bounded as well")
	require.Empty(t, h.owner.Flags())
}

// Who gives an order to stop hears at once that it is recorded, whatever else there is to
// record.
func TestHaltsDoNotWaitForRepeats(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	for range 2 {
		_, _, err := operator.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Production})
		require.ErrorIs(t, err, ErrDenied)
	}
	h.clock.now = h.clock.now.Add(foldFor)
	_, err := operator.Pause(bg, "a", rbac.Sandbox, "")
	require.NoError(t, err)
	require.Equal(t, kindPause, h.last().Kind)
	_, err = operator.Resume(bg, "a", rbac.Sandbox, "")
	require.NoError(t, err)
	require.Equal(t, kindRepeats, h.last().Kind)
}
