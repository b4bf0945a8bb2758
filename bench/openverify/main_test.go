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
	if child, _ := load.IsChild(new(crash)); child {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestMeasuresOpening builds a small log, lets its writers die, and expects every
// entry of theirs to be verified.
func TestMeasuresOpening(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-dir", dir, "-rounds", "2", "-entries", "3000"}, &out))
	assert.Contains(t, out.String(), "; 6000 entries in ", "3000, one more process of the first kind and two of the second")
	assert.Equal(t, 3, strings.Count(out.String(), "| open after "))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "files were left behind")
}
