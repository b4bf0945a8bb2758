package control

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/rbac"
)

// owners counts who is owner by what the log says to somebody who reads it for the
// first time.
func owners(t testing.TB, dir string) (n int) {
	t.Helper()
	c, err := Open(t.Context(), dir, nil)
	require.NoError(t, err)
	defer c.Close()
	grants, err := c.Grants(t.Context())
	require.NoError(t, err)
	for _, g := range grants {
		if g.Role == rbac.Owner {
			n++
		}
	}
	return n
}

// Two owners who remove each other at the same time: one of them does.
func TestOwnersRemoveEachOther(t *testing.T) {
	h := newHouse(t)
	b := h.join(bob, rbac.Owner)
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		var group sync.WaitGroup
		var errs [2]error
		group.Go(func() { _, errs[0] = h.owner.RevokeRole(bg, bob, "") })
		group.Go(func() { _, errs[1] = b.RevokeRole(bg, alice, "") })
		group.Wait()
		require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v / %v", errs[0], errs[1])
		loser, who, left := errs[1], bob, h.owner
		if errs[0] != nil {
			loser, who, left = errs[0], alice, b
		}
		require.ErrorIs(t, loser, ErrDenied)
		_, err := left.GrantRole(bg, who, rbac.Owner, time.Time{}, "")
		require.NoError(t, err)
	}
	require.Equal(t, 2, owners(t, h.dir))
	require.Empty(t, h.owner.Flags())
}

// Everybody deploys at once: every order is recorded, and the last one is current
// for all.
func TestConcurrentDeployments(t *testing.T) {
	h := newHouse(t)
	doors := []*Control{h.owner, h.as(h.key), h.join(bob, rbac.Admin)}
	var group sync.WaitGroup
	for i, c := range doors {
		for j := range 5 {
			group.Go(func() {
				_, out, err := c.Deploy(bg, DeployOrder{Agent: "a", Version: fmt.Sprint(i, "-", j), Environment: rbac.Production})
				if err != nil || !out.Recorded {
					t.Error(out, err)
				}
			})
			// The same order from everybody has effect once.
			group.Go(func() {
				if _, err := c.Pause(bg, "a", rbac.Sandbox, ""); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	var current []Deployment
	kinds := map[string]int{}
	var last uint64
	for e, err := range h.owner.Events(bg, 0) {
		require.NoError(t, err)
		kinds[e.Kind]++
		if e.Kind == kindDeploy {
			last = e.Index
		}
	}
	require.Equal(t, 15, kinds[kindDeploy])
	require.Equal(t, 1, kinds[kindPause], "pausing twice is one pause")
	for _, c := range doors {
		d, ok, err := c.Deployed(bg, "a", rbac.Production)
		require.NoError(t, err)
		require.True(t, ok)
		current = append(current, d)
	}
	require.Equal(t, last, current[0].Index)
	require.Equal(t, current[0], current[1])
	require.Equal(t, current[0], current[2])
}

// TestMain lets a test start this program as another process of the same vault.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FLEXOR_TEST_REMOVE_IN"); dir != "" {
		if err := removeOwners(dir, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(decideEnv); dir != "" {
		if err := decide(dir, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// removeOwners does what the lines of in say, "revoke" or "grant" and a name, and
// says what came of it.
func removeOwners(dir string, in io.Reader, out io.Writer) error {
	key, _, err := Credentials{}.LoadKey()
	if err != nil {
		return err
	}
	c, err := Open(bg, dir, &Config{Key: key})
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		deed, name, _ := strings.Cut(lines.Text(), " ")
		if deed == "revoke" {
			_, err = c.RevokeRole(bg, rbac.User(name), "")
		} else {
			_, err = c.GrantRole(bg, rbac.User(name), rbac.Owner, time.Time{}, "")
		}
		switch {
		case err == nil:
			fmt.Fprintln(out, "done")
		case errors.Is(err, ErrDenied):
			fmt.Fprintln(out, "denied")
		default:
			fmt.Fprintln(out, err)
		}
	}
	return c.Close()
}

// ownerProcess is an owner who acts in a process of their own.
type ownerProcess struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Scanner
}

func (h *house) startOwner(who rbac.Subject) *ownerProcess {
	t := h.t
	t.Helper()
	_, err := h.owner.GrantRole(bg, who, rbac.Owner, time.Time{}, "")
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FLEXOR_TEST_REMOVE_IN="+h.dir, "FLEXOR_API_KEY="+h.mint(who).Reveal())
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait())
	})
	return &ownerProcess{t, stdin, bufio.NewScanner(stdout)}
}

func (p *ownerProcess) say(deed string, about rbac.Subject) { fmt.Fprintln(p.in, deed, about) }

func (p *ownerProcess) answer() string {
	p.t.Helper()
	require.True(p.t, p.out.Scan())
	return p.out.Text()
}

func TestOwnersRemoveEachOtherAcrossProcesses(t *testing.T) {
	h := newHouseAt(t, time.Now().Add(-time.Hour)) // the other processes have no other clock
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	a, b := h.startOwner(bob), h.startOwner(carol)
	_, err := h.owner.RevokeRole(bg, alice, "")
	require.NoError(t, err)
	for range rounds {
		a.say("revoke", carol)
		b.say("revoke", bob)
		said := []string{a.answer(), b.answer()}
		require.ElementsMatch(t, []string{"done", "denied"}, said)
		require.Equal(t, 1, owners(t, h.dir))
		if said[0] == "done" {
			a.say("grant", carol)
			require.Equal(t, "done", a.answer())
		} else {
			b.say("grant", bob)
			require.Equal(t, "done", b.answer())
		}
	}
}

// Of many who give a vault its first owner at once, one does, and the others are told.
func TestInitAtOnce(t *testing.T) {
	for range 3 {
		dir := t.TempDir()
		errs := make(chan error)
		const n = 4
		for range n {
			go func() {
				c, _, err := Init(bg, dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}, nil)
				if err == nil {
					err = c.Close()
				}
				errs <- err
			}()
		}
		won := 0
		for range n {
			if err := <-errs; err == nil {
				won++
			} else {
				require.ErrorIs(t, err, rbac.ErrInitialised)
			}
		}
		require.Equal(t, 1, won)
		c, err := Open(bg, dir, nil)
		require.NoError(t, err)
		require.NoError(t, c.Damage())
		require.Empty(t, c.Flags())
		require.NoError(t, c.Close())
	}
}
