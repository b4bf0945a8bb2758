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

// TestMeasuresRuns measures for a moment. The job itself checks that the log holds
// as many records as the runs should have left.
func TestMeasuresRuns(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-dir", dir, "-rounds", "1", "-warmup", "1ms", "-duration", "20ms"}, &out))
	for _, sink := range sinks {
		assert.Equal(t, len(concurrency), strings.Count(out.String(), "\n| "+sink+" |"))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "files were left behind")
}
