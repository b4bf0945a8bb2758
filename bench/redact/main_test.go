package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPeerOnce runs all of it for a moment: each peer is there, and each that
// looks for what was planted finds it.
func TestEveryPeerOnce(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, start(context.Background(), []string{"-entries", "32", "-rounds", "1", "-duration", "1ms"}, &out))
	all, err := peers(0)
	require.NoError(t, err)
	for _, p := range all {
		assert.Contains(t, out.String(), "| "+p.name+" |")
	}
	assert.NotContains(t, out.String(), "not measured")
	c := corpusOf(hits, 200, 1, 0.21)
	for _, p := range all {
		if p.name == copying || p.name == marshalling || strings.HasPrefix(p.name, "gitleaks") {
			continue
		}
		missed := 0
		for i := range c.entries {
			if p.look(&c, i) == 0 {
				missed++
			}
		}
		assert.Less(t, missed, 10, p.name)
	}
}

func TestCorpus(t *testing.T) {
	c := corpusOf(clean, 300, 0, 0.21)
	ours, err := flexor(detectors, 0)
	require.NoError(t, err)
	for i, e := range c.entries {
		require.True(t, json.Valid(e))
		assert.Zero(t, ours.look(&c, i), "%s", e)
	}
	mean := c.size / len(c.entries)
	assert.InDelta(t, 1800, mean, 60)
	for name, f := range map[string]corpus{"digits": hostile("", 3, digits), "escapes": hostile("", 3, escapes), "separators": hostile("", 3, separators)} {
		for _, e := range f.entries {
			assert.True(t, json.Valid(e), name)
		}
	}
}
