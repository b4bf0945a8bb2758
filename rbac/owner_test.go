package rbac

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	alice = User("alice@fund.com")
	bob   = User("bob@fund.com")
)

// TestLastOwnerStays tries every path on which a vault could lose its last
// owner.
func TestLastOwnerStays(t *testing.T) {
	for name, tc := range map[string]struct {
		// prepare makes a second owner who is none to rely on, and returns a
		// request that would leave nobody else.
		prepare func(w *world, by string) Request
	}{
		"drops the role": {func(w *world, by string) Request {
			return Request{Key: by, Action: RevokeRole, Target: root}
		}},
		"takes a lower role": {func(w *world, by string) Request {
			return Request{Key: by, Action: GrantRole, Target: root, Role: Admin}
		}},
		"becomes owner for a time": {func(w *world, by string) Request {
			return Request{Key: by, Action: GrantRole, Target: root, Role: Owner, Expires: noon.Add(day)}
		}},
		"revokes the only key": {func(w *world, by string) Request {
			return Request{Key: by, Action: RevokeKey, TargetKey: by}
		}},
		"revokes the successor of a key": {func(w *world, by string) Request {
			next := w.mint(UserKind)
			w.apply(Request{Key: by, Action: RotateKey, TargetKey: by, NewKey: next, Until: noon.Add(day)})
			return Request{Key: by, Action: RevokeKey, TargetKey: next.ID}
		}},
		"the other owner has no key": {func(w *world, by string) Request {
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner})
			return Request{Key: by, Action: RevokeRole, Target: root}
		}},
		"the other owner's key was revoked": {func(w *world, by string) Request {
			key := w.join(by, bob, Owner)
			w.apply(Request{Key: by, Action: RevokeKey, TargetKey: key})
			return Request{Key: by, Action: RevokeRole, Target: root}
		}},
		"the other owner's key has expired": {func(w *world, by string) Request {
			w.apply(Request{Key: by, Action: CreateKey, Target: bob, NewKey: w.mint(UserKind), Expires: noon.Add(time.Hour)})
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner})
			return Request{Key: by, Action: RevokeRole, Target: root, At: noon.Add(time.Hour)}
		}},
		"the other owner's role will expire": {func(w *world, by string) Request {
			w.join(by, bob, 0)
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner, Expires: noon.Add(day)})
			return Request{Key: by, Action: RevokeRole, Target: root}
		}},
		"the other owner's role has expired, and the third one's key": {func(w *world, by string) Request {
			w.join(by, bob, 0)
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner, Expires: noon.Add(time.Hour)})
			w.apply(Request{Key: by, Action: CreateKey, Target: User("carol"), NewKey: w.mint(UserKind), Expires: noon.Add(time.Hour)})
			w.apply(Request{Key: by, Action: GrantRole, Target: User("carol"), Role: Owner})
			return Request{Key: by, Action: RevokeRole, Target: root, At: noon.Add(time.Hour)}
		}},
		"another owner removes the last one for good": {func(w *world, by string) Request {
			key := w.join(by, bob, 0)
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner, Expires: noon.Add(day)})
			return Request{Key: key, Action: RevokeRole, Target: root}
		}},
		"another owner revokes the key of the last one for good": {func(w *world, by string) Request {
			key := w.join(by, bob, 0)
			w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Owner, Expires: noon.Add(day)})
			return Request{Key: key, Action: RevokeKey, TargetKey: by}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w, by := newWorld(t, "company", L2)
			r := tc.prepare(w, by)
			d := w.try(r)
			assert.Equal(t, LastOwner, d.Code)
			assert.Equal(t, "company would be left without an owner who can act: make somebody else owner for good, with a key, first.", d.Reason())

			// With one more owner who is one to rely on, the same is allowed.
			w.join(by, alice, Owner)
			w.apply(r)
		})
	}
}

// TestTimeLocksNobodyOut lets all keys expire.
func TestTimeLocksNobodyOut(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	old := w.join(by, alice, Owner)
	w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Admin})
	bobs := w.mint(UserKind)
	w.apply(Request{Key: by, Action: CreateKey, Target: bob, NewKey: bobs, Expires: noon.Add(1000 * day)})
	successor := w.mint(UserKind)
	w.apply(Request{Key: old, Action: RotateKey, TargetKey: old, NewKey: successor})

	later := noon.Add(1000 * day)
	deny := func(code Code, r Request) {
		t.Helper()
		r.At, r.NewKey = later, w.mint(UserKind)
		assert.Equal(t, code, w.try(r).Code)
	}
	deny(KeyExpired, Request{Key: by, Action: View})
	deny(KeyExpired, Request{Key: by, Action: CreateKey, Target: root})
	deny(KeyExpired, Request{Key: by, Action: RotateKey, TargetKey: successor.ID})
	deny(KeyExpired, Request{Key: bobs.ID, Action: RotateKey, TargetKey: bobs.ID})
	deny(KeyRevoked, Request{Key: old, Action: RotateKey, TargetKey: old})

	renewed := w.mint(UserKind)
	w.apply(Request{Key: by, Action: RotateKey, TargetKey: by, NewKey: renewed, At: later})
	w.apply(Request{Key: renewed.ID, Action: View, At: later})
	deny(KeyExpired, Request{Key: successor.ID, Action: RotateKey, TargetKey: successor.ID})
	deny(KeyRevoked, Request{Key: by, Action: RotateKey, TargetKey: by})
}

// TestTwoOwnersRemoveEachOther at once: one of them succeeds.
func TestTwoOwnersRemoveEachOther(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	alices := w.join(by, alice, Owner)
	bobs := w.join(by, bob, Owner)
	w.apply(Request{Key: by, Action: RevokeRole, Target: root})
	s := w.policy.State()
	requests := []Request{
		w.request(Request{Key: alices, Action: RevokeRole, Target: bob}),
		w.request(Request{Key: bobs, Action: GrantRole, Target: alice, Role: Viewer}),
		w.request(Request{Key: bobs, Action: RevokeKey, TargetKey: alices}),
		w.request(Request{Key: alices, Action: RevokeRole, Target: alice}),
	}
	for round := range 1000 {
		p, err := Restore(s)
		require.NoError(t, err)
		var all sync.WaitGroup
		start := make(chan struct{})
		for _, r := range requests {
			all.Go(func() {
				<-start
				p.Apply(r, uint64(100+round))
			})
		}
		close(start)
		all.Wait()
		require.NoError(t, governed(p.State(), noon))
	}
}
