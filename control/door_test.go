package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// kinds returns the kinds of all events, in order.
func (h *house) kinds() (out []string) {
	h.t.Helper()
	for e, err := range h.owner.Events(bg, 0) {
		require.NoError(h.t, err)
		out = append(out, e.Kind)
	}
	return out
}

// last returns the last event.
func (h *house) last() (e Event) {
	h.t.Helper()
	require.NoError(h.t, h.owner.refresh(bg))
	for e, err := range h.owner.Events(bg, h.owner.Head().Size-1) {
		require.NoError(h.t, err)
		return e
	}
	return Event{}
}

// What is refused leaves every file as it was, but for the record of the denial;
// what is malformed, only tried or repeated leaves all of them.
func TestRefusedOrdersLeaveNoTrace(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	deploy := DeployOrder{Agent: "a", Version: "1", Environment: rbac.Production}
	_, _, err := h.owner.Deploy(bg, deploy)
	require.NoError(t, err)
	_, err = viewer.GrantRole(bg, carol, rbac.Owner, time.Time{}, "") // opens the log
	require.ErrorIs(t, err, ErrDenied)
	before := files(t, h.dir)
	for name, order := range map[string]func() error{
		"malformed name": func() error { _, err := h.owner.Pause(bg, "../a", rbac.Production, "x"); return err },
		"malformed digest": func() error {
			_, _, err := h.owner.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Production, Digest: "sha256:AB"})
			return err
		},
		"malformed run": func() error {
			_, err := h.owner.Kill(bg, Run{ID: "a1b2c3", Environment: rbac.Production}, "x")
			return err
		},
		"malformed subject": func() error {
			_, err := h.owner.GrantRole(bg, rbac.User("a\x00"), rbac.Viewer, time.Time{}, "")
			return err
		},
		"negative overlap": func() error { _, _, err := h.owner.RotateKey(bg, Rotation{Overlap: -1}); return err },
		"not found": func() error {
			_, _, err := h.owner.Rollback(bg, RollbackOrder{Agent: "a", Environment: rbac.Production})
			return err
		},
		"the same denial": func() error { _, err := viewer.GrantRole(bg, carol, rbac.Owner, time.Time{}, ""); return err },
		"dry, denied": func() error {
			d := deploy
			d.DryRun = true
			d.Version = "2"
			_, _, err := viewer.Deploy(bg, d)
			return err
		},
		"cancelled": func() error {
			ctx, cancel := context.WithCancel(bg)
			cancel()
			_, err := h.owner.Pause(ctx, "a", rbac.Production, "x")
			return err
		},
	} {
		require.Error(t, order(), name)
		require.Equal(t, before, files(t, h.dir), name)
	}
	for name, order := range map[string]func() (Outcome, error){
		"repeated": func() (Outcome, error) { _, out, err := h.owner.Deploy(bg, deploy); return out, err },
		"dry": func() (Outcome, error) {
			d := deploy
			d.DryRun, d.Version = true, "2"
			_, out, err := h.owner.Deploy(bg, d)
			return out, err
		},
		"viewed":  func() (Outcome, error) { return viewer.View(bg) },
		"resumed": func() (Outcome, error) { return h.owner.Resume(bg, "a", rbac.Production, "") },
	} {
		out, err := order()
		require.NoError(t, err, name)
		require.True(t, out.Decision.Allowed, name)
		require.False(t, out.Recorded, name)
		require.Equal(t, before, files(t, h.dir), name)
	}

	_, err = viewer.Pause(bg, "a", rbac.Production, "x")
	require.ErrorIs(t, err, ErrDenied)
	after := files(t, h.dir)
	var changed []string
	for path := range after {
		if before[path] != after[path] {
			changed = append(changed, strings.TrimPrefix(path, h.dir+string(filepath.Separator)))
		}
	}
	require.Len(t, after, len(before))
	for _, path := range changed {
		require.True(t, strings.HasPrefix(path, LogName), path)
	}
	require.Equal(t, kindDenied, h.last().Kind)
	require.Empty(t, h.owner.Flags())
	require.Empty(t, h.owner.state.paused)
}

// A denial says who asked for what; who cannot be known is not named.
func TestDenials(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	stranger := h.as(mint(t, carol))
	// The id of a key is no secret, and whoever knows one can make a key that has it.
	text := h.key.ID() + strings.TrimPrefix(mint(t, alice).Reveal(), "flxu_")[10:]
	impostor, err := rbac.ParseKey(text[:len(text)-6] + checksum(text[:len(text)-6]))
	require.NoError(t, err)
	require.Equal(t, h.key.ID(), impostor.ID())

	body := func() (b deniedBody) {
		require.NoError(t, json.Unmarshal(h.last().Body, &b))
		return b
	}
	_, err = operator.RevokeRole(bg, alice, "for fun")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, bob, h.last().By)
	require.Equal(t, "for fun", h.last().Reason)
	require.Equal(t, rbac.Owner, body().Needed)
	require.Equal(t, kindRevoke, body().Order)
	require.JSONEq(t, `{"subject":"alice@fund.com"}`, string(body().Asked))

	for c, code := range map[*Control]rbac.Code{stranger: rbac.KeyInvalid, h.as(impostor): rbac.KeyInvalid, h.as(rbac.APIKey{}): KeyMissing} {
		out, err := c.GrantRole(bg, carol, rbac.Owner, time.Time{}, "")
		require.ErrorIs(t, err, ErrDenied)
		require.Equal(t, code, out.Decision.Code)
		require.Zero(t, h.last().By)
		require.Equal(t, c.cfg.Key.ID(), body().Claimed)
		who, _ := c.Actor()
		require.Zero(t, who)
	}
	require.Empty(t, h.owner.Flags())

	_, err = h.owner.RevokeKey(bg, operator.cfg.Key.ID(), "left")
	require.NoError(t, err)
	_, err = operator.Pause(bg, "a", rbac.Production, "because")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, rbac.KeyRevoked, body().Code)
	require.Equal(t, bob, h.last().By, "they did ask")
	require.Empty(t, h.owner.Flags())
}

// checksum returns what makes a key of text.
func checksum(text string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(text))
	var out [6]byte
	for i := range out {
		out[len(out)-1-i] = digits[sum%62]
		sum /= 62
	}
	return string(out[:])
}

func TestNotInitialised(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(bg, dir, &Config{Key: mint(t, alice)})
	require.NoError(t, err)
	defer c.Close()
	out, err := c.Pause(bg, "a", rbac.Production, "because")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, rbac.NotInitialised, out.Decision.Code)
	require.Equal(t, rbac.NotInitialised, c.Authorize(bg, rbac.Request{Action: rbac.View}).Code)
	require.Empty(t, files(t, dir), "nothing is written before there is an owner")

	owner, key, err := Init(bg, dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}, nil)
	require.NoError(t, err)
	defer owner.Close()
	require.True(t, c.Can(bg, alice, rbac.Request{Action: rbac.GrantRole}).Allowed, "who has it open hears of it")
	require.Equal(t, owner.Fingerprint(), c.Fingerprint())
	require.Equal(t, "company", owner.Vault())
	who, grant := owner.Actor()
	require.Equal(t, alice, who)
	require.Equal(t, rbac.Owner, grant.Role)
	require.Equal(t, key.ID(), owner.cfg.Key.ID())

	before := files(t, dir)
	_, _, err = Init(bg, dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: bob}, nil)
	require.ErrorIs(t, err, rbac.ErrInitialised)
	require.Equal(t, before, files(t, dir))
	for _, g := range []Genesis{{}, {Vault: "v", Tier: "L9", Owner: alice}, {Vault: "v", Tier: rbac.L2, Owner: rbac.User("\n")}} {
		other := t.TempDir()
		_, _, err = Init(bg, other, g, nil)
		require.Error(t, err)
		require.Empty(t, files(t, other), "%+v", g)
	}
}

func TestKeys(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	old := operator.cfg.Key
	fresh, _, err := operator.RotateKey(bg, Rotation{Overlap: time.Hour})
	require.NoError(t, err)
	require.NotEqual(t, old.ID(), fresh.ID())
	for _, key := range []rbac.APIKey{old, fresh} {
		require.True(t, h.as(key).Authorize(bg, rbac.Request{Action: rbac.View}).Allowed, "both, for an hour")
	}
	h.clock.now = h.clock.now.Add(time.Hour)
	require.Equal(t, rbac.KeyRevoked, operator.Authorize(bg, rbac.Request{Action: rbac.View}).Code)
	require.True(t, h.as(fresh).Authorize(bg, rbac.Request{Action: rbac.View}).Allowed)

	none, out, err := h.as(fresh).CreateKey(bg, KeyOrder{Subject: bob})
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, rbac.RoleInsufficient, out.Decision.Code)
	require.Empty(t, none.Reveal(), "a key that was denied is not handed out")

	service, _, err := h.owner.CreateKey(bg, KeyOrder{Subject: ci, Vaults: []string{"company", "project"}})
	require.NoError(t, err)
	require.Equal(t, rbac.ServiceKind, service.Kind())
	_, _, err = h.owner.CreateKey(bg, KeyOrder{Subject: ci, Vaults: []string{"project"}})
	require.ErrorIs(t, err, ErrDenied)
	key, ok, err := h.owner.Key(bg, service.ID())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, rbac.DefaultKeyLife, key.Expires.Sub(key.Created))
	rotated, _, err := h.owner.RotateKey(bg, Rotation{Key: service.ID()})
	require.NoError(t, err)
	require.Equal(t, rbac.ServiceKind, rotated.Kind())
	keys, err := h.owner.Keys(bg)
	require.NoError(t, err)
	require.Len(t, keys, 5)
	for path, data := range files(t, h.dir) {
		for _, key := range []rbac.APIKey{h.key, old, fresh, service, rotated} {
			require.NotContains(t, data, key.Reveal()[15:50], path)
		}
	}
	require.Empty(t, h.owner.Flags())
}

// No answer is from before a revocation that has returned.
func TestRevokedIsRevoked(t *testing.T) {
	h := newHouse(t)
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	operator := h.join(bob, rbac.Operator)
	ask := rbac.Request{Action: rbac.Pause, Environment: rbac.Sandbox}
	for range rounds {
		require.True(t, operator.Authorize(bg, ask).Allowed)
		_, err := h.owner.RevokeRole(bg, bob, "")
		require.NoError(t, err)
		require.False(t, operator.Authorize(bg, ask).Allowed)
		_, err = h.owner.GrantRole(bg, bob, rbac.Operator, time.Time{}, "")
		require.NoError(t, err)
	}
}

func TestRollback(t *testing.T) {
	h := newHouse(t)
	for _, v := range []string{"1", "2", "3", "4"} {
		_, _, err := h.owner.Deploy(bg, DeployOrder{Agent: "a", Version: v, Environment: rbac.Production, Digest: "sha256:" + strings.Repeat(v, 64)})
		require.NoError(t, err)
	}
	versions := func() (out []string) {
		list, err := h.owner.Deployments(bg)
		require.NoError(t, err)
		for _, d := range list {
			out = append(out, d.Version)
		}
		return out
	}
	require.Equal(t, []string{"4", "3", "2"}, versions())
	back := RollbackOrder{Agent: "a", Environment: rbac.Production}
	d, out, err := h.owner.Rollback(bg, back)
	require.NoError(t, err)
	require.Equal(t, "3", d.Version)
	require.True(t, d.Rollback)
	require.Equal(t, "sha256:"+strings.Repeat("3", 64), d.Digest)
	require.Equal(t, out.Index, d.Index)
	back.Version = "2"
	_, _, err = h.owner.Rollback(bg, back)
	require.NoError(t, err)
	require.Equal(t, []string{"2", "3", "4"}, versions())
	back.Version = "1"
	_, _, err = h.owner.Rollback(bg, back)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "2, 3, 4")
}

func TestManifestsAreHeeded(t *testing.T) {
	h := newHouse(t)
	operator := h.join(bob, rbac.Operator)
	require.NoError(t, os.Mkdir(filepath.Join(h.dir, "agents"), 0o755))
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(h.dir, "agents", "a.yaml"), []byte(text), 0o600))
	}
	o := DeployOrder{Agent: "a", Environment: rbac.Production}
	for text, says := range map[string]string{
		"name: a\nenvironment: staging\n":                  "declares environment staging",
		"name: b\nenvironment: production\n":               `it is of "b"`,
		"name: a\nenvironment: production\n<<: *base\n":    "line 3",
		"name: a\nenvironment: production\nversion: v 1\n": "version",
	} {
		write(text)
		o := o
		o.Version = "1"
		_, _, err := h.owner.Deploy(bg, o)
		require.ErrorIs(t, err, ErrManifest)
		require.ErrorContains(t, err, says)
		_, _, err = operator.Deploy(bg, o)
		require.ErrorIs(t, err, ErrDenied, "what the manifest says is for those who may deploy")
	}
	write("name: a\nenvironment: production\nversion: 1.10 # a text\n")
	o.Version = "2"
	_, _, err := h.owner.Deploy(bg, o)
	require.ErrorIs(t, err, ErrManifest)
	o.Version = ""
	d, _, err := h.owner.Deploy(bg, o)
	require.NoError(t, err)
	require.Equal(t, "1.10", d.Version)
	o.Agent = "without"
	_, _, err = h.owner.Deploy(bg, o)
	require.ErrorIs(t, err, ErrInvalid)
}

// Everything that a deployment rests on, each with a proof that needs nothing but the
// log's public key.
func TestExplain(t *testing.T) {
	h := newHouse(t)
	second := h.join(bob, rbac.Owner)
	_, err := second.GrantRole(bg, carol, rbac.Admin, time.Time{}, "new admin")
	require.NoError(t, err)
	admin := h.as(h.mint(carol))
	d, _, err := admin.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Production})
	require.NoError(t, err)
	for _, v := range []string{"2", "3", "4"} { // it is no longer among those kept
		_, _, err := h.owner.Deploy(bg, DeployOrder{Agent: "a", Version: v, Environment: rbac.Production})
		require.NoError(t, err)
	}
	_, err = h.owner.RevokeRole(bg, carol, "") // what was so then is so still
	require.NoError(t, err)

	chain, err := h.as(rbac.APIKey{}).Explain(bg, d.ID)
	require.NoError(t, err)
	d.Current = false
	require.Equal(t, d, chain.Deployment)
	var kinds, people []string
	for _, l := range chain.Links {
		kinds, people = append(kinds, l.Event.Kind), append(people, l.Event.By.Name)
		require.NoError(t, vault.CheckReceipt(chain.PublicKey, l.Receipt, l.Event.Line))
		require.Equal(t, l.Event.Key, l.Key.ID)
		require.Equal(t, l.Event.By, l.Key.Subject)
	}
	require.Equal(t, []string{kindDeploy, kindGrant, kindGrant, kindGenesis}, kinds)
	require.Equal(t, []string{carol.Name, bob.Name, alice.Name, alice.Name}, people)
	require.Equal(t, h.owner.Fingerprint(), chain.Fingerprint)
	_, err = h.owner.Explain(bg, "dep_01h455vb4pex5vsknk084sn02q")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestVerifyAccess(t *testing.T) {
	h := busy(t)
	r, err := h.owner.Receipt(bg, 0)
	require.NoError(t, err)
	rep, err := VerifyAccess(bg, h.dir, &VerifyOptions{Fingerprint: h.owner.Fingerprint(), Anchor: r.Checkpoint.Note})
	require.NoError(t, err)
	require.True(t, rep.Trusted && rep.Anchored)
	require.Empty(t, rep.Flags)
	require.Equal(t, h.owner.Head(), rep.Head)
	require.Equal(t, rep.Events, rep.Decisions+rep.Kinds[kindGenesis])
	require.Equal(t, 1, rep.Kinds[kindDenied])

	_, err = VerifyAccess(bg, h.dir, &VerifyOptions{Fingerprint: "SHA256:another"})
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = VerifyAccess(bg, t.TempDir(), nil)
	require.Error(t, err)
}

// What the fold says of halts reaches whoever listens, once each and in order.
func TestOnHalt(t *testing.T) {
	h := newHouse(t)
	other := h.as(rbac.APIKey{})
	var heard []string
	remove := other.onHalt(func(h Halt, ended bool) {
		heard = append(heard, strings.TrimSpace(fmt.Sprintf("%s killed=%t ended=%t %t", h.Agent, h.Run != "", ended, h.Recorded)))
	})
	run := ident.New("run")
	for range 2 {
		_, err := h.owner.Pause(bg, "a", rbac.Production, "because")
		require.NoError(t, err)
		_, err = h.owner.Kill(bg, Run{ID: run, Environment: rbac.Production}, "because")
		require.NoError(t, err)
	}
	_, err := h.owner.Resume(bg, "a", rbac.Production, "")
	require.NoError(t, err)
	require.NoError(t, other.refresh(bg))
	require.Equal(t, []string{"a killed=false ended=false true", "killed=true ended=false true", "a killed=false ended=true true"}, heard)
	remove()
	_, err = h.owner.Pause(bg, "a", rbac.Production, "because")
	require.NoError(t, err)
	require.NoError(t, other.refresh(bg))
	require.Len(t, heard, 3)
}

func TestErrors(t *testing.T) {
	err := &DeniedError{Decision: rbac.Decision{Code: LogCorrupt}, NotRecorded: errors.New("full")}
	require.ErrorContains(t, err, "flexor verify")
	require.ErrorContains(t, err, "could not be recorded: full")
}

// What the log has no digits for is invalid, whoever asks for it.
func TestEndsFarAhead(t *testing.T) {
	h := newHouse(t)
	viewer := h.join(bob, rbac.Viewer)
	for _, c := range []*Control{h.owner, viewer} {
		for _, year := range []int{-1, 10000, 1 << 30} {
			end := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			_, err := c.GrantRole(bg, carol, rbac.Viewer, end, "")
			require.ErrorIs(t, err, ErrInvalid)
			_, _, err = c.CreateKey(bg, KeyOrder{Subject: bob, Expires: end})
			require.ErrorIs(t, err, ErrInvalid)
			_, _, err = c.RotateKey(bg, Rotation{Expires: end})
			require.ErrorIs(t, err, ErrInvalid)
		}
	}
}
