package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// ours answers with this SDK.
type ours struct {
	dir string
	log *vault.Reader
}

// open opens the log as a process does that asks one question.
func (o *ours) open() (err error) {
	o.log, err = vault.OpenReader(o.dir)
	return err
}

// index opens the log and reads its index, or makes it.
func (o *ours) index(ctx context.Context) error {
	if err := o.open(); err != nil {
		return err
	}
	_, err := o.log.Accesses(ctx)
	return err
}

func (o *ours) files() []string {
	names, _ := filepath.Glob(filepath.Join(o.dir, "segments", "*", "*.idx")) // the pattern is right
	return names
}

// size returns the size of the index.
func (o *ours) size() (n int64) {
	for _, name := range o.files() {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// all is more versions than there are.
const all = 1 << 30

// trace returns what was made from a record. Depth 1: by those that read it.
func (o *ours) trace(ctx context.Context, record int32, depth, most int) (*lineage.Result, error) {
	return lineage.Trace(ctx, o.log, lineage.Query{Record: uri(record), Depth: depth, MaxVersions: most, MaxEdges: all})
}

// accessesTo returns how many accesses a record has, and reads each.
func (o *ours) accessesTo(ctx context.Context, record int32) (n int, err error) {
	for _, err := range lineage.AccessesTo(ctx, o.log, uri(record), nil) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// versions returns what was made from a record, and by which runs, without the edges.
func (o *ours) versions(ctx context.Context, record int32) (*lineage.Result, error) {
	return lineage.Trace(ctx, o.log, lineage.Query{Record: uri(record), MaxVersions: all, NoEdges: true})
}
