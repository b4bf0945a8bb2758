package vaultcfg_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

// vaultDir makes a vault and returns its directory, without symbolic links.
func vaultDir(t *testing.T) string {
	t.Helper()
	dir := tempDir(t)
	writeFile(t, filepath.Join(dir, "vault.json"), "{"+head+"}")
	return dir
}

// tempDir is t.TempDir without symbolic links, which on macOS it is below.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	return dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// symlink makes a link, and skips the test where the user may not.
func symlink(t *testing.T, to, link string) {
	t.Helper()
	err := os.Symlink(to, link)
	if err == nil {
		_, err = os.Lstat(link) // Wine says it made one
	}
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("symbolic links need a privilege: %v", err)
	}
	require.NoError(t, err)
}

func TestLoad(t *testing.T) {
	dir := vaultDir(t)
	for name, path := range map[string]string{
		"directory": dir,
		"file":      filepath.Join(dir, "vault.json"),
		"unclean":   dir + "/../" + filepath.Base(dir) + "/./",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := vaultcfg.Load(path, nil)
			require.NoError(t, err)
			assert.Equal(t, dir, c.Dir)
			assert.Equal(t, filepath.Join(dir, "vault.json"), c.Path)
		})
	}
	t.Run("current directory", func(t *testing.T) {
		t.Chdir(dir)
		c, err := vaultcfg.Load("", nil)
		require.NoError(t, err)
		assert.Equal(t, dir, c.Dir)
	})
	t.Run("other name", func(t *testing.T) {
		writeFile(t, filepath.Join(dir, "next.json"), "{"+head+"}")
		c, err := vaultcfg.Load(filepath.Join(dir, "next.json"), nil)
		require.NoError(t, err)
		assert.Equal(t, dir, c.Dir)
		assert.Equal(t, filepath.Join(dir, "next.json"), c.Path)
	})
}

func TestLoadThroughLinks(t *testing.T) {
	dir, elsewhere := vaultDir(t), tempDir(t)
	symlink(t, dir, filepath.Join(elsewhere, "vault"))
	c, err := vaultcfg.Load(filepath.Join(elsewhere, "vault"), nil)
	require.NoError(t, err)
	assert.Equal(t, dir, c.Dir, "the links of the directory are resolved")

	symlink(t, filepath.Join(dir, "vault.json"), filepath.Join(elsewhere, "vault.json"))
	c, err = vaultcfg.Load(elsewhere, nil)
	require.NoError(t, err)
	assert.Equal(t, elsewhere, c.Dir, "the link of the file is not")
}

func TestLoadErrors(t *testing.T) {
	dir := tempDir(t)
	file := filepath.Join(dir, "vault.json")

	_, err := vaultcfg.Load(dir, nil)
	require.EqualError(t, err, "no vault.json found at "+file+` ("flexor init" makes a directory a vault)`)
	assert.ErrorIs(t, err, vaultcfg.ErrNotFound)
	assert.NotErrorIs(t, err, vaultcfg.ErrInvalid)

	missing := filepath.Join(dir, "missing")
	_, err = vaultcfg.Load(missing, nil)
	require.EqualError(t, err, "no vault.json found at "+missing+` ("flexor init" makes a directory a vault)`)
	assert.ErrorIs(t, err, vaultcfg.ErrNotFound)

	require.NoError(t, os.Mkdir(file, 0o700))
	for _, path := range []string{dir, file} {
		_, err = vaultcfg.Load(path, nil)
		require.EqualError(t, err, file+": expected a file, found a directory (move the directory away)")
		assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
	}

	require.NoError(t, os.Remove(file))
	writeFile(t, file, "{\n  \"name\": 1\n}")
	_, err = vaultcfg.Load(dir, nil)
	assert.ErrorContains(t, err, file+":2:11: name: expected a string, found the number 1")

	require.NoError(t, os.Truncate(file, 2<<20))
	_, err = vaultcfg.Load(dir, nil)
	assert.EqualError(t, err, file+":1:1: the file is larger than 1 MiB (is it the right file?)")
}

func TestLoadUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("whoever runs this may read everything")
	}
	dir := vaultDir(t)
	file := filepath.Join(dir, "vault.json")
	require.NoError(t, os.Chmod(file, 0))
	_, err := vaultcfg.Load(dir, nil)
	require.EqualError(t, err, file+": cannot be read: permission denied")
	assert.ErrorIs(t, err, fs.ErrPermission)
	assert.NotErrorIs(t, err, vaultcfg.ErrInvalid)
}

func TestLoadDevice(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no device files")
	}
	_, err := vaultcfg.Load("/dev/null", nil)
	require.EqualError(t, err, "/dev/null: expected a regular file, found a device, pipe or socket")
	assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
}

func TestFind(t *testing.T) {
	outer := vaultDir(t)
	inner := filepath.Join(outer, "projects", "nav")
	below := filepath.Join(inner, "agents", "feed")
	require.NoError(t, os.MkdirAll(below, 0o700))
	writeFile(t, filepath.Join(inner, "vault.json"), "{"+head+"}")

	for dir, want := range map[string]string{
		below:                            inner,
		inner:                            inner,
		filepath.Join(outer, "projects"): outer,
		outer:                            outer,
	} {
		path, err := vaultcfg.Find(dir)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(want, "vault.json"), path)
	}

	t.Chdir(below)
	for _, dir := range []string{"", ".", ".."} {
		path, err := vaultcfg.Find(dir)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(inner, "vault.json"), path)
	}
}

func TestFindErrors(t *testing.T) {
	dir := tempDir(t)
	if _, err := os.Lstat(filepath.Join(filepath.VolumeName(dir)+string(filepath.Separator), "vault.json")); err == nil {
		t.Skip("there is a vault.json in the root directory")
	}
	_, err := vaultcfg.Find(dir)
	require.EqualError(t, err, "no vault.json found in "+dir+` or in any directory above it ("flexor init" makes a directory a vault)`)
	assert.ErrorIs(t, err, vaultcfg.ErrNotFound)

	_, err = vaultcfg.Find(filepath.Join(dir, "missing"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotErrorIs(t, err, vaultcfg.ErrNotFound)

	file := filepath.Join(dir, "file")
	writeFile(t, file, "")
	_, err = vaultcfg.Find(file)
	assert.EqualError(t, err, file+": cannot be searched for a vault: not a directory")
}
