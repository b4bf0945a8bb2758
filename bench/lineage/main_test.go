package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// All peers find the same versions.
func TestPeersAgree(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, start(t.Context(), []string{"-accesses", "5000", "-records", "600", "-points", "10", "-closure", "50"}, &out))
	for _, what := range []string{"| flexor | all from a record |", "| SQLite (modernc) | all from the record most used, recursive query |", "| PostgreSQL |"} {
		assert.Contains(t, out.String(), what)
	}
	assert.NotContains(t, out.String(), "not finished")
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{7: "7", 1000: "1,000", 1234567: "1,234,567"} {
		assert.Equal(t, want, number(n))
	}
}
