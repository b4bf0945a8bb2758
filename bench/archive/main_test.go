package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary be the processes that a measurement starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestMeasures measures for a moment: everything is there, and nothing is left behind.
func TestMeasures(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, start(t.Context(), []string{"-dir", dir, "-size", "1", "-rounds", "1", "-duration", "20ms"}, &out))
	for _, kind := range []string{"runs, 1 at once", "runs, 16 at once", "runs, 64 at once"} {
		assert.Equal(t, 3, strings.Count(out.String(), "\n| "+kind+" |"), "%s\n%s", kind, &out)
		assert.Equal(t, 1, strings.Count(out.String(), "\n| stored, "+kind+" | ≤ 15 % |"))
	}
	for _, c := range conditions {
		assert.Equal(t, 1, strings.Count(out.String(), "\n| "+c+" |"))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestCost(t *testing.T) {
	p := prices{put: 0.005, gigabyte: 0.023}
	m := p.cost(1000, 4e6, sent{Stored: 1e6, Puts: 2})
	assert.InDelta(t, 4e9, m.log, 1)
	assert.InDelta(t, 1e9, m.stored, 1)
	assert.InDelta(t, 2000, m.puts, 1e-9)
	assert.InDelta(t, 0.01, m.putting, 1e-9)
	assert.InDelta(t, 0.023, m.keeping, 1e-9)
	assert.InDelta(t, 0.216, p.most(), 1e-9)
}

// Ratios are made within a round.
func TestRatio(t *testing.T) {
	at := func(ms ...int) (out []recorded) {
		for _, v := range ms {
			out = append(out, recorded{P50: time.Duration(v) * time.Millisecond})
		}
		return out
	}
	r := results{recorded: map[string][]recorded{alone: at(1, 10, 2), refuses: at(2, 11, 4)}}
	assert.InDelta(t, 2, r.ratio(refuses, p50), 1e-9)
	assert.InDelta(t, 1, r.ratio(alone, p50), 1e-9)
}
