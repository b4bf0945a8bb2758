package flexor_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// victimsEnv makes the test binary a process that starts runs in the vault it
// names, as the lines it reads say.
const victimsEnv = "FLEXOR_TEST_VICTIMS_IN"

// runVictims starts a run for each line of in, and says its id or why it was
// refused, until in ends and all runs have. What they do is "quick", "obey" or
// "ignore"; "load" has eight threads start one run after the other from then on.
func runVictims(dir string, in io.Reader, out io.Writer) (err error) {
	o := &flexor.Options{}
	if os.Getenv("FLEXOR_TEST_POLL_ONLY") != "" {
		c, err := control.Open(context.Background(), dir, nil)
		if err != nil {
			return err
		}
		g := control.NewGate(c, &control.GateConfig{PollOnly: true})
		defer func() { err = errors.Join(err, g.Close(), c.Close()) }()
		o.Gate = g
	}
	v, err := flexor.Open(context.Background(), dir, o)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	released := make(chan struct{})
	quick := func(context.Context, *audit.Run) error { return nil }
	agents := map[string]func(context.Context, *audit.Run) error{
		"quick": quick,
		"obey": func(ctx context.Context, run *audit.Run) error {
			return run.Task(ctx, "trade", func(ctx context.Context, _ *audit.Task) error {
				<-ctx.Done()
				return ctx.Err()
			})
		},
		"ignore": func(context.Context, *audit.Run) error {
			<-released
			return nil
		},
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if lines.Text() == "load" {
			for range 8 {
				group.Go(func() {
					for {
						select {
						case <-released:
							return
						case <-time.After(time.Millisecond): // leaves some of the machine to the others
							_ = v.Audit.Do(context.Background(), "load", audit.Trigger{}, quick)
						}
					}
				})
			}
			fmt.Fprintln(out, "loaded")
			continue
		}
		ctx, run, err := v.Audit.Start(context.Background(), "feed", audit.Trigger{})
		if err != nil {
			fmt.Fprintln(out, err)
			continue
		}
		agent := agents[lines.Text()]
		began := make(chan struct{})
		group.Go(func() {
			close(began)
			_ = run.End(agent(ctx, run))
		})
		<-began
		fmt.Fprintln(out, run.ID())
	}
	close(released)
	group.Wait()
	return v.Close()
}

// victims is such a process.
type victims struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startVictims(t testing.TB, dir string, env ...string) *victims {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(append(os.Environ(), victimsEnv+"="+dir), env...)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return &victims{t, cmd, in, bufio.NewScanner(out)}
}

// start has the process start something, and returns its answer.
func (v *victims) start(what string) string {
	v.t.Helper()
	_, err := fmt.Fprintln(v.in, what)
	require.NoError(v.t, err)
	require.True(v.t, v.out.Scan())
	return v.out.Text()
}

// end waits for the end of all runs and of the process.
func (v *victims) end() {
	v.t.Helper()
	require.NoError(v.t, v.in.Close())
	require.NoError(v.t, v.cmd.Wait())
}

// governed is a vault with an owner, who gives orders from this process.
type governed struct {
	t     testing.TB
	dir   string
	owner *control.Control
	log   *vault.Reader
}

func newGoverned(t *testing.T) *governed {
	t.Helper()
	g := &governed{t: t, dir: newVault(t)}
	g.init()
	return g
}

// init gives the vault its owner.
func (g *governed) init() {
	g.t.Helper()
	var err error
	g.owner, _, err = control.Init(context.Background(), g.dir, control.Genesis{Vault: "test", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, nil)
	require.NoError(g.t, err)
	g.t.Cleanup(func() { require.NoError(g.t, g.owner.Close()) })
}

// find waits until the audit log knows a run.
func (g *governed) find(run string) control.Stop {
	g.t.Helper()
	if g.log == nil {
		var err error
		g.log, err = vault.OpenReader(filepath.Join(g.dir, "audit-log"))
		require.NoError(g.t, err)
	}
	var s control.Stop
	require.Eventually(g.t, func() bool {
		var err error
		s, err = control.Find(context.Background(), g.log, run)
		require.NoError(g.t, err)
		return s.Fate != control.Unknown
	}, 10*time.Second, 10*time.Millisecond)
	return s
}

// stop kills a run that has begun.
func (g *governed) stop(run string, wait time.Duration) (control.Stop, control.Outcome) {
	g.t.Helper()
	require.Equal(g.t, control.Running, g.find(run).Fate)
	s, out, err := g.owner.Stop(context.Background(), g.log, run, "wrong prices", wait)
	require.NoError(g.t, err)
	return s, out
}

// A run is killed from another process, while both are busy, whether the file
// system tells of orders or not.
func TestKillFromAnotherProcess(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 3
	}
	for name, env := range map[string]string{"notified": "FLEXOR_TEST_POLL_ONLY=", "polling": "FLEXOR_TEST_POLL_ONLY=1"} {
		t.Run(name, func(t *testing.T) {
			g := newGoverned(t)
			v := startVictims(t, g.dir, env)
			require.Equal(t, "loaded", v.start("load"))
			spared := v.start("obey")
			var took []time.Duration
			for range kills {
				run := v.start("obey")
				before := time.Now()
				s, out := g.stop(run, 30*time.Second)
				require.Equal(t, control.Stopped, s.Fate, s.String())
				require.True(t, out.Recorded)
				require.Equal(t, run, s.Entry.RunID)
				require.Equal(t, audit.Failed, s.Entry.Status)
				require.Equal(t, audit.ByKill, s.Entry.EndedBy)
				require.Equal(t, audit.Unknown, s.Entry.Tasks[0].Outcome, "what it did before it was stopped, nobody knows")
				k := s.Entry.Kill
				require.Equal(t, []string{"alice@fund.com", "owner", "wrong prices"}, []string{k.By, k.Role, k.Reason})
				require.False(t, k.RequestedAt.Before(before.Truncate(time.Microsecond)))
				require.False(t, k.EffectiveAt.Before(k.RequestedAt))
				took = append(took, s.Latency())
			}
			require.Equal(t, control.Running, g.find(spared).Fate)
			slices.Sort(took)
			t.Logf("%d kills: median %v, slowest %v", kills, took[len(took)/2], took[len(took)-1])

			s, _ := g.stop(spared, 30*time.Second)
			require.Equal(t, control.Stopped, s.Fate)
			v.end()
			entries := validateEntries(t, g.log)
			require.Greater(t, entries, kills)
		})
	}
}

func TestKillThatIsIgnored(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	run := v.start("ignore")
	s, out := g.stop(run, 300*time.Millisecond)
	require.Equal(t, control.Ignored, s.Fate)
	require.Equal(t, v.cmd.Process.Pid, s.PID)
	require.Nil(t, s.Entry)
	require.Equal(t, "alice@fund.com", s.Kill.By)
	assert.Regexp(t, `is not stopped: its context was cancelled \S+ after the order, but the agent goes on without minding it \(process \d+\)$`, s.String())

	// What it returns in the end does not make it a success. The order stands.
	v.end()
	s = g.find(run)
	require.Equal(t, control.Stopped, s.Fate)
	require.Equal(t, audit.Failed, s.Entry.Status)
	require.True(t, out.Recorded)
}

func TestKillOfADeadProcess(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	run, other := v.start("obey"), v.start("obey")
	require.Equal(t, control.Running, g.find(other).Fate)
	require.NoError(t, v.cmd.Process.Kill())
	_ = v.cmd.Wait() // killed
	require.Equal(t, control.Died, g.find(run).Fate)
	s, out, err := g.owner.Stop(context.Background(), g.log, run, "", time.Minute)
	require.NoError(t, err)
	require.Equal(t, control.Died, s.Fate)
	require.Equal(t, v.cmd.Process.Pid, s.PID)
	require.True(t, out.Recorded, "should it not be dead after all")

	next, err := flexor.Open(context.Background(), g.dir, nil)
	require.NoError(t, err)
	require.NoError(t, next.Close())
	s, out, err = g.owner.Stop(context.Background(), g.log, other, "", time.Minute)
	require.NoError(t, err)
	require.Equal(t, control.Died, s.Fate)
	require.Equal(t, audit.ByInterrupted, s.Entry.EndedBy)
	require.Zero(t, out)
}

// The process dies while the kill is waited for.
func TestProcessDiesUnderTheKill(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	run := v.start("ignore")
	require.Equal(t, control.Running, g.find(run).Fate)
	time.AfterFunc(300*time.Millisecond, func() { _ = v.cmd.Process.Kill() }) // until it is waited for it holds no locks
	s, _ := g.stop(run, 30*time.Second)
	require.Equal(t, control.Died, s.Fate)
	require.NotNil(t, s.Kill, "it had heard of the order")
}

// There is nothing to kill, and nothing is ordered.
func TestKillOfWhatDoesNotRun(t *testing.T) {
	g, other := newGoverned(t), newGoverned(t)
	v, elsewhere := startVictims(t, g.dir), startVictims(t, other.dir)
	ended, foreign := v.start("quick"), elsewhere.start("obey")
	require.Eventually(t, func() bool { return g.find(ended).Fate == control.Ended }, 10*time.Second, time.Millisecond)
	size := g.owner.Head().Size
	for run, want := range map[string]control.Fate{
		ended:            control.Ended,
		foreign:          control.Unknown,
		ident.New("run"): control.Unknown,
	} {
		s, out, err := g.owner.Stop(context.Background(), g.log, run, "", time.Minute)
		require.NoError(t, err)
		assert.Equal(t, want, s.Fate, s.String())
		assert.Zero(t, out)
	}
	require.Equal(t, size, g.owner.Head().Size)

	// An order that is given all the same does not reach the run of another vault.
	_, err := g.owner.Kill(context.Background(), control.Run{ID: foreign, Environment: rbac.Sandbox}, "")
	require.NoError(t, err)
	s, _ := other.stop(foreign, 30*time.Second)
	require.Equal(t, control.Stopped, s.Fate)
	killed, _, err := other.owner.Killed(context.Background(), foreign)
	require.NoError(t, err)
	require.WithinDuration(t, killed.At, s.Kill.RequestedAt, 10*time.Second, "by its own owner; laid down before it was recorded, where the machine is busy")
	v.end()
	elsewhere.end()
}

func TestPauseFromAnotherProcess(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	goes := v.start("obey")
	for range 10 {
		_, err := g.owner.Pause(context.Background(), "feed", rbac.Sandbox, "month end")
		require.NoError(t, err)
		require.Regexp(t, `run refused: audit: agent paused: feed was paused in sandbox by alice@fund.com \(owner\) at \S+: month end$`, v.start("quick"))
		_, err = g.owner.Resume(context.Background(), "feed", rbac.Sandbox, "")
		require.NoError(t, err)
		require.Regexp(t, "^run_", v.start("quick"))
	}
	require.Equal(t, control.Running, g.find(goes).Fate, "a pause does not end what runs")
	s, _ := g.stop(goes, 30*time.Second)
	require.Equal(t, control.Stopped, s.Fate)
	v.end()
	refused := 0
	for rec, err := range g.log.Records(context.Background(), 0) {
		require.NoError(t, err)
		line, err := audit.DecodeLine(rec.Line)
		require.NoError(t, err)
		if line.Kind == audit.KindRefused {
			refused++
		}
	}
	require.Equal(t, 10, refused)
}

// A vault gets its owner while its agents run: they obey from then on.
func TestGenesisWhileAgentsRun(t *testing.T) {
	for range 3 {
		g := &governed{t: t, dir: newVault(t)}
		v := startVictims(t, g.dir)
		run := v.start("obey")
		require.Equal(t, "loaded", v.start("load"))
		g.init()
		s, _ := g.stop(run, 30*time.Second)
		require.Equal(t, control.Stopped, s.Fate, s.String())
		require.Nil(t, s.Entry.Governance, "there was none when it began")
		second := g.find(v.start("quick"))
		require.Eventually(t, func() bool { second = g.find(second.Run.ID); return second.Entry != nil }, 10*time.Second, time.Millisecond)
		require.NotNil(t, second.Entry.Governance)
		v.end()
	}
}

// A log that somebody damaged cannot record, but what runs can still be stopped.
func TestKillWithADamagedLog(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	run := v.start("obey")
	require.Equal(t, control.Running, g.find(run).Fate)
	segments, err := filepath.Glob(filepath.Join(g.dir, control.LogName, "segments", "*", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, segments, 1)
	require.NoError(t, os.Truncate(segments[0], 100))
	s, out, err := g.owner.Stop(context.Background(), g.log, run, "", 30*time.Second)
	require.ErrorIs(t, err, control.ErrNotRecorded)
	require.False(t, out.Recorded)
	require.Equal(t, control.Stopped, s.Fate, s.String())
	require.Equal(t, "alice@fund.com", s.Entry.Kill.By)
	v.end()
}
