package peer

import (
	"context"
	"encoding/binary"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// bucket holds the entries of a bbolt database.
var bucket = []byte("entries")

// bbolt is a bucket of entries with ascending keys.
type bbolt struct{ db *bolt.DB }

func openBolt(_ context.Context, dir string, writers int) (load.Peer, error) {
	db, err := bolt.Open(filepath.Join(dir, "entries.bolt"), 0o600, &bolt.Options{
		NoFreelistSync:  true, // it is rebuilt on opening
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: 1 << 30, // never remapped
	})
	if err != nil {
		return nil, err
	}
	db.MaxBatchSize = writers // in time, all who were answered ask again
	return bbolt{db}, db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
}

// Append implements [load.Peer].
func (b bbolt) Append(_ context.Context, entries []load.Entry) error {
	return b.db.Batch(func(tx *bolt.Tx) error {
		bkt := tx.Bucket(bucket)
		bkt.FillPercent = 1 // keys ascend
		for _, e := range entries {
			id, err := bkt.NextSequence()
			if err != nil {
				return err
			}
			if err := bkt.Put(binary.BigEndian.AppendUint64(nil, id), e.JSON); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close implements [load.Peer].
func (b bbolt) Close() error { return b.db.Close() }
