package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// clone returns a copy that does not change any more.
func (h *history) clone() *history {
	return &history{maps.Clone(h.acked), maps.Clone(h.written), maps.Clone(h.absent), h.appends, h.wrong, nil}
}

// crashed is one state that a power cut may leave, and what had been
// acknowledged by then.
type crashed struct {
	fs   *memFS
	h    *history
	what string
}

// What may survive of all that was not synced.
func nothing(change) bool        { return false }
func everything(change) bool     { return true }
func noTruncation(c change) bool { return !c.truncate }
func some(rnd *rand.Rand, outOf int) func(change) bool {
	return func(change) bool { return rnd.IntN(outOf) == 0 }
}
func most(rnd *rand.Rand, outOf int) func(change) bool {
	return func(change) bool { return rnd.IntN(outOf) != 0 }
}

// crashes runs the scenario on what wrap makes of a file system in memory and
// returns the distinct states that a power cut could leave before any of its
// operations.
func crashes(o Options, seed uint64, wrap func(*memFS) durable.FS) (out []crashed) {
	mem, h := newMemFS("vault"), newHistory()
	rnd := rand.New(rand.NewPCG(seed, 0))
	seen := map[[sha256.Size]byte]bool{}
	n := 0
	half := some(rnd, 2)
	spy := &faultFS{FS: wrap(mem), spy: func() {
		n++
		for i, survive := range []func(change) bool{
			nothing, everything, noTruncation, half, half, half, half, some(rnd, 8), most(rnd, 8),
		} {
			for _, sector := range []int{512, 4096} {
				after := mem.crash(sector, survive)
				if sum := after.sum(); !seen[sum] {
					seen[sum] = true
					out = append(out, crashed{after, h.clone(), fmt.Sprintf("before change %d, way %d, sectors of %d", n, i, sector)})
				}
			}
		}
	}}
	scenario(spy, o, h)
	return out
}

// sum identifies the state of a file system.
func (m *memFS) sum() (out [sha256.Size]byte) {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(m.nodes)) {
		fmt.Fprintf(h, "%q %v %x\n", path, m.nodes[path].dir, sha256.Sum256(m.nodes[path].data))
	}
	h.Sum(out[:0])
	return out
}

// TestPowerCut enumerates what a power cut may leave: writes that were not
// synced are dropped, torn and reordered, names that were not synced are there or
// not. Whatever was acknowledged as durable stays, and nothing looks like
// tampering.
func TestPowerCut(t *testing.T) {
	t.Run("v1", func(t *testing.T) { cutEverywhere(t, func(m *memFS) durable.FS { return olderFormat{m} }) })
	t.Run("v2", func(t *testing.T) { cutEverywhere(t, func(m *memFS) durable.FS { return m }) })
}

func cutEverywhere(t *testing.T, wrap func(*memFS) durable.FS) {
	o := *testOptions(t)
	o.NoPadding = true
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var states []crashed
	for len(states) < 1000 {
		states = append(states, crashes(o, seed, wrap)...)
		seed++
	}
	step := sparse(40)
	for i := 0; i < len(states); i += step {
		require.NoError(t, settled(states[i].fs, o, states[i].h), states[i].what)
	}
	t.Logf("%d states, of which one in %d was looked at", len(states), step)
}

// TestPowerCutAfterAFailure lets the power fail while the ledger deals with the
// failure of a write, a truncation or a sync, or when it has done so.
func TestPowerCutAfterAFailure(t *testing.T) {
	const states = 3 // after each failure
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	ways := []func(change) bool{nothing, everything, noTruncation, some(rnd, 2)}
	o := *testOptions(t)
	o.NoPadding = true
	calm := &faultFS{FS: newMemFS("vault")}
	scenario(calm, o, newHistory())
	n := 0
	for _, f := range faults {
		for k := int64(1); k <= calm.count.Load(); k += int64(sparse(25)) {
			mem, h := newMemFS("vault"), newHistory()
			sick := &faultFS{FS: mem, fault: f, at: k}
			cut := func(survive func(change) bool) {
				n++
				require.NoError(t, settled(mem.crash(512, survive), o, h.clone()), "%s: operation %d: %s", f.name, k, *sick.what.Load())
			}
			here := 0
			sick.spy = func() {
				if what := sick.what.Load(); what != nil && here < states && harmsSegment(*what) && rnd.IntN(3) == 0 {
					here++
					cut(ways[rnd.IntN(len(ways))])
				}
			}
			scenario(sick, o, h)
			if harmsSegment(*sick.what.Load()) {
				cut(nothing)
			}
		}
	}
	t.Logf("%d states", n)
}

// harmsSegment reports whether a failed operation is one that changes a segment.
func harmsSegment(what string) bool {
	op, name, _ := strings.Cut(what, " ")
	return strings.HasSuffix(name, segmentExt) && (op == "write" || op == "truncate" || op == "sync")
}

// TestKillThenPowerCut kills the process before each operation, lets another
// one open the log, today or tomorrow, and then cuts the power, at once or after
// another record: what that one found and took for durable stays.
func TestKillThenPowerCut(t *testing.T) {
	o := *testOptions(t)
	o.NoPadding = true
	calm := &faultFS{FS: newMemFS("vault")}
	scenario(calm, o, newHistory())
	for k := int64(1); k <= calm.count.Load(); k += int64(sparse(25)) {
		for day := range 2 {
			for more := range 2 {
				mem, h := newMemFS("vault"), newHistory()
				scenario(&faultFS{FS: mem, fault: fault{err: syscall.EIO, final: true}, at: k}, o, h)
				next := o
				next.FS = mem
				next.Now = func() time.Time { return fixedTime().AddDate(0, 0, day) }
				l, _, err := Open(context.Background(), memDir, &next)
				if errors.Is(err, ErrNotFound) {
					continue
				}
				require.NoError(t, err, "killed before operation %d", k)
				for index, n := range h.written {
					require.Less(t, index, l.Durable().Size, "killed before operation %d: record %d was written", k, n)
					h.acked[index] = n
				}
				for range more {
					h.append(l, true)
				}
				after := mem.crash(512, nothing)
				require.NoError(t, l.Close())
				require.NoError(t, settled(after, o, h), "killed before operation %d", k)
			}
		}
	}
}
