package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// countUp appends, from many goroutines, the successor of the last record, and gives
// up at the limit: with what it was told under the lock, nobody counts twice.
func countUp(a childArgs) error {
	l, err := a.open()
	if err != nil {
		return err
	}
	r, err := OpenReader(durable.Disk{}, a.Dir)
	if err != nil {
		return err
	}
	failures := make(chan error, writersPerProcess)
	for range writersPerProcess {
		go func() {
			for {
				_, err := l.AppendIf(context.Background(), func(size uint64) ([][]byte, error) { return successor(r, size, uint64(a.Records)) })
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	for range writersPerProcess {
		if err := <-failures; !errors.Is(err, errLimit) {
			return err
		}
	}
	return l.Close()
}

var errLimit = errors.New("the limit is reached")

// successor reads the last of size records and returns the next one.
func successor(r *Reader, size, limit uint64) ([][]byte, error) {
	n := uint64(0)
	if size > 0 {
		rec, err := r.Record(context.Background(), size-1)
		if err != nil {
			return nil, err
		}
		var last struct {
			N uint64 `json:"n"`
		}
		if err := json.Unmarshal(rec.Line, &last); err != nil {
			return nil, err
		}
		n = last.N + 1
	}
	if n >= limit {
		return nil, errLimit
	}
	return [][]byte{fmt.Appendf(nil, `{"n":%d}`, n)}, nil
}

// What a decision saw is still so when its records are appended, whoever else
// decides at the same time.
func TestAppendIfAcrossProcesses(t *testing.T) {
	dir, args := newSharedLedger(t)
	args.Records, args.MaxSegment = 400, 8<<10
	if testing.Short() {
		args.Records = 100
	}
	var group sync.WaitGroup
	for range 3 {
		cmd := child(t, "count", args)
		require.NoError(t, cmd.Start())
		group.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	verify(t, dir)
	got := read(t, dir, false)
	require.Len(t, got, args.Records)
	for i, line := range got {
		require.Equal(t, string(record(i)), line)
	}
}

func TestAppendIf(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 3)
	first, err := l.AppendIf(context.Background(), func(size uint64) ([][]byte, error) {
		require.Equal(t, uint64(3), size)
		return [][]byte{record(3), record(4)}, nil
	})
	require.NoError(t, err)
	require.Equal(t, uint64(3), first)
	require.Equal(t, uint64(5), l.Durable().Size)

	before := listing(t, dir)
	no := errors.New("no")
	_, err = l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { return nil, no })
	require.Equal(t, no, err, "as it is")
	first, err = l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { return nil, nil })
	require.NoError(t, err)
	require.Equal(t, uint64(5), first)
	_, err = l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { return [][]byte{[]byte("[]")}, nil })
	require.ErrorIs(t, err, ErrInvalidRecord)
	require.Equal(t, before, listing(t, dir), "a refusal leaves no trace")

	// A decision that panics takes nobody with it.
	require.PanicsWithValue(t, "no idea", func() {
		_, _ = l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { panic("no idea") })
	})
	appendSync(t, l, 5, 1)

	require.NoError(t, l.Close())
	_, err = l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { return nil, nil })
	require.ErrorIs(t, err, ErrClosed)
}

// Decisions and appends of one process take turns.
func TestAppendIfBesideAppends(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	r := openReader(t, dir)
	var group sync.WaitGroup
	var mu sync.Mutex
	decided := map[uint64]bool{}
	for g := range 8 {
		group.Go(func() {
			for range 20 {
				if g%2 == 0 {
					_, err := l.Append([]byte(`{"plain":true}`))
					if err != nil {
						t.Error(err)
					}
					continue
				}
				var told uint64
				first, err := l.AppendIf(context.Background(), func(size uint64) ([][]byte, error) {
					told = size
					return [][]byte{fmt.Appendf(nil, `{"decided":%d}`, size)}, nil
				})
				if err != nil || first != told {
					t.Error(first, told, err)
				}
				mu.Lock()
				decided[told] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Len(t, decided, 80)
	for index := range decided {
		rec, err := r.Record(context.Background(), index)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf(`{"decided":%d}`, index), unsalted(rec.Line))
	}
}
