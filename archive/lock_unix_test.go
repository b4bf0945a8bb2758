//go:build unix

package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever may read a vault cannot take the lock of those who send: none would send then.
func TestLockIsNotForReaders(t *testing.T) {
	vault := t.TempDir()
	f := start(t, fast(vault, newStore(t), newTestLog(t, vault, "audit-log", 0)))
	defer f.Close()
	info, err := os.Stat(filepath.Join(destinationFolder(vault, "test"), lockFile))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
}
