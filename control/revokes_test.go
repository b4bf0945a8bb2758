package control

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/rbac"
)

// decideEnv makes the test binary a process that decides all the time in the vault
// it names.
const decideEnv = "FLEXOR_TEST_DECIDE_IN"

// The phases of a decider, as it is told: whether what it asks for is surely
// allowed, surely not, or may be either, because an order is on its way.
const (
	moving = iota
	open
	shut
)

// phase is one such time; each has its own.
type phase struct{ what int }

// decider asks all the time, and counts the answers that are wrong.
type decider struct {
	phase atomic.Pointer[phase]
	wrong atomic.Int64
	asked [4]atomic.Int64 // by each of its threads
}

// ask asks until the process ends. What counts is the phase before the question,
// if it still goes on behind the answer.
func (d *decider) ask(i int, allowed func() bool) {
	for {
		phase := d.phase.Load()
		yes := allowed()
		wrong := phase.what == open && !yes || phase.what == shut && yes
		if wrong && d.phase.Load() == phase {
			d.wrong.Add(1)
		}
		d.asked[i].Add(1)
		time.Sleep(20 * time.Microsecond) // leaves some of the machine to the others
	}
}

// enter begins a phase and, if it says what is right, returns once everybody has
// asked in it.
func (d *decider) enter(what int) {
	d.phase.Store(&phase{what})
	if what == moving {
		return
	}
	for i := range d.asked {
		for begun := d.asked[i].Load(); d.asked[i].Load() < begun+2; {
			time.Sleep(10 * time.Microsecond)
		}
	}
}

// decide is that process. Every line of in is a phase; the answer is how many
// answers were wrong so far.
func decide(dir string, in io.Reader, out io.Writer) error {
	key, _, err := Credentials{}.LoadKey()
	if err != nil {
		return err
	}
	c, err := Open(bg, dir, &Config{Key: key})
	if err != nil {
		return err
	}
	g := NewGate(c, nil)
	d := &decider{}
	d.enter(moving)
	for i := range 2 {
		go d.ask(i, func() bool {
			return c.Authorize(bg, rbac.Request{Action: rbac.Deploy, Environment: rbac.Sandbox}).Allowed
		})
		go d.ask(2+i, func() bool {
			a := admission("feed", rbac.Sandbox)
			_, err := ask(g, a)
			g.Leave(a.RunID)
			return err == nil
		})
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var what int
		if _, err := fmt.Sscan(lines.Text(), &what); err != nil {
			return err
		}
		d.enter(what)
		fmt.Fprintln(out, d.wrong.Load())
	}
	return nil
}

// No decision in any process that began after a revoke or a pause returned allows
// what it took away, and none that began after a grant or a resume returned denies
// it.
func TestDecisionsSeeWhatReturnedBefore(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 10
	}
	h := newHouseAt(t, time.Now().Add(-time.Hour)) // the other processes have no other clock
	_, err := h.owner.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
	require.NoError(t, err)
	key := h.mint(bob)
	type process struct {
		in  io.Writer
		out *bufio.Scanner
	}
	var processes []process
	for range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), decideEnv+"="+h.dir, "FLEXOR_API_KEY="+key.Reveal())
		cmd.Stderr = t.Output()
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		defer func() {
			require.NoError(t, in.Close())
			require.NoError(t, cmd.Wait())
		}()
		processes = append(processes, process{in, bufio.NewScanner(out)})
	}
	enter := func(phase int) {
		var group sync.WaitGroup
		for _, p := range processes {
			group.Go(func() {
				fmt.Fprintln(p.in, phase)
				if !p.out.Scan() || p.out.Text() != "0" {
					t.Errorf("wrong answers: %q", p.out.Text())
				}
			})
		}
		group.Wait()
	}
	for range rounds {
		enter(open)
		enter(moving)
		_, err := h.owner.RevokeRole(bg, bob, "")
		require.NoError(t, err)
		_, err = h.owner.Pause(bg, "feed", rbac.Sandbox, "")
		require.NoError(t, err)
		enter(shut)
		enter(moving)
		_, err = h.owner.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
		require.NoError(t, err)
		_, err = h.owner.Resume(bg, "feed", rbac.Sandbox, "")
		require.NoError(t, err)
		if t.Failed() {
			return
		}
	}
}
