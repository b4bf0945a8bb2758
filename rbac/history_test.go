package rbac

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A model is the policy in its simplest form: it keeps everything in plain maps,
// makes each change on a copy, and looks at what came of it. Roles come from the
// design's table.
type model struct {
	t     testing.TB
	rows  map[string]map[string]string
	tier  Tier
	roles map[Subject]modelRole
	keys  map[string]modelKey
}

type modelRole struct {
	role    Role
	expires time.Time
}

type modelKey struct {
	holder                    Subject
	created, expires, revoked time.Time
}

func (k modelKey) valid(at time.Time) bool {
	return at.Before(k.expires) && (k.revoked.IsZero() || at.Before(k.revoked))
}

// ownerWho reports whether there is an owner for whom f holds with one of their
// keys.
func (m *model) ownerWho(f func(modelRole, modelKey) bool) bool {
	for s, r := range m.roles {
		for _, k := range m.keys {
			if k.holder == s && r.role == Owner && f(r, k) {
				return true
			}
		}
	}
	return false
}

func (m *model) ownerActs(at time.Time) bool {
	return m.ownerWho(func(r modelRole, k modelKey) bool {
		return (r.expires.IsZero() || at.Before(r.expires)) && k.valid(at)
	})
}

func (m *model) ownerLasts() bool {
	return m.ownerWho(func(r modelRole, k modelKey) bool { return r.expires.IsZero() && k.revoked.IsZero() })
}

// apply makes the change and reports true, or reports false.
func (m *model) apply(r Request) bool {
	key, ok := m.keys[r.Key]
	if !ok {
		return false
	}
	asker := key.holder
	role, ok := m.roles[asker]
	if !ok || !role.expires.IsZero() && !r.At.Before(role.expires) {
		return false
	}
	old, known := m.keys[r.TargetKey]
	own := r.Target == asker
	if r.Action == RotateKey || r.Action == RevokeKey {
		own = known && old.holder == asker
	}
	if !key.valid(r.At) {
		renewal := r.Action == RotateKey && r.Key == r.TargetKey && role.role == Owner && key.revoked.IsZero() && !m.ownerActs(r.At)
		if !renewal {
			return false
		}
	}
	if !oracle(m.t, m.rows, question{role.role.String(), string(r.Action), string(r.Environment), string(m.tier), own, r.Reason}) {
		return false
	}
	next := *m
	next.roles, next.keys = maps.Clone(m.roles), maps.Clone(m.keys)
	switch r.Action {
	case GrantRole:
		if !r.Expires.IsZero() && !r.Expires.After(r.At) {
			return false
		}
		longer := !role.expires.IsZero() && (r.Expires.IsZero() || r.Expires.After(role.expires))
		if own && (r.Role > role.role || longer) {
			return false
		}
		next.roles[r.Target] = modelRole{r.Role, r.Expires}
	case RevokeRole:
		if _, ok := m.roles[r.Target]; !ok {
			return false
		}
		delete(next.roles, r.Target)
	case CreateKey:
		if m.keys[r.NewKey.ID] != (modelKey{}) || !r.Expires.After(r.At) {
			return false
		}
		next.keys[r.NewKey.ID] = modelKey{holder: r.Target, created: r.At, expires: r.Expires}
	case RotateKey:
		if !known || !old.revoked.IsZero() || m.keys[r.NewKey.ID] != (modelKey{}) || !r.Expires.After(r.At) {
			return false
		}
		if own && r.Expires.Sub(r.At) > old.expires.Sub(old.created) {
			return false
		}
		old.revoked = r.Until
		next.keys[r.TargetKey] = old
		next.keys[r.NewKey.ID] = modelKey{holder: old.holder, created: r.At, expires: r.Expires}
	case RevokeKey:
		if !known || !old.revoked.IsZero() && !r.At.Before(old.revoked) {
			return false
		}
		old.revoked = r.At
		next.keys[r.TargetKey] = old
	}
	// What would leave nobody to govern does not happen. Where nobody could act before,
	// that is not the doing of this change.
	if m.ownerActs(r.At) && !next.ownerActs(r.At) || !next.ownerLasts() {
		return false
	}
	*m = next
	return true
}

// governed reports who governs a vault that has come to that state.
func governed(s State, at time.Time) error {
	acts, lasts := false, false
	for _, g := range s.Grants {
		for _, k := range s.Keys {
			if g.Subject != k.Subject || g.Role != Owner {
				continue
			}
			acts = acts || k.Valid(at) && (g.Expires.IsZero() || g.Expires.After(at))
			lasts = lasts || k.Revoked.IsZero() && g.Expires.IsZero()
		}
	}
	if !acts || !lasts {
		return fmt.Errorf("an owner can act: %v; is there for good: %v", acts, lasts)
	}
	return nil
}

// TestRandomHistories holds the policy against the model after each of many
// random events, and then replays what it allowed.
func TestRandomHistories(t *testing.T) {
	histories := 1000
	if testing.Short() {
		histories = 200
	}
	counts := map[Code]int{}
	for seed := range histories {
		h := newHistory(t, seed)
		for range 60 {
			d, err := h.step((*Policy).Apply)
			require.NoError(t, err)
			counts[d.Code]++
		}
		h.replay()
	}
	for _, code := range append([]Code{Permitted}, ignorable...) {
		require.Greater(t, counts[code], histories/100, "the histories reach %s; they had %v", code, counts)
	}
}

// ignorable are the codes that histories reach.
var ignorable = []Code{KeyInvalid, KeyRevoked, KeyExpired, GrantExpired, RoleInsufficient, ReasonMissing, UnknownSubject,
	UnknownTarget, SelfRaise, LastOwner, EndsTooSoon, KeyExists}

// TestRandomHistoriesFindEachMutant ignores one reason to deny after the other,
// which the histories must notice.
func TestRandomHistoriesFindEachMutant(t *testing.T) {
	for _, code := range ignorable {
		mutant := func(p *Policy, r Request, index uint64) Decision {
			d := p.Apply(r, index)
			if d.Code == code {
				d.settle(Permitted)
			}
			return d
		}
		assert.Error(t, firstDifference(t, mutant), "%s is ignored", code)
	}
	forgetful := func(p *Policy, r Request, index uint64) Decision { return p.Authorize(r) }
	assert.Error(t, firstDifference(t, forgetful), "nothing is ever changed")
	hasty := func(p *Policy, r Request, index uint64) Decision {
		d := p.Authorize(r)
		if d.Code == Permitted || d.Code == LastOwner {
			p.change(&d, index)
		}
		return d
	}
	assert.Error(t, firstDifference(t, hasty), "the change is made before it is refused")
}

// TestLongHistories is for the table of keys: it grows again and again, chains of keys
// run over its end, names come that fit into a cell and that do not, and each key is
// asked by at the moments at which something ends.
func TestLongHistories(t *testing.T) {
	histories := 12
	if testing.Short() {
		histories = 1
	}
	for seed := range histories {
		h := newHistory(t, seed)
		h.hour = 20*time.Second + 7*time.Nanosecond
		for i := range 60 {
			s := User(fmt.Sprintf("%d\x00é", i) + strings.Repeat("x", []int{0, 19, 20, 21, 200}[i%5]))
			if i%6 == 0 {
				s.Kind = ServiceKind
			}
			h.subjects = append(h.subjects, s)
		}
		for range 1500 {
			_, err := h.step((*Policy).Apply)
			require.NoError(t, err)
			for range 20 {
				h.ask()
			}
		}
		require.Greater(t, h.policy.keys.used, 100)
		h.replay()
	}
}

// ask asks by any key that was ever made or is like one, at a moment that matters to it.
func (h *history) ask() {
	id := pick(h, h.keys...)
	if h.rand.IntN(10) == 0 {
		id = id[:idEnd-1] + pick(h, "a", "Z", "0", "\x00", "é")
	}
	key, known := h.model.keys[id]
	role, ok := h.model.roles[key.holder]
	at := pick(h, h.at, key.expires, key.revoked, role.expires).Add(pick(h, 0, -1, time.Second, -time.Second))
	if at.Before(noon) {
		at = h.at
	}
	allowed := known && ok && key.valid(at) && (role.expires.IsZero() || at.Before(role.expires))
	d := h.policy.Authorize(Request{Key: id, Action: View, Vault: "company", At: at})
	require.Equal(h.t, allowed, d.Allowed, "seed %d, key %s at %s: %s", h.seed, id, at, d.Reason())
	require.Equal(h.t, key.holder, d.Subject)
	if allowed {
		require.Equal(h.t, role.role, d.Role)
		require.Equal(h.t, key.holder, d.Grant.Subject)
		require.True(h.t, role.expires.Equal(d.Grant.Expires))
	}
}

// crowded gives a key an id whose place is near the end of a table of any size.
func (h *history) crowded(k NewKey) NewKey {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	table := keyTable{slots: make([]keySlot, 16)}
	for {
		if n, _ := keyNumber(k.ID); table.home(n) == 15 {
			return k
		}
		id := []byte(k.ID)
		id[prefixEnd+h.rand.IntN(idEnd-prefixEnd)] = digits[h.rand.IntN(len(digits))]
		k.ID = string(id)
	}
}

// firstDifference returns where the model first disagrees with apply.
func firstDifference(t testing.TB, apply func(*Policy, Request, uint64) Decision) error {
	for seed := range 300 {
		h := newHistory(t, seed)
		for range 60 {
			if _, err := h.step(apply); err != nil {
				return err
			}
		}
	}
	return nil
}

// A history makes random events around few names, so that they meet.
type history struct {
	*world
	seed     int
	rand     *rand.Rand
	model    model
	first    Genesis
	subjects []Subject
	hour     time.Duration // how long it takes
	at       time.Time
	keys     []string
	applied  []event
}

type event struct {
	Request
	index uint64
}

func newHistory(t testing.TB, seed int) *history {
	w := &world{t: t, policy: new(Policy), random: rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1}), next: 1}
	h := &history{world: w, seed: seed, rand: rand.New(rand.NewPCG(uint64(seed), 5)), at: noon, hour: time.Hour}
	h.subjects = []Subject{root, alice, bob, Service("ci")}
	tier := []Tier{L1, L2, L3, L4}[seed%4]
	h.first = Genesis{Vault: "company", Tier: tier, Owner: root, Key: h.mint(UserKind), Expires: noon.Add(3 * day), At: noon}
	require.NoError(t, h.policy.Init(h.first, 0))
	h.keys = []string{h.first.Key.ID}
	h.model = model{
		t: t, rows: cells(t), tier: tier,
		roles: map[Subject]modelRole{root: {role: Owner}},
		keys:  map[string]modelKey{h.first.Key.ID: {holder: root, created: noon, expires: noon.Add(3 * day)}},
	}
	return h
}

// random returns an event, and may let time go by before it.
func (h *history) random() Request {
	if h.rand.IntN(3) == 0 {
		h.at = h.at.Add(time.Duration(h.rand.IntN(12)) * h.hour)
	}
	target := pick(h, h.subjects...)
	actions := Actions()
	if h.rand.IntN(4) > 0 {
		actions = []Action{GrantRole, GrantRole, RevokeRole, CreateKey, CreateKey, RotateKey, RevokeKey}
	}
	r := h.request(Request{
		Key:         h.asker(),
		Action:      pick(h, actions...),
		At:          h.at,
		Environment: pick(h, Sandbox, Staging, Production),
		Reason:      pick(h, "", "incident 7"),
		Target:      target,
		Role:        pick(h, Viewer, Operator, Admin, Owner, Owner, Owner),
		TargetKey:   h.anyKey(),
		Until:       h.at.Add(pick(h, 0, time.Hour, day)),
	})
	switch r.Action {
	case GrantRole:
		r.Expires = pick(h, time.Time{}, time.Time{}, h.at.Add(day), h.at.Add(2*day), h.at)
	case CreateKey:
		r.NewKey = h.mint(target.Kind)
		r.Expires = h.at.Add(pick(h, 0, day, 2*day, 4*day))
	case RotateKey:
		if h.rand.IntN(2) == 0 {
			r.TargetKey = r.Key
		}
		r.NewKey = h.mint(kindOfKey(r.TargetKey))
		r.Expires = h.at.Add(pick(h, 0, day, 2*day, 4*day))
	}
	if r.NewKey.ID != "" {
		if h.rand.IntN(2) == 0 {
			r.NewKey = h.crowded(r.NewKey)
		}
		if h.rand.IntN(10) == 0 {
			r.NewKey.ID = pick(h, h.keys...)
			if kindOfKey(r.NewKey.ID) != UserKind {
				r.NewKey.ID = h.keys[0]
			}
			r.Target, r.TargetKey = root, h.keys[0]
		} else {
			h.keys = append(h.keys, r.NewKey.ID)
		}
	}
	return r
}

// asker returns the id of the key that asks: in a large vault, mostly an owner's.
func (h *history) asker() string {
	if len(h.subjects) > 4 && h.rand.IntN(4) > 0 {
		for _, id := range slices.Backward(h.keys) {
			if k := h.model.keys[id]; h.model.roles[k.holder].role == Owner && k.valid(h.at) {
				return id
			}
		}
	}
	return h.anyKey()
}

// anyKey returns the id of a key: mostly one of the newest, seldom an unknown one.
func (h *history) anyKey() string {
	if h.rand.IntN(20) == 0 {
		return "flxu_zzzzzzzzzz"
	}
	newest := h.keys[max(0, len(h.keys)-8):]
	return pick(h, newest...)
}

func pick[T any](h *history, of ...T) T { return of[h.rand.IntN(len(of))] }

// step has the policy and the model take one more event, and returns an error
// where they differ.
func (h *history) step(apply func(*Policy, Request, uint64) Decision) (Decision, error) {
	r := h.random()
	d := apply(h.policy, r, h.next)
	allowed := h.model.apply(r)
	if d.Allowed != allowed {
		return d, fmt.Errorf("seed %d, event %d, %+v: allowed %v; %s", h.seed, h.next, r, allowed, d.Reason())
	}
	if allowed {
		h.applied = append(h.applied, event{r, h.next})
	}
	h.next++
	roles, keys := map[Subject]modelRole{}, map[string]modelKey{}
	s := h.policy.State()
	owners := 0
	for _, g := range s.Grants {
		roles[g.Subject] = modelRole{g.Role, g.Expires}
		if g.Role == Owner {
			owners++
		}
	}
	if owners != len(h.policy.owners) {
		return d, fmt.Errorf("seed %d, event %d, %+v: %d of %d owners are listed", h.seed, h.next, r, len(h.policy.owners), owners)
	}
	for _, k := range s.Keys {
		keys[k.ID] = modelKey{k.Subject, k.Created, k.Expires, k.Revoked}
	}
	if !maps.Equal(roles, h.model.roles) || !maps.Equal(keys, h.model.keys) {
		return d, fmt.Errorf("seed %d, event %d, %+v: it is %v and %v; it should be %v and %v", h.seed, h.next, r, roles, keys, h.model.roles, h.model.keys)
	}
	return d, nil
}

// replay builds the state anew: from all events that were allowed, and half of
// it from a snapshot.
func (h *history) replay() {
	want := h.policy.State()
	p := new(Policy)
	require.NoError(h.t, p.Init(h.first, 0))
	for i, e := range h.applied {
		if i == len(h.applied)/2 {
			text, err := json.Marshal(p.State())
			require.NoError(h.t, err)
			var s State
			require.NoError(h.t, json.Unmarshal(text, &s))
			require.Equal(h.t, p.State(), s)
			p, err = Restore(s)
			require.NoError(h.t, err)
		}
		require.True(h.t, p.Apply(e.Request, e.index).Allowed)
	}
	require.Equal(h.t, want, p.State(), "seed %d", h.seed)
}
