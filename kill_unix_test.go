//go:build unix

package flexor_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/control"
)

// A process that hangs is told from one that is dead, and obeys when it comes
// back.
func TestKillOfAHungProcess(t *testing.T) {
	g := newGoverned(t)
	v := startVictims(t, g.dir)
	run := v.start("obey")
	require.Equal(t, control.Running, g.find(run).Fate) // so it waits, and holds no lock
	require.NoError(t, v.cmd.Process.Signal(syscall.SIGSTOP))
	s, out := g.stop(run, 500*time.Millisecond)
	require.Equal(t, control.Unheard, s.Fate)
	require.True(t, out.Recorded)
	require.Nil(t, s.Kill)
	assert.Regexp(t, `is not stopped: its process \d+ lives, but does not act on the order`, s.String())

	require.NoError(t, v.cmd.Process.Signal(syscall.SIGCONT))
	s, again, err := g.owner.Stop(context.Background(), g.log, run, "", 30*time.Second)
	require.NoError(t, err)
	require.Equal(t, control.Stopped, s.Fate)
	if again.Decision.Allowed { // else it had ended before
		require.True(t, again.Repeated)
		require.Equal(t, out.Index, again.Index)
	}
	require.GreaterOrEqual(t, s.Latency(), 500*time.Millisecond)
	v.end()
}
