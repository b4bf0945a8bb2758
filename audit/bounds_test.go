package audit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// A run may decide more than an entry can hold. The entry tells the beginning
// and counts the rest, and the error at the end is in it all the same.
func TestEntryIsBounded(t *testing.T) {
	const n = 20_000
	rec := newRecorder(t)
	last := errors.New("the error that explains it")
	err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
		for i := range n {
			run.If("again", i%2 == 0, audit.Value("i", i))
		}
		for i := range 2000 {
			run.Output("o", strings.Repeat("x", 100))
			run.Error(fmt.Errorf("error %d: %s", i, strings.Repeat("\x01", 50)))
			_ = run.Task(ctx, "small", func(_ context.Context, task *audit.Task) error {
				task.Input("i", strings.Repeat("y", 200))
				return nil
			})
		}
		return last
	})
	assert.Same(t, last, err)
	records := rec.Records()
	entry := records[len(records)-1]
	assert.LessOrEqual(t, len(entry.JSON), audit.MaxRecord-128)
	assert.Greater(t, len(entry.JSON), audit.MaxRecord/2, "what there is room for is used")
	e := rec.Entry()
	require.NotNil(t, e.Omitted)
	assert.Equal(t, n, len(e.Decisions)+e.Omitted.Decisions)
	assert.Equal(t, 2000, len(e.Outputs)+e.Omitted.Outputs)
	assert.Equal(t, 2001, len(e.Errors)+e.Omitted.Errors)
	assert.Equal(t, 2000, len(e.Tasks)+e.Omitted.Tasks)
	assert.Len(t, e.TasksExecuted, len(e.Tasks))
	assert.Equal(t, `{"i":0}`, string(must(e.Decisions[0].Values.MarshalJSON())))
	assert.Equal(t, last.Error(), e.Errors[len(e.Errors)-1].Message)
	for i := range e.Decisions {
		assert.Equal(t, i+1, e.Decisions[i].Seq, "it is the tail that is omitted")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The memory of a run does not grow with what it records.
func TestMemoryOfARunIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("records many decisions")
	}
	rec, err := audit.New(discard{}, nil)
	require.NoError(t, err)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	require.NoError(t, rec.Do(t.Context(), "busy", manual, func(ctx context.Context, run *audit.Run) error {
		before := heap()
		for i := range 100_000 {
			run.If("again", true, audit.Value("i", i))
		}
		assert.Less(t, int64(heap()-before), int64(8<<20))
		return nil
	}))
}

// Everything of one record is as large as it may be at once.
func TestLargestRecords(t *testing.T) {
	rec := newRecorder(t)
	nasty := strings.Repeat("\x01\"", 40<<10)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		attrs := make([]audit.Attr, 400)
		alternatives := make([]string, 2000)
		for i := range attrs {
			attrs[i] = audit.Value(fmt.Sprintf("%d%s", i, strings.Repeat(`"`, 300)), nasty[:10_000])
		}
		for i := range alternatives {
			alternatives[i] = fmt.Sprintf("%d%s", i, nasty)
		}
		run.Choose(nasty, nasty, alternatives, attrs...)
		return run.Task(ctx, "large", func(_ context.Context, task *audit.Task) error {
			for _, a := range attrs {
				task.Input(a.Name, a.Value)
				task.Output(a.Name, a.Value)
			}
			task.Error(errors.New(nasty))
			task.If("values that do not fit an entry", true, attrs...)
			task.If("a value that is too large", true, audit.Value("v", strings.Repeat("v", 1<<20)))
			return nil
		})
	}))
	e := rec.Entry()
	assert.Contains(t, string(e.Tasks[0].Inputs.Get("flexor.omitted")), "values")
	assert.LessOrEqual(t, len(e.Errors[0].Message), 16<<10)
	assert.Contains(t, e.Errors[0].Message, "[81920 bytes, sha256 ")
	for _, r := range rec.Records() {
		if r.Kind == audit.KindDecision && member(t, r, "condition") == "a value that is too large" {
			assert.Contains(t, string(r.JSON), `{"v":{"flexor.omitted":"too large","bytes":1048578,"sha256":"`)
		}
	}
}

// An entry that someone else made too large is shortened when it is written.
func TestRecordShortensAnEntry(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		run.If("a", true, audit.Value("text", strings.Repeat("x", 1000)))
		return nil
	}))
	e := rec.Entry()
	for range 11 {
		e.Decisions = append(e.Decisions, e.Decisions...)
	}
	n := len(e.Decisions)
	r, err := e.Record()
	require.NoError(t, err)
	assert.LessOrEqual(t, len(r.JSON), audit.MaxRecord-128)
	checkEntry(t, r.JSON)
	short, err := audit.DecodeEntry(r.JSON)
	require.NoError(t, err)
	assert.Equal(t, n, len(short.Decisions)+short.Omitted.Decisions)
	assert.Len(t, e.Decisions, n, "the entry itself does not change")

	e.Decisions, e.Deployment = nil, strings.Repeat("x", 2<<20)
	_, err = e.Record()
	require.Error(t, err, "there is nothing to omit")
}
