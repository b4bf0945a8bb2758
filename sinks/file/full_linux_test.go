package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// On a full disk Append says that the batch is not stored and what to do, and leaves
// nothing of it behind; once there is room it goes on.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small disk needs the right to mount one: %v", err)
	}
	defer func() { require.NoError(t, syscall.Unmount(dir, 0)) }()
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 16<<10), 0o600))
	name := filepath.Join(dir, "audit.jsonl")
	f, err := Open(name, nil)
	require.NoError(t, err)

	var want strings.Builder
	add := func(i int) error {
		var b audit.Batch
		lines := ""
		for j := range 3 { // a batch of more than a page, so that a part of it fits
			line := fmt.Sprintf(`{"run_id":"%d-%d","pad":"%s"}`, i, j, strings.Repeat("x", 2000))
			b.Records = append(b.Records, audit.Record{Kind: audit.KindRun, JSON: []byte(line)})
			lines += line + "\n"
		}
		b.Sync = true
		err := f.Append(context.Background(), b)
		if err == nil {
			want.WriteString(lines)
		}
		return err
	}
	i := 0
	for ; err == nil; i++ {
		require.Less(t, i, 20, "the disk does not fill")
		err = add(i)
	}
	for range 2 {
		require.ErrorIs(t, err, audit.ErrNotStored)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "free space on the disk")
		err = add(i)
	}
	require.NoError(t, os.Remove(ballast))
	require.NoError(t, add(i+1))
	require.NoError(t, f.Close())
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, want.String(), string(got))
}
