package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// TestMain lets the test binary be the processes that a measurement starts.
func TestMain(m *testing.M) {
	if child, _ := load.IsChild(new(job)); child {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestMeasuresAll measures everything for a moment: no number counts, but each
// peer stores and each table and goal is there.
func TestMeasuresAll(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{
		"-dir", dir, "-rounds", "1", "-warmup", "1ms", "-duration", "20ms", "-writers", "1,4", "-processes", "1,4",
	}, &out))
	text := out.String()
	for _, k := range peer.Kinds() {
		assert.Contains(t, text, "\n| "+k.Name+" |")
	}
	assert.Contains(t, text, "**1 process, 4 writers**")
	assert.Contains(t, text, "**4 processes, 1 writer each**")
	assert.Contains(t, text, "flexor ledger, a file for each process")
	assert.Contains(t, text, "p50 at most 1.3")
	assert.NotContains(t, text, "64 writers", "a goal that was not measured")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "files were left behind")
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"-peers", "postgres"}, {"-writers", "0"}, {"-processes", "many"}} {
		assert.Error(t, run(context.Background(), args, &strings.Builder{}), "%v", args)
	}
}
