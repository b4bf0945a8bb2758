package vaultcfg_test

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

func TestInit(t *testing.T) {
	dir := filepath.Join(tempDir(t), "vaults", "company")
	path, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Staging)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "vault.json"), path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{
  "$schema": "https://flexor.run/schema/v1/vault.schema.json",
  "name": "company",
  "tier": "L2",
  "environment": "staging",
  "audit": {
    "enabled": true,
    "retention_days": 90,
    "include_inputs": false,
    "include_outputs": false,
    "pii_redaction": false,
    "pii_patterns": [],
    "destination": "vault://audit-log/"
  }
}
`, string(data))

	written, err := vaultcfg.Load(dir, nil)
	require.NoError(t, err)
	minimal, err := vaultcfg.Parse([]byte(`{"name": "company", "tier": "L2", "environment": "staging"}`), path, nil)
	require.NoError(t, err)
	assert.Equal(t, withoutOrigins(minimal), withoutOrigins(written), "what is spelled out are the defaults")
}

func TestInitProductionHasNoWarning(t *testing.T) {
	path, err := vaultcfg.Init(tempDir(t), "live", vaultcfg.L2, vaultcfg.Production)
	require.NoError(t, err)
	c, err := vaultcfg.Load(path, nil)
	require.NoError(t, err)
	assert.Equal(t, 365, c.Audit.RetentionDays)
	assert.Empty(t, c.Warnings)
}

func TestInitNeverOverwrites(t *testing.T) {
	dir := tempDir(t)
	file := filepath.Join(dir, "vault.json")
	writeFile(t, file, "mine")
	_, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
	require.EqualError(t, err, dir+": vault.json exists already (nothing was changed)")
	assert.ErrorIs(t, err, vaultcfg.ErrExists)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(data))

	// Through a link to nothing a file would be created somewhere else.
	require.NoError(t, os.Remove(file))
	elsewhere := filepath.Join(tempDir(t), "elsewhere.json")
	symlink(t, elsewhere, file)
	_, err = vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
	assert.ErrorIs(t, err, vaultcfg.ErrExists)
	assert.NoFileExists(t, elsewhere)
}

func TestInitOnce(t *testing.T) {
	dir := filepath.Join(tempDir(t), "a", "b")
	var wg sync.WaitGroup
	var done atomic.Int32
	for range 8 {
		wg.Go(func() {
			_, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
			if err == nil {
				done.Add(1)
				return
			}
			assert.ErrorIs(t, err, vaultcfg.ErrExists)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, done.Load())
	_, err := vaultcfg.Load(dir, nil)
	assert.NoError(t, err)
}

func TestInitErrors(t *testing.T) {
	dir := filepath.Join(tempDir(t), "new")
	file := filepath.Join(dir, "vault.json")
	for want, create := range map[string]func() (string, error){
		file + `: name: "my vault" has characters that are not allowed (use letters, digits and hyphens)`: func() (string, error) {
			return vaultcfg.Init(dir, "my vault", vaultcfg.L2, vaultcfg.Sandbox)
		},
		file + `: tier: unknown value "" (one of L1, L2, L3, L4)`: func() (string, error) {
			return vaultcfg.Init(dir, "company", "", vaultcfg.Sandbox)
		},
		file + `: environment: unknown value "prod" (did you mean "production"?)`: func() (string, error) {
			return vaultcfg.Init(dir, "company", vaultcfg.L2, "prod")
		},
	} {
		path, err := create()
		require.EqualError(t, err, want)
		assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
		assert.Empty(t, path)
		assert.NoDirExists(t, dir, "nothing is written")
	}

	writeFile(t, dir, "")
	_, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
	if runtime.GOOS != "windows" {
		assert.EqualError(t, err, file+": cannot be created: not a directory")
	}
	assert.Error(t, err)
}
