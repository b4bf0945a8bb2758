package control

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// forge appends an event as somebody with the log's key would, whom no door
// stops. edit may change everything before it is signed.
func (p *paper) forge(sign signFunc, kind string, body any, edit func(e *payload)) {
	p.t.Helper()
	data, err := encode(body)
	require.NoError(p.t, err)
	e := p.state.place(p.clock.Now())
	e.Kind, e.Body = kind, data
	if edit != nil {
		edit(&e)
	}
	line, _, err := e.seal(sign)
	require.NoError(p.t, err)
	p.append(line)
}

// claim returns an edit that states who acts, with what role and by which grant.
func claim(who rbac.Subject, key rbac.APIKey, role rbac.Role, grant uint64) func(e *payload) {
	return func(e *payload) { e.By, e.Key, e.Role, e.Grant = who, key.ID(), role, &grant }
}

// Whoever has the log's key and can write the directory, but has no key of a
// person, or one of somebody who may not: none of it has effect.
func TestForgeries(t *testing.T) {
	grab := &grantOrder{Subject: carol, Role: rbac.Owner}
	for name, tc := range map[string]struct {
		forge func(p *paper, viewer rbac.APIKey)
		says  string
	}{
		"signed by the log's key": {func(p *paper, _ rbac.APIKey) {
			p.forge(p.signer.Sign, kindGrant, grab, nil)
		}, "need the key of a person"},
		"signed by the log's key in somebody's name": {func(p *paper, _ rbac.APIKey) {
			p.forge(p.signer.Sign, kindGrant, grab, claim(alice, p.owner, rbac.Owner, 0))
		}, "did not sign it"},
		"in the name of nobody, with a subject": {func(p *paper, _ rbac.APIKey) {
			p.forge(p.signer.Sign, kindDenied, grab, func(e *payload) { e.By = alice })
		}, "the log's key did not sign it"},
		"signed by a key that nobody knows": {func(p *paper, _ rbac.APIKey) {
			k := mint(p.t, carol)
			p.forge(by(k), kindGrant, grab, claim(carol, k, rbac.Owner, 0))
		}, "is not known here"},
		"by the id of another's key": {func(p *paper, viewer rbac.APIKey) {
			p.forge(by(viewer), kindGrant, grab, claim(alice, p.owner, rbac.Owner, 0))
		}, "did not sign it"},
		"in another's name": {func(p *paper, viewer rbac.APIKey) {
			p.forge(by(viewer), kindGrant, grab, claim(alice, viewer, rbac.Owner, 0))
		}, "is of bob@fund.com"},
		"by a role that is not theirs": {func(p *paper, viewer rbac.APIKey) {
			p.forge(by(viewer), kindGrant, grab, claim(bob, viewer, rbac.Owner, 0))
		}, "it was not allowed"},
		"by a grant that is not theirs": {func(p *paper, _ rbac.APIKey) {
			p.forge(by(p.owner), kindGrant, grab, claim(alice, p.owner, rbac.Owner, 1))
		}, "states another role or grant"},
		"for another log": {func(p *paper, _ rbac.APIKey) {
			p.forge(by(p.owner), kindGrant, grab, func(e *payload) {
				claim(alice, p.owner, rbac.Owner, 0)(e)
				e.Log = "flexor/other/governance-log"
			})
		}, "signed for the log flexor/other"},
		"for another history": {func(p *paper, _ rbac.APIKey) {
			p.forge(by(p.owner), kindGrant, grab, func(e *payload) {
				claim(alice, p.owner, rbac.Owner, 0)(e)
				e.Root = new(ledger.Tree).Root().String()
			})
		}, "not those that there were"},
		"a copy of an old event": {func(p *paper, _ rbac.APIKey) {
			p.appendRecord(p.recs[3].Line)
		}, "signed for place 3"},
		"a second genesis": {func(p *paper, _ rbac.APIKey) {
			k := mint(p.t, carol)
			p.forge(by(k), kindGenesis, genesisBody{Vault: "company", Tier: rbac.L2, ID: k.ID(), Public: k.Public()}, func(e *payload) { e.By, e.Key = carol, k.ID() })
		}, "not the first record"},
		"a time at which the key was valid": {func(p *paper, viewer rbac.APIKey) {
			_, err := p.give(p.owner, &disableOrder{ID: viewer.ID()}, "")
			require.NoError(p.t, err)
			p.forge(by(viewer), kindRevoke, &revokeOrder{Subject: bob}, func(e *payload) {
				claim(bob, viewer, rbac.Viewer, 1)(e)
				e.At = p.clock.Now().Add(-time.Minute)
			})
		}, "a time before that of an event"},
		"in the name of nobody, by whoever": {func(p *paper, viewer rbac.APIKey) {
			p.forge(by(viewer), kindPurge, Purge{Log: "audit-log"}, nil)
		}, "the log's key did not sign it"},
		"a denial for another reason": {func(p *paper, viewer rbac.APIKey) {
			asked, err := encode(&grantOrder{Subject: carol, Role: rbac.Owner})
			require.NoError(p.t, err)
			p.forge(by(viewer), kindDenied, deniedBody{Order: kindGrant, Asked: asked, Code: rbac.KeyExpired, Needed: rbac.Owner}, claim(bob, viewer, rbac.Viewer, 1))
		}, "not the one that follows from the log"},
		"a rollback to what never was": {func(p *paper, _ rbac.APIKey) {
			for _, v := range []string{"1", "2"} {
				_, err := p.give(p.owner, &deployOrder{Agent: "a", Version: v, Environment: rbac.Production}, "")
				require.NoError(p.t, err)
			}
			p.forge(by(p.owner), kindRollback, &rollbackOrder{Agent: "a", Version: "1", Environment: rbac.Production, Digest: "sha256:" + strings.Repeat("6", 64), To: 4}, claim(alice, p.owner, rbac.Owner, 0))
		}, "does not agree with what was recorded"},
		"a denial that was none": {func(p *paper, viewer rbac.APIKey) {
			asked, err := encode(&viewOrder{})
			require.NoError(p.t, err)
			p.forge(by(viewer), kindDenied, deniedBody{Order: kindView, Asked: asked, Code: rbac.RoleInsufficient}, claim(bob, viewer, rbac.Viewer, 1))
		}, "not the one that follows from the log"},
		"an answer to nothing": {func(p *paper, _ rbac.APIKey) {
			p.forge(by(p.owner), kindView, &viewOrder{}, claim(alice, p.owner, rbac.Owner, 0))
		}, "not known to this version"},
		"no event": {func(p *paper, _ rbac.APIKey) {
			p.append([]byte(`{"event":{"kind":"grant/v1"}}`))
		}, "not an event"},
		"another spelling": {func(p *paper, _ rbac.APIKey) {
			line := bytes.Replace(p.signedGrant(), []byte(`"role":"owner"}`), []byte(`"role": "owner"}`), 1)
			p.append(line)
		}, "not in the form"},
		"one letter changed": {func(p *paper, _ rbac.APIKey) {
			line := bytes.Replace(p.signedGrant(), []byte("carol@"), []byte("karol@"), 1)
			p.append(line)
		}, "did not sign it"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPaper(t)
			viewer := p.join(bob, rbac.Viewer)
			_, err := p.give(p.owner, &pauseOrder{Agent: "a", Environment: rbac.Sandbox}, "")
			require.NoError(t, err)
			before := p.state.policy.State().Grants
			tc.forge(p, viewer)
			require.Equal(t, before, p.state.policy.State().Grants)
			require.Len(t, p.state.flags, 1)
			require.Equal(t, uint64(len(p.recs)-1), p.state.flags[0].Index)
			require.Contains(t, p.state.flags[0].Reason, tc.says)
			// Nothing is lost by it: what follows counts.
			_, err = p.give(p.owner, &grantOrder{Subject: ci, Role: rbac.Operator}, "")
			require.NoError(t, err)
			// And no more so to who reads all of it at once.
			for i := range parallel {
				_, err := p.give(p.owner, &pauseOrder{Agent: fmt.Sprint(i), Environment: rbac.Sandbox}, "")
				require.NoError(t, err)
			}
			require.Len(t, p.state.flags, 1)
			same(t, p.state, p.replayed())
		})
	}
}

// signedGrant returns a line by which Alice makes Carol an owner, here and now.
func (p *paper) signedGrant() []byte {
	body, err := encode(&grantOrder{Subject: carol, Role: rbac.Owner})
	require.NoError(p.t, err)
	e := p.state.place(p.clock.Now())
	e.Kind, e.Body = kindGrant, body
	claim(alice, p.owner, rbac.Owner, 0)(&e)
	line, _, err := e.seal(by(p.owner))
	require.NoError(p.t, err)
	return line
}

// appendRecord puts a record at the end as it is, salt included.
func (p *paper) appendRecord(line []byte) {
	p.append([]byte(strings.TrimSuffix(string(line), salt) + "}"))
}

// The forged line of TestForgeries has effect if nothing is wrong with it.
func TestWhatIsNotForged(t *testing.T) {
	p := newPaper(t)
	p.append(p.signedGrant())
	require.Empty(t, p.state.flags)
	g, ok := p.state.policy.Grant(carol)
	require.True(t, ok)
	require.Equal(t, rbac.Owner, g.Role)
}

// A genesis counts if the key signed it that it makes the owner's.
func TestForgedGenesis(t *testing.T) {
	p := newPaper(t)
	p.state, p.recs = newState(p.v), nil
	p.forge(by(mint(t, carol)), kindGenesis, genesisBody{Vault: "company", Tier: rbac.L2, ID: p.owner.ID(), Public: p.owner.Public()}, func(e *payload) { e.By, e.Key = alice, p.owner.ID() })
	require.Len(t, p.state.flags, 1)
	require.Contains(t, p.state.flags[0].Reason, "did not sign it")
	require.Empty(t, p.state.vault)
}

// Whoever records a pause of what is paused, without the door, changes nothing.
func TestSecondPause(t *testing.T) {
	p := newPaper(t)
	operator := p.join(bob, rbac.Operator)
	o := &pauseOrder{Agent: "a", Environment: rbac.Production}
	first, err := p.give(operator, o, "because")
	require.NoError(t, err)
	p.forge(by(p.owner), kindPause, o, func(e *payload) { claim(alice, p.owner, rbac.Owner, 0)(e); e.Reason = "mine" })
	require.Empty(t, p.state.flags)
	h := p.state.paused[place{"a", rbac.Production}]
	require.Equal(t, first.Index, h.Index)
	require.Equal(t, bob, h.By)
}

// Somebody who can sign the checkpoints anew removes, moves or changes any one
// record: whatever a person signed behind it shows that.
func TestRewrittenHistories(t *testing.T) {
	p := newPaper(t)
	admin := p.join(bob, rbac.Admin)
	for _, o := range []order{
		&deployOrder{Agent: "a", Version: "1", Environment: rbac.Production},
		&deployOrder{Agent: "a", Version: "2", Environment: rbac.Production},
		&pauseOrder{Agent: "a", Environment: rbac.Production},
	} {
		_, err := p.give(admin, o, "because")
		require.NoError(t, err)
	}
	replay := func(lines [][]byte) *state {
		s := newState(p.v)
		for i, line := range lines {
			s.takeAll([]ledger.Record{{Index: uint64(i), Line: line}})
		}
		return s
	}
	lines := func() (out [][]byte) {
		for _, rec := range p.recs {
			out = append(out, rec.Line)
		}
		return out
	}
	last := len(p.recs) - 1
	for i := range last {
		removed := append(lines()[:i], lines()[i+1:]...)
		require.NotEmpty(t, replay(removed).flags, "record %d removed", i)

		swapped := lines()
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		require.NotEmpty(t, replay(swapped).flags, "records %d and %d swapped", i, i+1)

		salted := lines()
		salted[i] = bytes.Replace(salted[i], []byte(`"salt":"A`), []byte(`"salt":"B`), 1)
		require.Len(t, replay(salted).flags, last-i, "all behind record %d, whose salt changed", i)
	}
	require.Empty(t, replay(lines()).flags)
}

// An operator who states a time far ahead ends nobody else's key.
func TestTimesFarAhead(t *testing.T) {
	p := newPaper(t)
	operator := p.join(bob, rbac.Operator)
	p.forge(by(operator), kindPause, &pauseOrder{Agent: "a", Environment: rbac.Sandbox}, func(e *payload) {
		claim(bob, operator, rbac.Operator, 1)(e)
		e.At = e.At.Add(80 * day)
	})
	require.Empty(t, p.state.flags)
	p.clock.now = begin.Add(day)
	_, err := p.give(p.owner, &grantOrder{Subject: carol, Role: rbac.Viewer}, "")
	require.NoError(t, err)
	require.Empty(t, p.state.flags)
	require.WithinDuration(t, begin.Add(day), p.state.clock, time.Minute)

	// A clock that was set back stops nobody.
	p.clock.now = begin.Add(-day)
	_, err = p.give(p.owner, &grantOrder{Subject: carol, Role: rbac.Operator}, "")
	require.NoError(t, err)
	require.Empty(t, p.state.flags)
}

// What this version does not know is skipped, unless an owner says that it must
// not be.
func TestFutureEvents(t *testing.T) {
	p := newPaper(t)
	viewer := p.join(bob, rbac.Viewer)
	body := map[string]any{"what": "ever"}
	critical := func(e *payload) { e.Critical = true }

	p.forge(by(p.owner), "approve/v1", body, claim(alice, p.owner, rbac.Owner, 0))
	require.Len(t, p.state.flags, 1)
	require.Contains(t, p.state.flags[0].Reason, `"approve/v1" are not known`)
	p.forge(by(viewer), "approve/v1", body, func(e *payload) { claim(bob, viewer, rbac.Viewer, 1)(e); critical(e) })
	p.forge(p.signer.Sign, "approve/v1", body, critical)
	require.Empty(t, p.state.tooNew, "neither a viewer nor the log can stop everybody")
	_, err := p.give(p.owner, &grantOrder{Subject: carol, Role: rbac.Viewer}, "")
	require.NoError(t, err)

	p.forge(by(p.owner), "approve/v1", body, func(e *payload) { claim(alice, p.owner, rbac.Owner, 0)(e); critical(e) })
	out, err := p.give(p.owner, &grantOrder{Subject: carol, Role: rbac.Operator}, "")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, LogTooNew, out.Decision.Code)
	require.Contains(t, err.Error(), "update this program")
	_, err = p.give(p.owner, &pauseOrder{Agent: "a", Environment: rbac.Production}, "because")
	require.NoError(t, err, "stopping always works")
	_, err = p.give(p.owner, &killOrder{Run: ident.New("run"), Environment: rbac.Production}, "because")
	require.NoError(t, err)
	same(t, p.state, p.replayed())
}

// damages are what somebody can do who can write the directory, but has no key. The
// segment has the genesis, its commit line and that with which its writer closed, then
// an event and a commit line three times, and a closing line.
var damages = map[string]func(t *testing.T, dir, segment string, data []byte){
	"append": func(t *testing.T, _, segment string, data []byte) {
		lines := bytes.SplitAfter(data, []byte("\n"))
		write(t, segment, bytes.Join([][]byte{data, lines[3], lines[4]}, nil)) // with its commit line
	},
	"edit": func(t *testing.T, _, segment string, data []byte) {
		write(t, segment, bytes.Replace(data, []byte(`"role":"viewer"`), []byte(`"role":"owner!"`), 1))
	},
	"remove": func(t *testing.T, _, segment string, data []byte) {
		lines := bytes.SplitAfter(data, []byte("\n"))
		write(t, segment, bytes.Join(append(lines[:3:3], lines[5:]...), nil))
	},
	"reorder": func(t *testing.T, _, segment string, data []byte) {
		lines := bytes.SplitAfter(data, []byte("\n"))
		lines[3], lines[4], lines[5], lines[6] = lines[5], lines[6], lines[3], lines[4]
		write(t, segment, bytes.Join(lines, nil))
	},
	"truncate": func(t *testing.T, _, segment string, data []byte) {
		lines := bytes.SplitAfter(data, []byte("\n"))
		write(t, segment, bytes.Join(lines[:len(lines)-4], nil))
	},
	"remove the segment": func(t *testing.T, _, segment string, _ []byte) {
		require.NoError(t, os.Remove(segment))
	},
	"remove the log": func(t *testing.T, dir, _ string, _ []byte) {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, LogName)))
	},
	"another identity": func(t *testing.T, dir, _ string, _ []byte) {
		path := filepath.Join(dir, LogName, "log.json")
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		write(t, path, bytes.Replace(data, []byte("company"), []byte("kompany"), 1))
	},
}

// write replaces a file's content in place.
func write(t *testing.T, path string, data []byte) {
	t.Helper()
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotEqual(t, string(before), string(data), "the damage is none")
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

// Whoever writes the directory without a key gains no right, and is noticed, both
// by those who have the vault open and by those who open it. Stopping still works.
func TestWritersWithoutAKey(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			operator := h.join(bob, rbac.Operator)
			_, err := h.owner.GrantRole(bg, carol, rbac.Viewer, time.Time{}, "")
			require.NoError(t, err)
			// Whoever read the log before.
			watching := h.as(rbac.APIKey{})
			halted := make(chan Halt, 10)
			defer operator.onHalt(func(h Halt, _ bool) { halted <- h })()
			require.NoError(t, h.owner.appender.Close())

			segment := onlySegment(t, h.dir)
			data, err := os.ReadFile(segment)
			require.NoError(t, err)
			damage(t, h.dir, segment, bytes.TrimRight(data, "\x00"))
			watching.looked, operator.looked = time.Time{}, time.Time{} // 100 ms later

			for _, c := range []*Control{watching, h.as(h.key)} {
				grants, _ := c.Grants(bg)
				for _, g := range grants {
					require.NotEqual(t, []any{carol, rbac.Owner}, []any{g.Subject, g.Role})
				}
			}
			_, err = VerifyAccess(bg, h.dir, nil)
			require.Error(t, err)

			_, out, err := operator.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
			require.ErrorIs(t, err, ErrDenied)
			require.Equal(t, LogCorrupt, out.Decision.Code)
			require.False(t, out.Recorded)
			run := ident.New("run")
			out, err = operator.Kill(bg, Run{ID: run, Environment: rbac.Production}, "because")
			require.ErrorIs(t, err, ErrNotRecorded)
			require.True(t, out.Decision.Allowed)
			require.Equal(t, bob, (<-halted).By)
			_, err = operator.Pause(bg, "a", rbac.Production, "because")
			require.ErrorIs(t, err, ErrNotRecorded)
			// Others hear of it, whether they knew the log before or not.
			watching.looked, watching.spoolRead = time.Time{}, time.Time{}
			for _, c := range []*Control{watching, h.as(rbac.APIKey{})} {
				kill, ok, _ := c.Killed(bg, run)
				require.True(t, ok)
				require.Equal(t, "because", kill.Reason)
				_, ok, _ = c.Paused(bg, "a", rbac.Production)
				require.True(t, ok)
			}
			fresh := h.as(operator.cfg.Key)
			require.ErrorIs(t, fresh.Damage(), ErrCorrupt)
			again := ident.New("run")
			_, err = fresh.Kill(bg, Run{ID: again, Environment: rbac.Production}, "because")
			require.ErrorIs(t, err, ErrNotRecorded)
			// Whoever is not known to those who read the log while it was whole stops
			// nothing there.
			stranger := h.as(mint(t, carol))
			other := ident.New("run")
			_, err = stranger.Kill(bg, Run{ID: other, Environment: rbac.Production}, "because")
			require.Error(t, err)
			watching.looked, watching.spoolRead = time.Time{}, time.Time{}
			_, ok, _ := watching.Killed(bg, again)
			require.True(t, ok)
			_, ok, _ = watching.Killed(bg, other)
			require.False(t, ok)
		})
	}
}

// A line without a commit is what a process leaves that died: it is cut off.
func TestUnfinishedWrite(t *testing.T) {
	h := newHouse(t)
	segment := onlySegment(t, h.dir)
	data, err := os.ReadFile(segment)
	require.NoError(t, err)
	line, _, _ := bytes.Cut(data, []byte("\n"))
	write(t, segment, slices.Concat(bytes.TrimRight(data, "\x00"), line, []byte("\n")))
	c := h.as(h.key)
	require.NoError(t, c.Damage())
	out, err := c.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)
	require.Equal(t, uint64(1), out.Index)
	require.Empty(t, c.Flags())
}

func onlySegment(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, LogName, "segments", "*", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}
