package archive

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// childEnv makes the test binary play a process that records and forwards, in place of
// the tests.
const childEnv = "ARCHIVE_TEST_CHILD"

// childArgs tell it what to do.
type childArgs struct {
	Vault, Store, Key, Verifier, Name string
}

// runChild plays the process, if it is one. It ends when it is killed.
func runChild() bool {
	text := os.Getenv(childEnv)
	if text == "" {
		return false
	}
	var a childArgs
	err := json.Unmarshal([]byte(text), &a)
	if err == nil {
		err = a.run()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
	return true
}

// hesitating takes its time, so that kills hit it in the middle.
type hesitating struct{ Store }

func (h hesitating) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	time.Sleep(mrand.N(3 * time.Millisecond))
	err := h.Store.Put(ctx, name, data, retain)
	time.Sleep(mrand.N(3 * time.Millisecond))
	return err
}

// run appends records, and says on standard output which are on disk.
func (a childArgs) run() error {
	signer, err := ledger.NewSigner(a.Key, a.Verifier)
	if err != nil {
		return err
	}
	dir := filepath.Join(a.Vault, "audit-log")
	l, _, err := ledger.Open(context.Background(), dir, &ledger.Options{Signer: signer, MaxSegment: 64 << 10})
	if err != nil {
		return err
	}
	store, err := OpenDir(a.Store)
	if err != nil {
		return err
	}
	c := fast(a.Vault, hesitating{store})
	c.Logs = []string{dir}
	c.ChunkBytes, c.Interval = 4<<10, 10*time.Millisecond
	if _, err := Start(context.Background(), c); err != nil {
		return err
	}
	for i := 0; ; i++ {
		record := fmt.Sprintf(`{"by":%q,"n":%d,"pad":%q}`, a.Name, i, strings.Repeat("x", mrand.IntN(800)))
		if _, err := l.AppendSync([]byte(record)); err != nil {
			return err
		}
		fmt.Println(a.Name, i)
	}
}

// Processes that record and forward are killed at random moments, one after the other,
// while another one goes on: what arrives is the log, byte for byte and once, with all
// that was acknowledged.
func TestKill(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 8
	}
	key, public, err := note.GenerateKey(rand.Reader, "flexor/test/audit-log")
	require.NoError(t, err)
	signer, err := ledger.NewSigner(key, public)
	require.NoError(t, err)
	vault, store := t.TempDir(), newStore(t)
	dir := filepath.Join(vault, "audit-log")
	require.NoError(t, ledger.Create(dir, &ledger.Options{Signer: signer}))

	acked := map[string]int{} // records by process, which numbers them
	started := 0
	type process struct {
		*exec.Cmd
		out *bufio.Scanner
	}
	begin := func() process {
		started++
		args, err := json.Marshal(childArgs{vault, store.root, key, public, fmt.Sprint("p", started)})
		require.NoError(t, err)
		exe, err := os.Executable()
		require.NoError(t, err)
		p := process{Cmd: exec.Command(exe)}
		p.Env = append(os.Environ(), childEnv+"="+string(args))
		p.Stderr = os.Stderr
		out, err := p.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, p.Start())
		p.out = bufio.NewScanner(out)
		return p
	}
	take := func(line string) {
		var name string
		var n int
		_, err := fmt.Sscan(line, &name, &n)
		require.NoError(t, err)
		acked[name] = n + 1
	}
	end := func(p process) {
		require.NoError(t, p.Process.Kill())
		for p.out.Scan() { // what it said before it died counts too
			take(p.out.Text())
		}
		_ = p.Wait() // killed
	}
	running := []process{begin(), begin()}
	for range rounds {
		for _, p := range running {
			for left := mrand.IntN(60); left >= 0 && p.out.Scan(); left-- {
				take(p.out.Text())
			}
		}
		i := mrand.IntN(2)
		end(running[i])
		running[i] = begin()
	}
	end(running[0])
	end(running[1])

	l := &testLog{dir: dir, o: &ledger.Options{Signer: signer}}
	l.open(t) // cuts what was left half written
	// A process may have died between the line that ends a segment and the next segment;
	// that line is sent with what follows.
	_, err = l.AppendSync([]byte(`{"by":"last","n":0}`))
	require.NoError(t, err)
	f := start(t, fast(vault, store, l))
	require.NoError(t, f.Flush(context.Background()))
	require.NoError(t, f.Close())
	defer l.Close() //nolint:errcheck // nothing more is appended
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	require.NoError(t, err)
	found := map[string]int{}
	for rec, err := range r.Records(context.Background(), 0, false) {
		require.NoError(t, err)
		var line struct {
			By string
			N  int
		}
		require.NoError(t, json.Unmarshal(rec.Line, &line))
		require.Equal(t, found[line.By], line.N)
		found[line.By]++
		l.n++
	}
	for name, n := range acked {
		require.GreaterOrEqual(t, found[name], n, "acknowledged to %s", name)
	}
	arrived(t, store, l)
	list, err := chunks(context.Background(), store, "test/audit-log/")
	require.NoError(t, err)
	require.Greater(t, len(list), rounds/2, "they forwarded")
	t.Logf("%d records in %d objects, %d processes killed", l.n, len(list), started)
}
