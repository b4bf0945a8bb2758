package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const writersPerProcess = 16

// entry is a record of these tests: the n-th of one goroutine of one process.
type entry struct {
	P string `json:"p"`
	G int    `json:"g"`
	N int    `json:"n"`
}

// ack is what another process says of a record.
type ack struct {
	entry
	Index   uint64
	Durable bool // else only written
}

// appendAndReport appends and syncs in many goroutines and prints an [ack] for
// each record.
func appendAndReport(a childArgs) error {
	l, err := a.open()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	failures := make(chan error, writersPerProcess)
	for g := range writersPerProcess {
		go func() {
			failures <- func() error {
				for n := range a.Records {
					e := entry{a.Name, g, n}
					rec, err := json.Marshal(e)
					if err != nil {
						return err
					}
					index, err := l.Append(rec)
					if err != nil {
						return err
					}
					if err := l.Sync(context.Background(), index+1); err != nil {
						return err
					}
					mu.Lock()
					err = out.Encode(ack{e, index, true})
					mu.Unlock()
					if err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range writersPerProcess {
		if err := <-failures; err != nil {
			return err
		}
	}
	return l.Close()
}

// readAcks passes what another process prints to visit until it ends or visit
// returns false.
func readAcks(t testing.TB, r io.Reader, visit func(ack) bool) {
	t.Helper()
	in := bufio.NewScanner(r)
	for in.Scan() {
		var a ack
		if json.Unmarshal(in.Bytes(), &a) != nil {
			return // the process died in the middle of a line
		}
		if !visit(a) {
			return
		}
	}
}

// entries returns what the log holds.
func entries(t testing.TB, dir string) (out []entry) {
	t.Helper()
	for i, line := range read(t, dir, false) {
		var e entry
		require.NoError(t, json.Unmarshal([]byte(line), &e), "record %d", i)
		out = append(out, e)
	}
	return out
}

func TestProcessesShareALedger(t *testing.T) {
	const processes = 4
	records := 40
	if testing.Short() {
		records = 10
	}
	dir, args := newSharedLedger(t)
	args.MaxSegment, args.Records = 8<<10, records
	acks := make([][]ack, processes)
	var group sync.WaitGroup
	for p := range processes {
		args := args
		args.Name = fmt.Sprint(p)
		cmd := child(t, "append", args)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		group.Go(func() {
			readAcks(t, out, func(a ack) bool { acks[p] = append(acks[p], a); return true })
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()

	rep := verify(t, dir)
	require.Greater(t, rep.Segments, 3)
	log := entries(t, dir)
	require.Len(t, log, processes*writersPerProcess*records, "every record once")
	seen := map[uint64]bool{}
	for _, list := range acks {
		require.Len(t, list, writersPerProcess*records)
		for _, a := range list {
			require.Equal(t, a.entry, log[a.Index], "the record stands where it was acknowledged")
			require.False(t, seen[a.Index], "an index is given once")
			seen[a.Index] = true
		}
	}
	next := map[[2]any]int{}
	for _, e := range log {
		who := [2]any{e.P, e.G}
		require.Equal(t, next[who], e.N, "the order of writer %v", who)
		next[who]++
	}
}

// newSharedLedger creates a ledger that other processes can open with args.
func newSharedLedger(t testing.TB) (dir string, args childArgs) {
	t.Helper()
	o, key := newOptions(t)
	dir = t.TempDir()
	require.NoError(t, Create(dir, o))
	return dir, childArgs{Dir: dir, Key: key, Verifier: o.Signer.VerifierKey()}
}

// Who passes the commits of others takes the hashes of their records from the tree
// file, but believes none that does not lead to the root in the commit line.
func TestCatchUpWithTheTreeFile(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, tree string){
		"whole":   func(*testing.T, string) {},
		"damaged": func(t *testing.T, tree string) { flipLast(t, tree) },
		"short":   func(t *testing.T, tree string) { require.NoError(t, os.Truncate(tree, 100)) },
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			a, dir := newLog(t, o)
			b := openLog(t, dir, o)
			n := 0
			for range 5 {
				var batch [][]byte
				for range 7 {
					batch = append(batch, record(n))
					n++
				}
				_, err := a.AppendSync(batch...)
				require.NoError(t, err)
			}
			damage(t, filepath.Join(dir, treeName))
			index, err := b.AppendSync(record(n))
			require.NoError(t, err)
			require.Equal(t, uint64(n), index)
			require.NoError(t, b.Close())
			require.NoError(t, os.Remove(filepath.Join(dir, treeName))) // for the check at the end
			for i, line := range read(t, dir, false) {
				require.Equal(t, string(record(i)), line)
			}
		})
	}
}

// flipLast changes the last byte of a file.
func flipLast(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	data[len(data)-1] ^= 1
	require.NoError(t, os.WriteFile(name, data, 0o644))
}
