package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/lineage"
)

// The example of the specification, as the agents leave it: who read the prices, and
// what they went into.
func TestLineage(t *testing.T) {
	v, err := openVault(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer v.Close() //nolint:errcheck // nothing is recorded any more
	require.NoError(t, runAgents(t.Context(), v.Audit, testData(t), io.Discard))
	res, err := lineage.Trace(t.Context(), v.Log, lineage.Query{Record: "plexifact://prod/catalog/equity-prices/2026-04-30"})
	require.NoError(t, err)
	assert.True(t, res.Complete)
	var got []string
	for _, touch := range res.Touches {
		got = append(got, string(touch.Role)+" "+touch.AgentName)
	}
	assert.Equal(t, []string{
		"read_by weekly-nav-report", "read_by weekly-nav-report", "read_by weekly-nav-report", "read_by feed-monitor",
		"included_in recon-summary", "included_in recon-summary",
	}, got)
}
