package load

import (
	"context"
	"sync"
	"syscall"
	"time"
)

// Peer stores entries. Append returns once they are on disk: they would survive a
// power cut. It is called from many goroutines at once.
type Peer interface {
	Append(ctx context.Context, entries []Entry) error
	Close() error
}

// Plan is a load on one peer by one process.
type Plan struct {
	Writers  int           // goroutines, each of which appends again as soon as it was answered
	Batch    int           // entries in each append
	Warmup   time.Duration // not counted
	Duration time.Duration // counted
}

// Result is what the writers of one process saw.
type Result struct {
	Elapsed   time.Duration   // the time counted
	Stored    []int           // entries acknowledged in that time, by writer
	Latencies []time.Duration // of the appends that began in that time
	CPU       time.Duration   // user and system time of the process in that time
}

// writer is one goroutine of a [Plan].
type writer struct {
	stored    int
	latencies []time.Duration
	err       error
}

// Drive runs a plan.
func Drive(ctx context.Context, p Peer, plan Plan, entries []Entry) (Result, error) {
	from := time.Now().Add(plan.Warmup)
	to := from.Add(plan.Duration)
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	writers := make([]writer, plan.Writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if writers[i].run(ctx, p, plan.Batch, from, to, entries, i); writers[i].err != nil {
				stop() // the others need not go on
			}
		})
	}
	time.Sleep(time.Until(from))
	before := CPU()
	time.Sleep(time.Until(to))
	res := Result{Elapsed: plan.Duration, CPU: CPU() - before}
	all.Wait()
	for i := range writers {
		if err := writers[i].err; err != nil {
			return res, err
		}
		res.Stored = append(res.Stored, writers[i].stored)
		res.Latencies = append(res.Latencies, writers[i].latencies...)
	}
	return res, nil
}

// run appends until the time is over.
func (w *writer) run(ctx context.Context, p Peer, batch int, from, to time.Time, entries []Entry, i int) {
	w.latencies = make([]time.Duration, 0, 1<<12)
	for start := time.Now(); start.Before(to); {
		if w.err = ctx.Err(); w.err != nil {
			return
		}
		i = (i + batch) % (len(entries) - batch + 1)
		if w.err = p.Append(ctx, entries[i:i+batch]); w.err != nil {
			return
		}
		end := time.Now()
		if !start.Before(from) {
			w.latencies = append(w.latencies, end.Sub(start))
		}
		if end.After(from) && !end.After(to) {
			w.stored += batch
		}
		start = end
	}
}

// CPU returns the user and system time that this process has taken so far.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
