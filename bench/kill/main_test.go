package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// TestMain lets the test binary be the processes that a measurement starts.
func TestMain(m *testing.M) {
	if child, _ := load.IsChild(new(job)); child {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestKills measures a little. That every run was stopped is checked there.
func TestKills(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-dir", dir, "-kills", "4"}, &out))
	assert.Equal(t, 2, strings.Count(out.String(), "| notification |"))
	assert.Equal(t, 2, strings.Count(out.String(), "| polling |"))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "files were left behind")
}
