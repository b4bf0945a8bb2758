package archive

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// testLog is a log of a vault in a test.
type testLog struct {
	*ledger.Log
	dir string
	o   *ledger.Options
	now time.Time // of what is appended next; moved by tests between appends
	n   int       // records
}

var firstDay = time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)

// newTestLog creates a log in a vault and opens it.
func newTestLog(t testing.TB, vault, name string, maxSegment int) *testLog {
	t.Helper()
	key, public, err := note.GenerateKey(rand.Reader, "flexor/test/"+name)
	require.NoError(t, err)
	signer, err := ledger.NewSigner(key, public)
	require.NoError(t, err)
	l := &testLog{dir: filepath.Join(vault, name), now: firstDay}
	l.o = &ledger.Options{Signer: signer, MaxSegment: maxSegment, Now: func() time.Time { return l.now }}
	require.NoError(t, ledger.Create(l.dir, l.o))
	l.open(t)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func (l *testLog) open(t testing.TB) {
	t.Helper()
	var err error
	l.Log, _, err = ledger.Open(context.Background(), l.dir, l.o)
	require.NoError(t, err)
}

// add appends records, each of about size bytes.
func (l *testLog) add(t testing.TB, records, size int) {
	t.Helper()
	for range records {
		_, err := l.AppendSync([]byte(fmt.Sprintf(`{"n":%d,"at":"2026-04-30T14:00:00Z","pad":"%s"}`, l.n, strings.Repeat("x", mrand.IntN(size+1)))))
		require.NoError(t, err)
		l.n++
	}
}

// content returns the segments of a log without padding.
func content(t testing.TB, dir string) map[string]string {
	t.Helper()
	return files(t, filepath.Join(dir, "segments"))
}

// files returns what stands below a directory, without padding.
func files(t testing.TB, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[filepath.ToSlash(rel)] = strings.TrimRight(string(data), "\x00")
		return err
	})
	require.NoError(t, err)
	return out
}

// newStore returns a store in a new directory.
func newStore(t testing.TB) *Dir {
	t.Helper()
	d, err := OpenDir(t.TempDir())
	require.NoError(t, err)
	return d
}

// fast is a configuration for tests: it waits for nothing.
func fast(vault string, store Store, logs ...*testLog) *Config {
	c := &Config{
		Vault: vault, Destinations: []Destination{to("test", store)},
		Pace: Pace{Interval: time.Hour, Poll: time.Millisecond, MinBackoff: time.Microsecond, MaxBackoff: time.Millisecond, CloseWait: -1},
	}
	for _, l := range logs {
		c.Logs = append(c.Logs, l.dir)
	}
	return c
}

// to is the destination with that name.
func to(name string, store Store) Destination {
	return Destination{Name: name, URL: name, Open: func(context.Context) (Store, error) { return store, nil }}
}

func start(t testing.TB, c *Config) *Forwarder {
	t.Helper()
	f, err := Start(context.Background(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// arrived checks that a store holds the log exactly once, byte for byte, and that what
// is restored from it is the log.
func arrived(t testing.TB, store Store, l *testLog) {
	t.Helper()
	name := "test/" + filepath.Base(l.dir)
	list, err := chunks(context.Background(), store, name+"/")
	require.NoError(t, err)
	var size uint64
	for _, h := range list {
		require.Equal(t, size, h.first, "no gap and no duplicate before %s", h.name)
		size = h.size
	}
	dir := filepath.Join(t.TempDir(), "restored")
	got, err := Restore(context.Background(), store, name, dir)
	require.NoError(t, err)
	require.Zero(t, got.Missing)
	require.Equal(t, uint64(l.n), got.Records)
	require.Equal(t, content(t, l.dir), content(t, dir))
	r, err := ledger.OpenReader(durable.Disk{}, l.dir)
	require.NoError(t, err)
	head, err := r.Published()
	require.NoError(t, err)
	note, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	require.NoError(t, err)
	require.Equal(t, string(head.Note), string(note))
}

// newest returns the newest chunk of the audit log, with its bytes.
func newest(t testing.TB, store Store) (chunk, []byte) {
	t.Helper()
	const prefix = "test/audit-log/"
	name, err := newestChunk(context.Background(), store, prefix)
	require.NoError(t, err)
	what, data, err := get(context.Background(), store, prefix, name)
	require.NoError(t, err)
	return what, data
}

// journal keeps what is logged.
type journal struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func newJournal() (*journal, *slog.Logger) {
	j := &journal{}
	j.Handler = slog.NewTextHandler(j, nil)
	return j, slog.New(j)
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, string(p))
	return len(p), nil
}

// count returns how many lines hold text.
func (j *journal) count(text string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}
