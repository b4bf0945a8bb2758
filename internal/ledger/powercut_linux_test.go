package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// powerCutEnv says how many rounds the tests of real power cuts take. They need
// root, loop devices and some time, so they are asked for.
const powerCutEnv = "FLEXOR_TEST_POWER_CUTS"

// disk is an ext4 file system in an image, mounted on a loop device.
type disk struct {
	t     testing.TB
	image string
	mount string
}

func sh(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

func newDisk(t testing.TB) disk {
	t.Helper()
	if os.Getenv(powerCutEnv) == "" {
		t.Skipf("a power cut needs root and loop devices; ask for it with %s=100", powerCutEnv)
	}
	dir := t.TempDir()
	d := disk{t, filepath.Join(dir, "image"), filepath.Join(dir, "mount")}
	require.NoError(t, os.WriteFile(d.image, nil, 0o600))
	require.NoError(t, os.Truncate(d.image, 256<<20))
	sh(t, "mkfs.ext4", "-q", d.image)
	d.attach()
	return d
}

// attach mounts the disk until the test ends.
func (d disk) attach() {
	d.t.Helper()
	require.NoError(d.t, os.MkdirAll(d.mount, 0o700))
	sh(d.t, "mount", "-o", "loop", d.image, d.mount)
	d.t.Cleanup(func() { sh(d.t, "umount", d.mount) })
}

// cut calls look with the file system as it would be found after a power cut now:
// what the disk holds, and nothing of what is only in memory.
func (d disk) cut(look func(mount string)) {
	d.t.Helper()
	after := disk{d.t, d.image + ".cut", d.mount + ".cut"}
	sh(d.t, "cp", "--sparse=always", d.image, after.image)
	require.NoError(d.t, os.MkdirAll(after.mount, 0o700))
	sh(d.t, "mount", "-o", "loop", after.image, after.mount)
	defer sh(d.t, "umount", after.mount)
	look(after.mount)
}

// powered are writers on one disk, and what they were acknowledged.
type powered struct {
	mu    sync.Mutex
	acks  []ack
	more  *sync.Cond
	procs []*os.Process
}

// start starts a writer.
func (p *powered) start(t testing.TB, a childArgs, mutant string) {
	t.Helper()
	cmd := child(t, "power", a)
	cmd.Env = append(cmd.Env, powerMutantEnv+"="+mutant)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p.procs = append(p.procs, cmd.Process)
	done := make(chan struct{})
	go func() {
		defer close(done)
		readAcks(t, out, func(a ack) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.acks = append(p.acks, a)
			p.more.Broadcast()
			return true
		})
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait() // killed
	})
}

// freeze lets the writers run until n more records were acknowledged, stops
// them, and returns all that were acknowledged so far.
func (p *powered) freeze(t testing.TB, n int) []ack {
	t.Helper()
	p.mu.Lock()
	for target := len(p.acks) + n; len(p.acks) < target; {
		p.more.Wait()
	}
	p.mu.Unlock()
	for _, proc := range p.procs {
		require.NoError(t, proc.Signal(syscall.SIGSTOP))
	}
	for _, proc := range p.procs {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(proc.Pid, &status, syscall.WUNTRACED, nil)
		require.NoError(t, err)
		require.True(t, status.Stopped(), "a writer ended: %v", status)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]ack(nil), p.acks...)
}

func (p *powered) thaw(t testing.TB) {
	t.Helper()
	for _, proc := range p.procs {
		require.NoError(t, proc.Signal(syscall.SIGCONT))
	}
}

// cutPower runs four writers and cuts the power rounds times. It returns how
// many acknowledged records were missing in all, and stops after the first
// round that lost some.
func cutPower(t *testing.T, rounds int, mutant string) (lost int) {
	d := newDisk(t)
	o, key := newOptions(t)
	dir := filepath.Join(d.mount, "audit-log")
	require.NoError(t, Create(dir, o))
	p := &powered{}
	p.more = sync.NewCond(&p.mu)
	for i := range 4 {
		p.start(t, childArgs{Dir: dir, Key: key, Verifier: o.Signer.VerifierKey(), Name: fmt.Sprint(i), MaxSegment: 256 << 10}, mutant)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	checked := 0
	for round := range rounds {
		acks := p.freeze(t, 1+rnd.IntN(200))
		d.cut(func(mount string) {
			o := *o
			o.MaxSegment, o.Now = 256<<10, fixedTime
			after := filepath.Join(mount, "audit-log")
			l, _, err := Open(context.Background(), after, &o)
			if err != nil {
				if mutant != "" {
					lost++
					return
				}
				require.NoError(t, err, "round %d", round)
			}
			require.NoError(t, l.Close())
			log := entries(t, after)
			for _, a := range acks {
				if a.Index >= uint64(len(log)) || log[a.Index] != a.entry {
					lost++
				}
			}
			if mutant == "" {
				verify(t, after)
			}
		})
		checked = len(acks)
		if lost > 0 {
			break
		}
		p.thaw(t)
	}
	t.Logf("%d rounds asked, %d records acknowledged, %d lost", rounds, checked, lost)
	return lost
}

// The power fails while four processes write: what was acknowledged is there.
func TestRealPowerCut(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv(powerCutEnv))
	require.Zero(t, cutPower(t, rounds, ""))
}

// The test above would notice a ledger that does not sync, or that acknowledges first.
func TestRealPowerCutMutants(t *testing.T) {
	for _, mutant := range []string{"no sync", "late sync"} {
		t.Run(mutant, func(t *testing.T) {
			require.NotZero(t, cutPower(t, 100, mutant))
		})
	}
}
