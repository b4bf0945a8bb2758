package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

const (
	// shortestInterval is that between two published checkpoints.
	shortestInterval = 100 * time.Millisecond
	// stragglers is how long a batch waits for the last of the writers.
	stragglers = 5 * time.Millisecond
)

// tesseraLog is a log in files.
type tesseraLog struct {
	appender *tessera.Appender
	awaiter  *tessera.PublicationAwaiter // nil: integrated is enough
	stop     context.CancelFunc
}

// openTessera opens a log whose entries are durable, or durable and published,
// when they are acknowledged.
func openTessera(published bool) func(context.Context, string, int) (load.Peer, error) {
	return func(ctx context.Context, dir string, writers int) (load.Peer, error) {
		klog.LogToStderr(false)
		klog.SetOutput(io.Discard)
		signer, err := tesseraSigner(filepath.Join(dir, "key"))
		if err != nil {
			return nil, err
		}
		driver, err := posix.New(ctx, posix.Config{Path: filepath.Join(dir, "log")})
		if err != nil {
			return nil, err
		}
		o := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(uint(writers), stragglers)
		if published {
			o.WithCheckpointInterval(shortestInterval)
		}
		ctx, stop := context.WithCancel(ctx)
		// Its own shutdown waits for a checkpoint that nobody here asks for.
		appender, _, reader, err := tessera.NewAppender(ctx, driver, o)
		if err != nil {
			stop()
			return nil, err
		}
		t := &tesseraLog{appender: appender, stop: stop}
		if published {
			t.awaiter = tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, time.Millisecond)
		}
		return t, nil
	}
}

// tesseraSigner reads the key that all processes share; the first one makes it.
func tesseraSigner(path string) (note.Signer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh string
		if fresh, _, err = note.GenerateKey(rand.Reader, Origin); err != nil {
			return nil, err
		}
		key, err = []byte(fresh), os.WriteFile(path, []byte(fresh), 0o600)
	}
	if err != nil {
		return nil, err
	}
	return note.NewSigner(string(key))
}

// Append implements [load.Peer].
func (t *tesseraLog) Append(ctx context.Context, entries []load.Entry) error {
	futures := make([]tessera.IndexFuture, len(entries))
	for i, e := range entries {
		futures[i] = t.appender.Add(ctx, tessera.NewEntry(e.JSON))
	}
	for _, f := range futures {
		var err error
		if t.awaiter != nil {
			_, _, err = t.awaiter.Await(ctx, f)
		} else {
			_, err = f()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close implements [load.Peer].
func (t *tesseraLog) Close() error {
	t.stop()
	return nil
}
