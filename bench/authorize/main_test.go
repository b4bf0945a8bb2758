package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPeerOnce runs all but the weighing for a moment: each peer is there, and
// decides what it must, which measure checks.
func TestEveryPeerOnce(t *testing.T) {
	var out strings.Builder
	require.NoError(t, start(t.Context(), []string{
		"-grants", "300", "-large", "1000", "-rounds", "1", "-duration", "1ms", "-dir", t.TempDir(), "-weigh=false",
	}, &out))
	for _, p := range peers {
		worlds := 2
		if p.small {
			worlds = 1
		}
		assert.Equal(t, worlds, strings.Count(out.String(), "\n| "+p.name+" |"), p.name)
	}
	for _, name := range []string{oursOnDisk, reading} {
		assert.Equal(t, 1, strings.Count(out.String(), "\n| "+name+" |"), name)
	}
	assert.Equal(t, 2, strings.Count(out.String(), "not measured"), "the weight, whole and stripped")
}

// TestCheckFindsWrongAnswers, so that it means something that there were none.
func TestCheckFindsWrongAnswers(t *testing.T) {
	w := worldOf(300)
	qs := w.questions(1000)
	for _, p := range peers {
		if p.answersNothing {
			continue
		}
		ask, err := p.load(w)
		require.NoError(t, err)
		require.NoError(t, w.check(p, ask, qs))
		wrong := func(q question) (bool, error) {
			allowed, err := ask(q)
			return allowed != (q == qs[500]), err
		}
		assert.ErrorContains(t, w.check(p, wrong, qs), "it says", p.name)
	}
	allowed := 0
	for _, q := range qs {
		if w.allows(q) {
			allowed++
		}
	}
	assert.InDelta(t, 500, allowed, 150)
}

func TestWeigh(t *testing.T) {
	got, err := weigh(t.Context(), bare, withRBAC)
	require.NoError(t, err)
	require.Len(t, got, 2)
	for _, w := range got {
		assert.Less(t, w.stripped, w.whole, w.name)
	}
	assert.Less(t, got[0].stripped, got[1].stripped)
}
