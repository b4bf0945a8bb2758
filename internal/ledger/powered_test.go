package ledger

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// powerMutantEnv makes a writer break the rule it names.
const powerMutantEnv = "LEDGER_TEST_MUTANT"

// lateSyncs acknowledges every other sync at once, and leaves it to the one after.
type lateSyncs struct{ durable.FS }

func (l lateSyncs) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := l.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &lateFile{File: f}, nil
}

type lateFile struct {
	durable.File
	syncs atomic.Int64
}

func (f *lateFile) Sync() error {
	if f.syncs.Add(1)%2 == 1 {
		return nil
	}
	return f.File.Sync()
}

// appendUnderPower appends for ever from four goroutines, syncs each record,
// and prints an [ack] for it.
func appendUnderPower(a childArgs) error {
	s, err := NewSigner(a.Key, a.Verifier)
	if err != nil {
		return err
	}
	o := &Options{Signer: s, MaxSegment: a.MaxSegment, Now: fixedTime, FS: durable.Disk{}}
	switch os.Getenv(powerMutantEnv) {
	case "no sync":
		o.FS = neverSyncs{o.FS}
	case "late sync":
		o.FS = lateSyncs{o.FS}
	}
	l, _, err := Open(context.Background(), a.Dir, o)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	failed := make(chan error)
	for g := range 4 {
		go func() {
			for n := g; ; n += 4 {
				e := entry{P: a.Name, N: n}
				rec, err := json.Marshal(e)
				if err != nil {
					failed <- err
				}
				index, err := l.Append(rec)
				if err == nil {
					err = l.Sync(context.Background(), index+1)
				}
				mu.Lock()
				if err == nil {
					err = out.Encode(ack{e, index, true})
				}
				mu.Unlock()
				if err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}
