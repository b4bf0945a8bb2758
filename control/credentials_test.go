package control

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/rbac"
)

func TestLoadKey(t *testing.T) {
	dir := t.TempDir()
	inFile, inVariable, stored := mint(t, alice), mint(t, bob), mint(t, carol)
	path := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(path, []byte(" "+inFile.Reveal()+"\r\n"), 0o600))
	env := map[string]string{}
	c := Credentials{ConfigDir: filepath.Join(dir, "config"), Getenv: func(name string) (string, bool) {
		text, ok := env[name]
		return text, ok
	}}
	_, _, err := c.LoadKey()
	require.ErrorIs(t, err, ErrNoKey)
	require.ErrorContains(t, err, "FLEXOR_API_KEY_FILE")

	at, err := c.Store(stored)
	require.NoError(t, err)
	_, err = c.Store(inFile)
	require.ErrorIs(t, err, fs.ErrExist, "it may be the only copy")
	loads := func(want rbac.APIKey, where string) {
		t.Helper()
		key, source, err := c.LoadKey()
		require.NoError(t, err)
		require.Equal(t, want.Reveal(), key.Reveal())
		require.Contains(t, source, where)
	}
	loads(stored, at)
	env["FLEXOR_API_KEY"] = inVariable.Reveal()
	loads(inVariable, "FLEXOR_API_KEY")
	env["FLEXOR_API_KEY_FILE"] = path
	loads(inFile, path)

	// The first place that is set counts, and no error shows a key.
	fails := func(says string) {
		t.Helper()
		_, _, err := c.LoadKey()
		require.ErrorContains(t, err, says)
		require.NotErrorIs(t, err, ErrNoKey)
		for _, key := range []rbac.APIKey{inFile, inVariable, stored} {
			require.NotContains(t, err.Error(), key.Reveal()[15:50])
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(inFile.Reveal()[:60]), 0o600))
	fails("is not valid")
	if runtime.GOOS != "windows" {
		require.NoError(t, os.Chmod(path, 0o640))
		fails("chmod 600 " + path)
	}
	env["FLEXOR_API_KEY_FILE"] = filepath.Join(dir, "missing")
	fails("missing")
	env["FLEXOR_API_KEY_FILE"] = ""
	env["FLEXOR_API_KEY"] = inVariable.Reveal() + "0"
	fails("FLEXOR_API_KEY")
	env["FLEXOR_API_KEY"] = ""
	loads(stored, at)
	if runtime.GOOS != "windows" {
		require.NoError(t, os.Chmod(at, 0o604))
		fails("chmod 600 " + at)
		info, err := os.Stat(filepath.Dir(at))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077)
	}
	require.False(t, errors.Is(err, rbac.ErrKey))
}
