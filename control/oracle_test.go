package control

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// oracle is the governance of a vault as the table in the design says it, and
// nothing of how it is done here: no policy, no log, no signatures.
type oracle struct {
	roles    map[rbac.Subject]string
	keys     map[string]*oracleKey
	deployed map[string][]string // by agent@environment; the current version first
	paused   map[string]string   // by agent@environment: why
	killed   map[string]string   // by run and environment: why
}

type oracleKey struct {
	of      rbac.Subject
	revoked bool
}

// may is the table.
func (o *oracle) may(role, deed, env, reason string, own bool) bool {
	switch deed {
	case "view":
		return role != ""
	case "deploy", "rollback", "resume":
		return role == "owner" || role == "admin" || role == "operator" && env == "sandbox"
	case "pause", "kill":
		return (role == "owner" || role == "admin" || role == "operator") && (env == "sandbox" || reason != "")
	case "revoke", "rotate", "disable":
		return role == "owner" || role != "" && own
	case "grant", "create":
		return role == "owner"
	}
	panic(deed)
}

// governed reports whether an owner with a key is left.
func (o *oracle) governed() bool {
	for _, k := range o.keys {
		if !k.revoked && o.roles[k.of] == "owner" {
			return true
		}
	}
	return false
}

// attempt makes a change, and takes it back if nobody could govern any more.
func (o *oracle) attempt(change func()) bool {
	roles, keys := maps.Clone(o.roles), map[string]*oracleKey{}
	for id, k := range o.keys {
		c := *k
		keys[id] = &c
	}
	change()
	if o.governed() {
		return true
	}
	o.roles, o.keys = roles, keys
	return false
}

// history is a random history, and what the oracle says of it.
type history struct {
	*paper
	rnd    *rand.Rand
	o      *oracle
	minted []rbac.APIKey // all of them
	runs   []string
}

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// step does something, and compares the outcome.
func (h *history) step() {
	rnd := h.rnd
	key := pick(rnd, h.minted...)
	actor := h.o.keys[key.ID()]
	role := ""
	if actor != nil && !actor.revoked {
		role = h.o.roles[actor.of]
	}
	who := pick(rnd, alice, bob, carol, ci)
	env := pick(rnd, "sandbox", "staging", "production")
	agent := pick(rnd, "feed-monitor", "recon")
	version := pick(rnd, "1", "2", "3", "4", "5")
	reason := pick(rnd, "", "because")
	where := agent + "@" + env
	own := actor != nil && who == actor.of
	may := func(deed string) bool { return h.o.may(role, deed, env, reason, own) }
	e := rbac.Environment(env)

	var given order
	allowed, found := false, true
	switch rnd.IntN(11) {
	case 0, 1:
		r := pick(rnd, rbac.Viewer, rbac.Operator, rbac.Admin, rbac.Owner)
		given = &grantOrder{Subject: who, Role: r}
		allowed = may("grant") && h.o.attempt(func() { h.o.roles[who] = r.String() })
	case 2:
		given = &revokeOrder{Subject: who}
		allowed = may("revoke") && h.o.roles[who] != "" && h.o.attempt(func() { delete(h.o.roles, who) })
	case 3, 4:
		k := mint(h.t, who)
		given = &createOrder{Subject: who, ID: k.ID(), Public: k.Public()}
		if allowed = may("create"); allowed {
			h.o.keys[k.ID()] = &oracleKey{of: who}
			h.minted = append(h.minted, k)
		}
	case 5:
		old := pick(rnd, h.minted...)
		held := h.o.keys[old.ID()]
		k := mint(h.t, held.of)
		own = actor != nil && held.of == actor.of
		given = &rotateOrder{Old: old.ID(), ID: k.ID(), Public: k.Public()}
		if allowed = may("rotate") && !held.revoked; allowed {
			held.revoked = true
			h.o.keys[k.ID()] = &oracleKey{of: held.of}
			h.minted = append(h.minted, k)
		}
	case 6:
		old := pick(rnd, h.minted...)
		held := h.o.keys[old.ID()]
		own = actor != nil && held.of == actor.of
		given = &disableOrder{ID: old.ID()}
		allowed = may("disable") && !held.revoked && h.o.attempt(func() { h.o.keys[old.ID()].revoked = true })
	case 7:
		given = &deployOrder{Agent: agent, Version: version, Environment: e}
		if allowed = may("deploy"); allowed {
			h.o.put(where, version)
		}
	case 8:
		given = &rollbackOrder{Agent: agent, Version: pick(rnd, "", version), Environment: e}
		if allowed = may("rollback"); allowed {
			found = h.o.back(where, given.(*rollbackOrder).Version)
		}
	case 9:
		if rnd.IntN(2) == 0 {
			given = &pauseOrder{Agent: agent, Environment: e}
			if allowed = may("pause"); allowed && h.o.paused[where] == "" {
				h.o.paused[where] = who.String()
				h.o.paused[where] = fmt.Sprint(actor.of, " ", reason)
			}
		} else {
			given = &resumeOrder{Agent: agent, Environment: e}
			if allowed = may("resume"); allowed {
				delete(h.o.paused, where)
			}
		}
	case 10:
		run := pick(rnd, h.runs...)
		given = &killOrder{Run: run, Environment: e}
		if allowed = may("kill"); allowed && h.o.killed[run+" "+string(e)] == "" {
			h.o.killed[run+" "+string(e)] = fmt.Sprint(actor.of, " ", reason)
		}
	}
	before := h.snapshot()
	out, err := h.give(key, given, reason)
	say := fmt.Sprintf("%s: %T %+v by %s: %s", where, given, given, role, Reason(out.Decision))
	require.Equal(h.t, allowed, out.Decision.Allowed, say)
	switch {
	case !allowed:
		require.ErrorIs(h.t, err, ErrDenied, say)
		require.Equal(h.t, before, h.snapshot(), "what is refused changes nothing")
	case !found:
		require.ErrorIs(h.t, err, ErrNotFound, say)
		require.Equal(h.t, before, h.snapshot(), "what is refused changes nothing")
	default:
		require.NoError(h.t, err, say)
		require.True(h.t, out.Recorded != out.Repeated, say)
	}
}

// snapshot returns what a refused order must not change.
func (h *history) snapshot() any {
	p := h.state.policy.State()
	p.Head = rbac.Head{}
	return []any{p, maps.Clone(h.state.deployed), maps.Clone(h.state.paused), maps.Clone(h.state.killed)}
}

func (o *oracle) put(where, version string) {
	kept := slices.DeleteFunc(slices.Clone(o.deployed[where]), func(v string) bool { return v == version })
	kept = append([]string{version}, kept...)
	o.deployed[where] = kept[:min(3, len(kept))]
}

func (o *oracle) back(where, version string) bool {
	kept := o.deployed[where]
	if version == "" {
		if len(kept) < 2 {
			return false
		}
		version = kept[1]
	}
	if !slices.Contains(kept, version) {
		return false
	}
	o.put(where, version)
	return true
}

// agrees compares all that the state holds.
func (h *history) agrees() {
	roles, keys := map[rbac.Subject]string{}, map[string]*oracleKey{}
	p := h.state.policy.State()
	for _, g := range p.Grants {
		roles[g.Subject] = g.Role.String()
	}
	for _, k := range p.Keys {
		keys[k.ID] = &oracleKey{k.Subject, !k.Revoked.IsZero()}
	}
	require.Equal(h.t, h.o.roles, roles)
	require.Equal(h.t, h.o.keys, keys)
	got := &oracle{deployed: map[string][]string{}, paused: map[string]string{}, killed: map[string]string{}}
	for p, kept := range h.state.deployed {
		for i, d := range kept {
			require.Equal(h.t, i == 0, d.Current)
			got.deployed[p.agent+"@"+string(p.env)] = append(got.deployed[p.agent+"@"+string(p.env)], d.Version)
		}
	}
	for p, halt := range h.state.paused {
		got.paused[p.agent+"@"+string(p.env)] = fmt.Sprint(halt.By, " ", halt.Reason)
	}
	for v, halt := range h.state.killed {
		got.killed[v.run+" "+string(v.env)] = fmt.Sprint(halt.By, " ", halt.Reason)
	}
	require.Equal(h.t, h.o.deployed, got.deployed)
	require.Equal(h.t, h.o.paused, got.paused)
	require.Equal(h.t, h.o.killed, got.killed)
}

// The state is that of an oracle written from the table; and what is rebuilt from
// the log alone is the state that lived.
func TestRandomHistories(t *testing.T) {
	histories, steps := 2000, 10
	if testing.Short() {
		histories = 100
	}
	for seed := range histories {
		h := &history{paper: newPaper(t), rnd: rand.New(rand.NewPCG(1, uint64(seed)))}
		h.minted = []rbac.APIKey{h.owner}
		h.o = &oracle{
			roles: map[rbac.Subject]string{alice: "owner"}, keys: map[string]*oracleKey{h.owner.ID(): {of: alice}},
			deployed: map[string][]string{}, paused: map[string]string{}, killed: map[string]string{},
		}
		h.runs = []string{ident.New("run"), ident.New("run")}
		for range steps {
			h.step()
		}
		h.agrees()
		require.Empty(t, h.state.flags)
		same(t, h.state, h.replayed())
	}
}

// An order that was refused for another reason than a role is no denial.
func TestNotFoundIsNoDenial(t *testing.T) {
	p := newPaper(t)
	_, err := p.give(p.owner, &rollbackOrder{Agent: "a", Environment: rbac.Sandbox}, "")
	require.ErrorIs(t, err, ErrNotFound)
	require.False(t, errors.Is(err, ErrDenied))
	require.Len(t, p.recs, 1)
}
