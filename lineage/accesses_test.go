package lineage_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// The accesses to a record are those of all runs that name it, a collection around it, or what is in
// it, in the order of the log, with all that was recorded of them.
func TestAccessesTo(t *testing.T) {
	told := 0
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 68))
		m, o := history(t, rnd)
		record := names[rnd.IntN(len(names))]
		want := []lineage.Access{}
		for _, s := range o.steps {
			if related(s.Record, record) {
				a := lineage.Access{Position: uint64(s.pos)}
				require.NoError(t, json.Unmarshal(m.lines[s.pos], &a.Access))
				want = append(want, a)
			}
		}
		var log lineage.Log = m
		if seed%2 == 1 {
			log = cut(t, m, rnd)
		}
		got := []lineage.Access{}
		for a, err := range lineage.AccessesTo(t.Context(), log, record, nil) {
			require.NoError(t, err)
			got = append(got, a)
		}
		require.Equal(t, want, got, "seed %d: %s", seed, record)
		told += len(got)
	}
	assert.Greater(t, told, 1000)
}

func TestAccessesToFails(t *testing.T) {
	m := &memory{}
	m.start("a")
	for range 3 {
		m.access(t, "a", audit.Access{Op: audit.OpRead, Record: "db://a/x"})
	}
	for _, err := range lineage.AccessesTo(t.Context(), m, "no uri", nil) {
		require.ErrorIs(t, err, audit.ErrInvalid)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range lineage.AccessesTo(ctx, m, "db://a/x", nil) {
		n, last = n+1, err
		cancel()
	}
	assert.Equal(t, 2, n, "the second is the error")
	require.ErrorIs(t, last, context.Canceled)
	for range lineage.AccessesTo(t.Context(), m, "db://a/y", nil) {
		t.Fatal("nobody accessed it")
	}
}
