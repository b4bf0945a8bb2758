package ledger

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// mountReadOnly mounts dir read-only over itself until the test ends.
func mountReadOnly(t testing.TB, dir string) error {
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	return syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}
