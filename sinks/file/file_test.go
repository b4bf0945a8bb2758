package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/sinktest"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		child(name)
		return
	}
	goleak.VerifyTestMain(m)
}

// allKinds are the kinds of records of a run.
var allKinds = []audit.Kind{audit.KindStart, audit.KindTask, audit.KindDecision, audit.KindOutput, audit.KindError, audit.KindKill, audit.KindRun}

// The contract holds for one file, for one that rotates with each run, and for
// entries alone.
func TestContract(t *testing.T) {
	for name, cfg := range map[string]Config{
		"entries":  {},
		"all":      {Kinds: allKinds},
		"rotating": {Kinds: allKinds, MaxSize: 4000},
		"gzip":     {MaxSize: 1000, Compress: Gzip},
		"zstd":     {MaxSize: 1000, Compress: Zstd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sinktest.Run(t, func(tb testing.TB) sinktest.Place { return place(tb, cfg) })
		})
	}
}

func place(tb testing.TB, cfg Config) sinktest.Place {
	dir := filepath.Join(tb.TempDir(), "log")
	require.NoError(tb, os.Mkdir(dir, 0o700))
	name := filepath.Join(dir, "audit.jsonl")
	var opened []*File
	return sinktest.Place{
		Kinds:  cfg.complete().Kinds,
		Shared: true,
		Open: func() (audit.Sink, error) {
			f, err := Open(name, &cfg)
			if err == nil {
				opened = append(opened, f)
			}
			return f, err
		},
		Records: func() ([][]byte, error) {
			for _, f := range opened {
				f.packing.Wait() // a reader could look in between
			}
			return readAll(dir)
		},
		Synced: func() (int, error) {
			for _, f := range opened {
				f.packing.Wait()
				f.mu.Lock()
				defer f.mu.Unlock()
				if f.synced < f.written {
					return 0, nil
				}
			}
			all, err := readAll(dir)
			return len(all), err
		},
		Break: func() func() {
			require.NoError(tb, os.Rename(dir, dir+"-gone"))
			return func() { require.NoError(tb, os.Rename(dir+"-gone", dir)) }
		},
	}
}

// readAll returns the lines of all files in a directory, oldest first.
func readAll(dir string) (lines [][]byte, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "audit-*")) // sorted by time
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, filepath.Join(dir, "audit.jsonl")) {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if data, err = unpack(name, data); err != nil {
			return nil, err
		}
		if len(data) == 0 {
			continue
		}
		text, ok := bytes.CutSuffix(data, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("%s does not end with a whole line", name)
		}
		lines = append(lines, bytes.Split(text, []byte("\n"))...)
	}
	return lines, nil
}

// unpack returns what was in a file before it was compressed, if it was.
func unpack(name string, data []byte) ([]byte, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case strings.HasSuffix(name, ".zst"):
		z, err := zstd.NewReader(nil)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return z.DecodeAll(data, nil)
	}
	return data, nil
}

// open opens a sink for a test.
func open(t *testing.T, name string, cfg *Config) *File {
	t.Helper()
	f, err := Open(name, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// entry is a batch of one entry, as far as the file can tell.
func entry(id string) audit.Batch {
	return audit.Batch{Sync: true, Records: []audit.Record{{Kind: audit.KindRun, JSON: []byte(`{"kind":"run","run_id":"` + id + `"}`)}}}
}

func store(t *testing.T, f *File, ids ...string) {
	t.Helper()
	for _, id := range ids {
		require.NoError(t, f.Append(context.Background(), entry(id)))
	}
}

// has asserts the entries of all files of a directory.
func has(t *testing.T, dir string, ids ...string) {
	t.Helper()
	lines, err := readAll(dir)
	require.NoError(t, err)
	var got []string
	for _, line := range lines {
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(string(line), `{"kind":"run","run_id":"`), `"}`))
	}
	require.Equal(t, ids, got)
}

func TestKinds(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "audit.jsonl"), nil)
	b := entry("a")
	b.Records = append([]audit.Record{{Kind: audit.KindStart, JSON: []byte(`{"kind":"start"}`)}}, b.Records...)
	require.NoError(t, f.Append(context.Background(), b))
	has(t, dir, "a")
}

func TestRotationBySize(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	line := int64(len(entry("a").Records[0].JSON)) + 1
	f := open(t, name, &Config{MaxSize: 2 * line})
	other := open(t, name, &Config{MaxSize: 2 * line})
	store(t, f, "a", "b", "c")
	store(t, other, "d", "e")
	has(t, dir, "a", "b", "c", "d", "e")
	names, err := filepath.Glob(filepath.Join(dir, "audit-*T*.*Z.jsonl"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	store(t, f, strings.Repeat("a batch larger than a file ", 10), "f")
	names, err = filepath.Glob(filepath.Join(dir, "audit-*"))
	require.NoError(t, err)
	require.Len(t, names, 4)
}

func TestRotationByDay(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	daily, any := open(t, name, &Config{Daily: true}), open(t, name, nil)
	store(t, daily, "a", "b")
	yesterday := time.Now().Add(-24 * time.Hour)
	require.NoError(t, os.Chtimes(name, yesterday, yesterday))
	store(t, any, "c") // does not ask for a file a day
	require.NoError(t, os.Chtimes(name, yesterday, yesterday))
	store(t, daily, "d")
	store(t, any, "e")
	has(t, dir, "a", "b", "c", "d", "e")
	names, err := filepath.Glob(filepath.Join(dir, "audit-*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "audit-"+yesterday.UTC().Format(stampLayout)+".jsonl")}, names)
}

func TestCompress(t *testing.T) {
	for _, c := range []Compression{Gzip, Zstd} {
		dir := t.TempDir()
		f := open(t, filepath.Join(dir, "audit.jsonl"), &Config{MaxSize: 1, Compress: c})
		store(t, f, "a", "b", "c")
		require.NoError(t, f.Close())
		has(t, dir, "a", "b", "c")
		names, err := filepath.Glob(filepath.Join(dir, "audit-*"))
		require.NoError(t, err)
		require.Len(t, names, 2)
		for _, name := range names {
			require.True(t, strings.HasSuffix(name, ".jsonl"+c.ext()), name)
		}
	}
	_, err := Open(filepath.Join(t.TempDir(), "audit.jsonl"), &Config{Compress: "lzma"})
	require.ErrorContains(t, err, `there are "gz" and "zst"`)
}

func TestUnknownKind(t *testing.T) {
	name := filepath.Join(t.TempDir(), "audit.jsonl")
	_, err := Open(name, &Config{Kinds: []audit.Kind{audit.KindRun, "entry"}})
	require.ErrorContains(t, err, `no record has the kind "entry"; there are ["start"`)
	require.NoFileExists(t, name)
}

// What stands where a file is compressed, be it left there by a process that died or a
// link that somebody laid, is replaced.
func TestCompressIntoANewFile(t *testing.T) {
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o644))
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	require.NoError(t, os.WriteFile(from, []byte("line\n"), 0o644))
	for name, lay := range map[string]func() error{
		"a link":     func() error { return os.Symlink(victim, to) },
		"a leftover": func() error { return os.WriteFile(to, []byte("more than will be written here"), 0o666) },
	} {
		if err := lay(); err != nil && runtime.GOOS == "windows" {
			continue // it asks for a privilege
		}
		require.NoError(t, compress(to, from, Config{Compress: Gzip, Perm: 0o600}), name)
		data, err := os.ReadFile(to)
		require.NoError(t, err)
		lines, err := unpack(to+".gz", data)
		require.NoError(t, err)
		require.Equal(t, "line\n", string(lines), name)
		require.NoError(t, os.Remove(to))
	}
	data, err := os.ReadFile(victim)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))
}

// A sink finds its file rotated and compressed by another sink, in the moment in which
// the next file was renamed and nothing has the name: nothing was lost.
func TestRotatedByAnother(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	idle := open(t, name, nil)
	rotates := open(t, name, &Config{MaxSize: 1, Compress: Zstd})
	store(t, rotates, "a", "b")
	rotates.packing.Wait()
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.NoError(t, os.Rename(name, rotates.rotatedName(info.ModTime())))
	store(t, idle, "c")
	has(t, dir, "a", "b", "c")
}

// What logrotate does: the writer goes on in a new file, whoever makes it.
func TestRenamedByOthers(t *testing.T) {
	for _, create := range []bool{false, true} {
		dir := t.TempDir()
		name := filepath.Join(dir, "audit.jsonl")
		f := open(t, name, nil)
		store(t, f, "a")
		require.NoError(t, os.Rename(name, filepath.Join(dir, "audit-1.jsonl")))
		if create {
			require.NoError(t, os.WriteFile(name, nil, 0o600))
		}
		store(t, f, "b")
		has(t, dir, "a", "b")
	}
}

func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	f := open(t, name, nil)
	store(t, f, "a")
	require.NoError(t, os.Remove(name))
	for range 2 {
		err := f.Append(context.Background(), entry("b"))
		require.ErrorIs(t, err, ErrRemoved)
		require.ErrorIs(t, err, audit.ErrNotStored)
		require.ErrorContains(t, err, "create an empty one")
		require.NoFileExists(t, name)
	}
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	store(t, f, "c")
	has(t, dir, "c")
}

// A line that a process left unfinished is cut off; one that only lacks its end is
// kept; a file of somebody else is left alone.
func TestUnfinishedLine(t *testing.T) {
	const whole = `{"kind":"run","run_id":"a"}`
	for tail, want := range map[string]string{
		"":                               whole + "\n" + `{"kind":"run","run_id":"b"}` + "\n",
		`{"kind":"run","run_i`:           whole + "\n" + `{"kind":"run","run_id":"b"}` + "\n",
		`{`:                              whole + "\n" + `{"kind":"run","run_id":"b"}` + "\n",
		`{"kind":"run","run_id":"c"}`:    whole + "\n" + `{"kind":"run","run_id":"c"}` + "\n" + `{"kind":"run","run_id":"b"}` + "\n",
		"Dear diary":                     "",
		strings.Repeat("{", 2<<20) + "{": whole + "\n" + strings.Repeat("{", 2<<20) + "{", // longer than any of ours
	} {
		name := filepath.Join(t.TempDir(), "audit.jsonl")
		before := whole + "\n" + tail
		require.NoError(t, os.WriteFile(name, []byte(before), 0o600))
		var said bytes.Buffer
		f := open(t, name, &Config{Logger: slog.New(slog.NewTextHandler(&said, nil))})
		err := f.Append(context.Background(), entry("b"))
		after, rerr := os.ReadFile(name)
		require.NoError(t, rerr)
		if want == "" || len(tail) > audit.MaxRecord {
			require.ErrorIs(t, err, audit.ErrNotStored)
			require.ErrorContains(t, err, "choose another name")
			require.Equal(t, before, string(after))
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, string(after))
		require.Equal(t, strings.HasPrefix(tail, "{") && !strings.HasSuffix(tail, "}"), strings.Contains(said.String(), "unfinished"))
	}
}

// A file is not rotated with a line that is unfinished.
func TestUnfinishedLineRotated(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	require.NoError(t, os.WriteFile(name, []byte(`{"kind":"run","run_id":"a"}`+"\n"+`{"kind":`), 0o600))
	store(t, open(t, name, &Config{MaxSize: 1}), "b")
	has(t, dir, "a", "b")
}

// A file that cannot be renamed grows on: rather that than lose a record.
func TestCannotRotate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	var said bytes.Buffer
	f := open(t, name, &Config{MaxSize: 1, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	f.name = filepath.Join(dir, strings.Repeat("a", 240)+".jsonl") // no room for a time in the name
	require.NoError(t, os.Rename(name, f.name))
	store(t, f, "a", "b", "c")
	data, err := os.ReadFile(f.name)
	require.NoError(t, err)
	require.Equal(t, 3, bytes.Count(data, []byte("\n")))
	require.Equal(t, 1, strings.Count(said.String(), "cannot rotate"))
}

// After a failed sync nothing is promised any more, until the file is opened again.
func TestFailedSync(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	f := open(t, name, nil)
	store(t, f, "a")
	f.written++
	require.Error(t, f.noteSync(f.written, errors.New("input/output error")))
	err := f.Append(context.Background(), entry("b"))
	require.ErrorIs(t, err, audit.ErrNotStored)
	require.ErrorContains(t, err, "input/output error")
	require.ErrorContains(t, err, "open it again")
	require.Error(t, f.Append(context.Background(), audit.Batch{Sync: true}))
	store(t, open(t, name, nil), "c")
	has(t, dir, "a", "c")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "missing", "audit.jsonl"), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "create the directory")
	_, err = Open(dir, nil)
	require.ErrorContains(t, err, "not a regular file")
}
