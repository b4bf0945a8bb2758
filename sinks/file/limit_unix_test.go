//go:build unix

package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// limitedEnv names the file that this test binary fills up when it runs as the process of
// [TestFileSizeLimit].
const limitedEnv = "FLEXOR_TEST_SINK_FILE_LIMITED"

// limited is what a batch of that process is: more than a page, so that a part of it fits.
func limited(i int) audit.Batch {
	line := fmt.Sprintf(`{"kind":"run","run_id":"%d","pad":"%s"}`, i, strings.Repeat("x", 5000))
	return audit.Batch{Records: []audit.Record{{Kind: audit.KindRun, JSON: []byte(line)}}, Sync: true}
}

// A user who may not have larger files learns so from an error of Append, and the process
// is not killed by the signal that comes with it. What was told to be stored is there, and
// nothing else; without the limit it goes on.
func TestFileSizeLimit(t *testing.T) {
	if name := os.Getenv(limitedEnv); name != "" {
		fill(t, name)
		return
	}
	name := filepath.Join(t.TempDir(), "audit.jsonl")
	c := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$", "-test.v")
	c.Env = append(os.Environ(), limitedEnv+"="+name)
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS")

	f, err := Open(name, nil)
	require.NoError(t, err)
	require.NoError(t, f.Append(context.Background(), limited(13)))
	require.NoError(t, f.Close())
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	var want strings.Builder
	for i := range 14 {
		fmt.Fprintf(&want, "%s\n", limited(i).Records[0].JSON)
	}
	require.Equal(t, want.String(), string(got))
}

// fill appends to a file until it has as many bytes as a process may give it.
func fill(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}))
	f, err := Open(name, nil)
	require.NoError(t, err)
	i := 0
	for ; err == nil; i++ {
		require.Less(t, i, 20, "there is no limit")
		err = f.Append(context.Background(), limited(i))
	}
	require.Equal(t, 14, i, "13 batches of 5 kB go into 64 KiB")
	require.True(t, errors.Is(err, syscall.EFBIG), "%v", err)
	require.ErrorIs(t, err, audit.ErrNotStored)
	require.ErrorContains(t, err, "raise the quota or file size limit of this user")
	require.ErrorIs(t, f.Append(context.Background(), limited(i)), audit.ErrNotStored)
	require.NoError(t, f.Close())
}
