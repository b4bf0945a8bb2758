package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// access is one of the workload, in the order of the log.
type access struct {
	pos         int64 // in the log
	run, record int32
	write       bool
}

// layers is how many steps lead from the records that come from outside to the last
// that are made of them.
const layers = 6

// workload makes accesses: runs of about 20 each, 16 at a time, read records of a layer and
// write some of the next. Which, follows a power law.
type workload struct {
	rnd     *rand.Rand
	zipf    *rand.Zipf
	records int
	runs    int
	open    [16]struct{ run, left, layer int }
}

func newWorkload(records int) *workload {
	rnd := rand.New(rand.NewPCG(1, 6))
	return &workload{rnd: rnd, zipf: rand.NewZipf(rnd, 1.1, 8, uint64(records/layers-1)), records: records}
}

// uri names a record.
func uri(record int32) string {
	return fmt.Sprintf("warehouse://fund/layer-%d/positions/desk-%02d/%06d", record%layers, record/layers%50, record)
}

// runID names a run as recorders do: by a number that grows with time.
func runID(run int) string { return fmt.Sprintf("run_01m84grz%018x", run) }

// write records n accesses in a new log in dir, and calls each with every one.
func (w *workload) write(ctx context.Context, dir string, n int, each func(access) error) (size int64, err error) {
	log, err := vault.Open(ctx, dir, &vault.Config{Origin: "flexor/bench/audit-log"})
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := log.Close(); err == nil {
			err = e
		}
	}()
	pos := int64(0)
	batch := audit.Batch{}
	at := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	line := func(kind audit.Kind, run int, raw []byte) {
		batch.Records = append(batch.Records, audit.Record{Kind: kind, RunID: runID(run), JSON: raw})
		pos++
	}
	for i := range n {
		at = at.Add(time.Millisecond)
		o := &w.open[w.rnd.IntN(len(w.open))]
		if o.left == 0 {
			o.run, o.left, o.layer = w.runs, 10+w.rnd.IntN(21), w.rnd.IntN(layers-1)
			w.runs++
			line(audit.KindStart, o.run, fmt.Appendf(nil, `{"kind":"start","run_id":%q,"seq":0,"at":%q,"agent_name":"agent-%d","trigger_type":"schedule"}`, runID(o.run), at.Format(time.RFC3339Nano), o.run%40))
		}
		o.left--
		a := access{pos: pos, run: int32(o.run), write: w.rnd.IntN(5) == 0}
		layer, op := o.layer, audit.OpRead
		if a.write {
			layer, op = layer+1, audit.OpWrite
		}
		a.record = int32(int(w.zipf.Uint64())*layers + layer)
		line(audit.KindAccess, o.run, fmt.Appendf(nil, `{"kind":"access","run_id":%q,"op":%q,"record":%q,"source":"warehouse","seq":%d,"at":%q,"task":1,"skill":"compute-positions"}`,
			runID(o.run), op, uri(a.record), 40-o.left, at.Format(time.RFC3339Nano)))
		if err := each(a); err != nil {
			return 0, err
		}
		if o.left == 0 {
			line(audit.KindRun, o.run, fmt.Appendf(nil, `{"kind":"run","schema":"flexor.run/v1","run_id":%q,"agent_name":"agent-%d","vault":"bench","environment":"sandbox","trigger_type":"schedule","started_at":%q,"ended_at":%[3]q,"duration_ms":20,"status":"success","ended_by":"return","tasks_executed":["compute-positions"],"tasks":[{"seq":1,"skill":"compute-positions","outcome":"ok"}],"decisions":[],"errors":[],"accesses":{"reads":16,"writes":4}}`,
				runID(o.run), o.run%40, at.Format(time.RFC3339Nano)))
		}
		if len(batch.Records) >= 1000 || i == n-1 {
			batch.Sync = i == n-1
			if err := log.Append(ctx, batch); err != nil {
				return 0, err
			}
			batch.Records = batch.Records[:0]
		}
	}
	segments, err := log.Segments()
	for _, s := range segments {
		size += s.Bytes
	}
	return size, err
}

// number formats a count for people.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
