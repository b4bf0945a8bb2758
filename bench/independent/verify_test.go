package independent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// writeLog makes a log with commits of many sizes, in two segments, written by
// several goroutines at once, and leaves it open, with padding behind its end.
func writeLog(t *testing.T) (*vault.Log, *plainLog) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "audit-log")
	now := time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC)
	var clock sync.Mutex
	log, err := vault.Open(t.Context(), dir, &vault.Config{Origin: "flexor/company/audit-log", Now: func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close()) })
	for range 2 {
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 12 {
					b := batch(g, 1+(g+i)%4)
					b.Sync = i%3 == 0 // what nobody waits for is signed later
					assert.NoError(t, log.Append(context.Background(), b))
				}
			})
		}
		all.Wait()
		clock.Lock()
		now = now.AddDate(0, 0, 1)
		clock.Unlock()
	}
	require.NoError(t, log.Flush(t.Context()))
	plain, err := readLog(dir)
	require.NoError(t, err)
	return log, plain
}

// batch is a batch of n records.
func batch(goroutine, n int) audit.Batch {
	b := audit.Batch{Records: make([]audit.Record, n)}
	for i := range b.Records {
		id := fmt.Sprintf("run_%d_%d", goroutine, i)
		b.Records[i] = audit.Record{Kind: audit.KindDecision, RunID: id, JSON: fmt.Appendf(nil, `{"kind":"decision","run_id":%q,"seq":%d}`, id, i)}
	}
	return b
}

// hashOf is a root or hash of the plain log in the type of x/mod.
func hashOf(b []byte) (h tlog.Hash) {
	copy(h[:], b)
	return h
}

func TestCheckpointsMatchTheLines(t *testing.T) {
	_, log := writeLog(t)
	require.Equal(t, 2*8*30, len(log.leaves))
	require.Greater(t, len(log.checkpoints), 10)
	stated := map[uint64][]byte{}
	for _, c := range log.commits {
		require.EqualValues(t, c.leaves, c.size)
		root, err := log.root(c.leaves)
		require.NoError(t, err)
		require.Equal(t, root, c.root, "at %d", c.size)
		stated[c.size] = c.root
	}
	for _, cp := range log.checkpoints {
		require.Equal(t, stated[cp.size], cp.root, "what is signed is what the lines state")
	}

	// The same by x/mod.
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	})
	for i, leaf := range log.leaves {
		more, err := tlog.StoredHashes(int64(i), leaf, read)
		require.NoError(t, err)
		hashes = append(hashes, more...)
	}
	for _, cp := range log.checkpoints {
		root, err := tlog.TreeHash(int64(cp.size), read)
		require.NoError(t, err)
		require.Equal(t, hashOf(cp.root), root)
	}
}

func TestPublishedCheckpointIsTheLastCommit(t *testing.T) {
	_, log := writeLog(t)
	signed, err := os.ReadFile(filepath.Join(log.dir, "checkpoint"))
	require.NoError(t, err)
	cp, err := log.openCheckpoint(signed)
	require.NoError(t, err)
	last := log.commits[len(log.commits)-1]
	assert.Equal(t, last.size, cp.size)
	assert.Equal(t, last.root, cp.root)

	for i := range signed {
		forged := append([]byte(nil), signed...)
		forged[i] ^= 1
		if altered, err := log.openCheckpoint(forged); err == nil {
			// A byte of the signature's own encoding, at most; it states the same.
			assert.Equal(t, cp, altered, "byte %d was changed unnoticed", i)
		}
	}
	_, verifier, err := note.GenerateKey(zeros{}, log.verifier.Name())
	require.NoError(t, err)
	stranger, err := note.NewVerifier(verifier)
	require.NoError(t, err)
	_, err = note.Open(signed, note.VerifierList(stranger))
	assert.Error(t, err, "the key of another log of that name")
}

// zeros reads zeros: a key that everybody knows.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestReceiptsVerify(t *testing.T) {
	made, log := writeLog(t)
	for index, leaf := range log.leaves {
		text, err := made.Receipt(t.Context(), uint64(index))
		require.NoError(t, err)
		r, err := log.parseReceipt(text.Text())
		require.NoError(t, err)
		require.EqualValues(t, index, r.index)
		cp := r.checkpoint

		require.NoError(t, proof.VerifyInclusion(rfc6962.DefaultHasher, r.index, cp.size, rfc6962.DefaultHasher.HashLeaf(leaf), r.proof, cp.root))
		var hashes tlog.RecordProof
		for _, h := range r.proof {
			hashes = append(hashes, hashOf(h))
		}
		require.NoError(t, tlog.CheckRecord(hashes, int64(cp.size), hashOf(cp.root), int64(index), tlog.RecordHash(leaf)))

		// What is not so must not verify.
		forged := append([]byte(nil), leaf...)
		forged[len(forged)/2] ^= 1
		require.Error(t, proof.VerifyInclusion(rfc6962.DefaultHasher, r.index, cp.size, rfc6962.DefaultHasher.HashLeaf(forged), r.proof, cp.root))
		require.Error(t, proof.VerifyInclusion(rfc6962.DefaultHasher, r.index^1, cp.size, rfc6962.DefaultHasher.HashLeaf(leaf), r.proof, cp.root))
		require.Error(t, tlog.CheckRecord(hashes, int64(cp.size), hashOf(cp.root), int64(index), tlog.RecordHash(forged)))
	}
}

// TestConsistency proves from the log's own tree file that each checkpoint begins
// with the records of those before it.
func TestConsistency(t *testing.T) {
	_, log := writeLog(t)
	tree, err := log.tree()
	require.NoError(t, err)
	last := log.checkpoints[len(log.checkpoints)-1]
	for _, older := range log.checkpoints {
		for _, newer := range []checkpoint{last, log.checkpoints[len(log.checkpoints)/2]} {
			if older.size > newer.size {
				continue
			}
			p, err := tlog.ProveTree(int64(newer.size), int64(older.size), tree)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckTree(p, int64(newer.size), hashOf(newer.root), int64(older.size), hashOf(older.root)))
			hashes := make([][]byte, len(p))
			for i := range p {
				hashes[i] = p[i][:]
			}
			require.NoError(t, proof.VerifyConsistency(rfc6962.DefaultHasher, older.size, newer.size, hashes, older.root, newer.root))
			if older.size == newer.size {
				continue
			}
			require.Error(t, proof.VerifyConsistency(rfc6962.DefaultHasher, older.size, newer.size, hashes, newer.root, newer.root), "another history")
		}
	}
}
