package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// appendUntilKilled appends for ever and prints an [ack] when a record was
// written and, for every third, another one when it is on disk.
func appendUntilKilled(a childArgs) error {
	l, err := a.open()
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for n := 0; ; n++ {
		e := entry{P: a.Name, N: n}
		rec, err := json.Marshal(e)
		if err != nil {
			return err
		}
		index, err := l.Append(rec)
		if err != nil {
			return err
		}
		if err := out.Encode(ack{e, index, false}); err != nil {
			return err
		}
		if n%3 != 0 {
			continue
		}
		if err := l.Sync(context.Background(), index+1); err != nil {
			return err
		}
		if err := out.Encode(ack{e, index, true}); err != nil {
			return err
		}
	}
}

// TestKill kills one or both of two writers at a random moment, again and again
// on one ledger: whatever was acknowledged, as written or as durable, stays.
func TestKill(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir, args := newSharedLedger(t)
	args.MaxSegment = 256 << 10
	o := &Options{MaxSegment: args.MaxSegment, Now: fixedTime}
	var err error
	o.Signer, err = NewSigner(args.Key, args.Verifier)
	require.NoError(t, err)

	cut, durable := 0, 0
	want := map[uint64]entry{}
	for round := range rounds {
		type writer struct {
			cmd  *exec.Cmd
			acks []ack
			done chan struct{}
		}
		var writers []*writer
		first := make(chan struct{}, 2) // receives when the one to be killed was heard often enough
		for i := range 2 {
			args := args
			args.Name = fmt.Sprintf("%d-%d", round, i)
			w := &writer{cmd: child(t, "acks", args), done: make(chan struct{})}
			out, err := w.cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, w.cmd.Start())
			writers = append(writers, w)
			enough := 1 + rnd.IntN(60)
			go func() {
				defer close(w.done)
				readAcks(t, out, func(a ack) bool {
					if w.acks = append(w.acks, a); len(w.acks) == enough {
						first <- struct{}{}
					}
					return true
				})
			}()
		}
		<-first
		if rnd.IntN(2) == 0 {
			<-first // both live until both were heard, and die at once
		} else {
			require.NoError(t, writers[0].cmd.Process.Kill())
			if rnd.IntN(2) == 0 {
				<-writers[0].done
			}
		}
		for _, w := range writers {
			_ = w.cmd.Process.Kill() // may be dead already
			<-w.done
			require.Error(t, w.cmd.Wait(), "it ends only by being killed")
			for _, a := range w.acks {
				if before, ok := want[a.Index]; ok {
					require.Equal(t, before, a.entry, "index %d was given twice", a.Index)
				}
				want[a.Index] = a.entry
				if a.Durable {
					durable++
				}
			}
		}
		l, rec, err := Open(context.Background(), dir, o)
		require.NoError(t, err, "round %d", round)
		if rec != (Recovery{}) {
			require.Positive(t, rec.Cut)
			require.NotEmpty(t, rec.Segment)
			cut++
		}
		require.NoError(t, l.Close())
	}
	log := entries(t, dir)
	for index, e := range want {
		require.Less(t, index, uint64(len(log)), "acknowledged, but not in the log: %+v", e)
		require.Equal(t, e, log[index])
	}
	rep := verify(t, dir)
	t.Logf("%d rounds, %d records acknowledged, %d of them durable, in %d segments; %d unfinished writes cut", rounds, len(want), durable, rep.Segments, cut)
	require.NotZero(t, durable)
}
