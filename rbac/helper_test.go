package rbac

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// noon is when most tests happen.
var noon = time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// A world is a policy with the secrets of all who are in it, and a log of its
// own whose next index is next.
type world struct {
	t      testing.TB
	policy *Policy
	random *rand.ChaCha8
	next   uint64
}

var root = User("root@fund.com")

// newWorld returns a vault whose first owner is root.
func newWorld(t testing.TB, vault string, tier Tier) (*world, string) {
	w := &world{t: t, policy: new(Policy), random: rand.NewChaCha8([32]byte{1}), next: 1}
	key := w.mint(UserKind)
	require.NoError(t, w.policy.Init(Genesis{Vault: vault, Tier: tier, Owner: root, Key: key, Expires: noon.Add(1000 * day), At: noon}, 0))
	return w, key.ID
}

func (w *world) mint(kind Kind) NewKey {
	k, err := Mint(kind, w.random)
	require.NoError(w.t, err)
	return NewKey{ID: k.ID(), Public: k.Public()}
}

// request fills in what all requests to w have in common.
func (w *world) request(r Request) Request {
	r.Vault = w.policy.vault
	if r.At.IsZero() {
		r.At = noon
	}
	return r
}

// apply applies what must be allowed.
func (w *world) apply(r Request) Decision {
	w.t.Helper()
	d := w.try(r)
	require.True(w.t, d.Allowed, "%s", d.Reason())
	return d
}

// try applies a request, and checks that what is denied changes nothing, and
// that asking first gives the same answer.
func (w *world) try(r Request) Decision {
	w.t.Helper()
	r = w.request(r)
	before := w.policy.State()
	asked := w.policy.Authorize(r)
	require.Equal(w.t, before, w.policy.State(), "a question changes nothing")
	d := w.policy.Apply(r, w.next)
	require.Equal(w.t, asked, d)
	if !d.Allowed {
		require.Equal(w.t, before, w.policy.State(), "what is denied changes nothing")
	}
	w.next++
	return d
}

// join gives s a role, if it is one, and a key, and returns the key's id.
func (w *world) join(by string, s Subject, role Role) string {
	w.t.Helper()
	key := w.mint(s.Kind)
	w.apply(Request{Key: by, Action: CreateKey, Target: s, NewKey: key, Expires: noon.Add(1000 * day)})
	if role != 0 {
		w.apply(Request{Key: by, Action: GrantRole, Target: s, Role: role})
	}
	return key.ID
}
