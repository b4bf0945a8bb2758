package peer_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// TestPeersStoreEntries opens each kind, appends from all its writers and closes it.
func TestPeersStoreEntries(t *testing.T) {
	entries, err := load.Entries(8)
	require.NoError(t, err)
	for _, kind := range peer.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			const writers = 4
			p, err := kind.Open(t.Context(), t.TempDir(), writers)
			require.NoError(t, err)
			if kind.Raw {
				require.NoError(t, p.Append(t.Context(), entries[:writers]))
			} else {
				var all sync.WaitGroup
				for i := range writers {
					all.Go(func() { assert.NoError(t, p.Append(t.Context(), entries[i:i+1])) })
				}
				all.Wait()
			}
			require.NoError(t, p.Close())
		})
	}
}
