package control

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// paper is a governance log that stands nowhere but in memory: the door and the
// fold without a ledger between them.
type paper struct {
	t      testing.TB
	signer ledger.Signer
	v      note.Verifier
	clock  *clock
	state  *state
	recs   []ledger.Record
	owner  rbac.APIKey
}

// salt is what the ledger adds to a line. Not a random one, so that a history can
// be repeated.
const salt = `,"salt":"AAAAAAAAAAAAAAAAAAAAAA"}`

func newPaper(t testing.TB) *paper {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "flexor/company/governance-log")
	require.NoError(t, err)
	p := &paper{t: t, clock: &clock{now: begin}}
	p.signer, err = ledger.NewSigner(skey, vkey)
	require.NoError(t, err)
	p.v, err = note.NewVerifier(vkey)
	require.NoError(t, err)
	p.state = newState(p.v)
	p.owner, err = rbac.Mint(rbac.UserKind, rand.Reader)
	require.NoError(t, err)
	g := Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}
	e, err := g.event(p.owner, p.clock.Now())
	require.NoError(t, err)
	e.Log, e.Root = p.v.Name(), p.state.tree.Root().String()
	line, _, err := e.seal(by(p.owner))
	require.NoError(t, err)
	p.append(line)
	require.Empty(t, p.state.flags)
	return p
}

// append puts a line at the end, whatever it is.
func (p *paper) append(line []byte) {
	salted := append([]byte(strings.TrimSuffix(string(line), "}")), salt...)
	rec := ledger.Record{Index: uint64(len(p.recs)), Line: salted}
	p.recs = append(p.recs, rec)
	p.state.takeAll([]ledger.Record{rec})
}

// secrets returns the redactor that a Control has by default, made once for all.
var secrets = sync.OnceValue(func() audit.Redactor {
	r, err := new(Control).redactor()
	if err != nil {
		panic(err)
	}
	return r
})

// as returns the door for somebody.
func (p *paper) as(key rbac.APIKey) *Control {
	return &Control{cfg: Config{Key: key, Redactor: secrets(), Now: p.clock.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}, public: key.Public(), state: p.state, signer: p.signer}
}

// give gives an order as the door does it under the ledger's lock.
func (p *paper) give(key rbac.APIKey, o order, reason string) (Outcome, error) {
	c := p.as(key)
	v := visit{c: c, order: o, reason: c.tidy(reason)}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	lines, err := v.settle()
	if err == errSettled {
		return v.out, v.err
	}
	require.NoError(p.t, err)
	require.Len(p.t, lines, 1)
	p.append(lines[0])
	v.out.Recorded, v.out.Index = true, uint64(len(p.recs)-1)
	if !v.out.Decision.Allowed {
		return v.out, &DeniedError{Decision: v.out.Decision}
	}
	return v.out, nil
}

// replayed returns the state that the records alone lead to.
func (p *paper) replayed() *state {
	s := newState(p.v)
	s.takeAll(p.recs)
	return s
}

// same checks that two states are the same in everything.
func same(t testing.TB, want, got *state) {
	t.Helper()
	require.Equal(t, want.policy.State(), got.policy.State())
	require.Equal(t, want.head(), got.head())
	require.Equal(t, want.deployed, got.deployed)
	require.Equal(t, want.paused, got.paused)
	require.Equal(t, want.killed, got.killed)
	require.Equal(t, want.flags, got.flags)
	require.Equal(t, want.kinds, got.kinds)
	require.Equal(t, want.decisions, got.decisions)
	require.Equal(t, want.clock, got.clock)
	require.Equal(t, want.seen, got.seen)
	require.Equal(t, want.denials, got.denials)
	require.Equal(t, []string{want.vault, want.fingerprint, want.tooNew}, []string{got.vault, got.fingerprint, got.tooNew})
}

// mint returns a new key that nobody knows yet.
func mint(t testing.TB, who rbac.Subject) rbac.APIKey {
	t.Helper()
	key, err := rbac.Mint(who.Kind, rand.Reader)
	require.NoError(t, err)
	return key
}

// join gives somebody a role and a key.
func (p *paper) join(who rbac.Subject, role rbac.Role) rbac.APIKey {
	p.t.Helper()
	key := mint(p.t, who)
	for _, o := range []order{&grantOrder{Subject: who, Role: role}, &createOrder{Subject: who, ID: key.ID(), Public: key.Public()}} {
		_, err := p.give(p.owner, o, "")
		require.NoError(p.t, err)
	}
	return key
}

var day = 24 * time.Hour
