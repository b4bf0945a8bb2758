package ledger

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// childArgs tell another process what to do.
type childArgs struct {
	Dir        string
	Key        string // its signing key
	Verifier   string
	Name       string // of the process, in its records
	MaxSegment int
	Records    int // by each goroutine
}

const childArgsEnv = "LEDGER_TEST_ARGS"

func readChildArgs() (a childArgs) {
	if err := json.Unmarshal([]byte(os.Getenv(childArgsEnv)), &a); err != nil {
		panic(err)
	}
	return a
}

// open opens the ledger as another process does.
func (a childArgs) open() (*Log, error) {
	s, err := NewSigner(a.Key, a.Verifier)
	if err != nil {
		return nil, err
	}
	l, _, err := Open(context.Background(), a.Dir, &Options{Signer: s, MaxSegment: a.MaxSegment, Now: fixedTime})
	return l, err
}

func fixedTime() time.Time { return time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC) }

// child returns the command that plays role in another process.
func child(t testing.TB, role string, a childArgs) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	args, err := json.Marshal(a)
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, childArgsEnv+"="+string(args))
	cmd.Stderr = os.Stderr
	return cmd
}
