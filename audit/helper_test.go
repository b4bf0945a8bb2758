package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/schema"
)

// newRecorder returns a recorder whose records are all checked when the test
// ends. Every entry of this package's tests goes through here.
func newRecorder(tb testing.TB, options ...func(*audit.Config)) *audittest.Recorder {
	tb.Helper()
	rec := audittest.New(tb, options...)
	tb.Cleanup(func() { checkRecords(tb, rec.Records()) })
	return rec
}

// compiled is the published schema of entries.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource(schema.EntryID, strings.NewReader(schema.Entry())); err != nil {
		return nil, err
	}
	return c.Compile(schema.EntryID)
})

// checkEntry checks the line of an entry against the published schema.
func checkEntry(tb testing.TB, line []byte) {
	tb.Helper()
	sch, err := compiled()
	require.NoError(tb, err)
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var v any
	require.NoError(tb, dec.Decode(&v))
	require.NoError(tb, sch.Validate(v), "%.2000s", line)
	again, err := audit.DecodeEntry(line)
	require.NoError(tb, err)
	rec, err := again.Record()
	require.NoError(tb, err)
	require.JSONEq(tb, string(line), string(rec.JSON), "an entry that is read and written again is the same")
}

// checkRecords checks what holds for the records of any recorder: their form,
// their bounds, and that each run's numbers have no gap.
func checkRecords(tb testing.TB, records []audit.Record) {
	tb.Helper()
	seqs := map[string]map[int]bool{}
	for _, r := range records {
		if r.Kind == audit.KindRun {
			checkEntry(tb, r.JSON)
		}
		line, err := checkRecord(r)
		require.NoError(tb, err, "%.500s", r.JSON)
		if r.Kind == audit.KindRun {
			continue
		}
		if seqs[r.RunID] == nil {
			seqs[r.RunID] = map[int]bool{}
		}
		if seqs[r.RunID][line.Seq] {
			require.Fail(tb, "a number stands twice", "run %s, %d", r.RunID, line.Seq)
		}
		seqs[r.RunID][line.Seq] = true
	}
	for id, seen := range seqs {
		for i := range len(seen) {
			if !seen[i] {
				require.Fail(tb, "a record is missing", "run %s, %d of %d", id, i, len(seen))
			}
		}
	}
}

// checkRecord checks one record. It does without testify, as some tests write
// tens of thousands.
func checkRecord(r audit.Record) (audit.Line, error) {
	switch {
	case len(r.JSON) > audit.MaxRecord-128:
		return audit.Line{}, fmt.Errorf("%d bytes are too many", len(r.JSON))
	case !utf8.Valid(r.JSON):
		return audit.Line{}, errors.New("not UTF-8")
	case bytes.ContainsAny(r.JSON, "\n\r"):
		return audit.Line{}, errors.New("more than one line")
	case !bytes.HasPrefix(r.JSON, []byte(`{"kind":"`+string(r.Kind)+`"`)):
		return audit.Line{}, errors.New("kind is not the first member")
	}
	line, err := audit.DecodeLine(r.JSON)
	if err == nil && (line.Kind != r.Kind || line.RunID != r.RunID || line.At.IsZero()) {
		err = fmt.Errorf("decoded as %+v", line)
	}
	return line, err
}

// kinds returns the kinds of records, in order.
func kinds(records []audit.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, string(r.Kind))
	}
	return out
}

// member returns one member of a record.
func member(tb testing.TB, r audit.Record, name string) any {
	tb.Helper()
	var m map[string]any
	require.NoError(tb, json.Unmarshal(r.JSON, &m))
	return m[name]
}

// manual is the trigger of most tests.
var manual = audit.Trigger{Type: audit.Manual, By: "alice@fund.com"}

// do runs an agent that is expected to be run.
func do(tb testing.TB, rec *audittest.Recorder, fn func(ctx context.Context, run *audit.Run) error) error {
	tb.Helper()
	called := false
	err := rec.Do(tb.Context(), "feed-monitor", manual, func(ctx context.Context, run *audit.Run) error {
		called = true
		return fn(ctx, run)
	})
	assert.True(tb, called)
	return err
}

// fakeGate admits and stops as a test wants.
type fakeGate struct {
	admit func(a audit.Admission) (audit.Pass, error)

	mu    sync.Mutex
	stops map[string]func(audit.Kill)
	asked []audit.Admission
	left  []string
}

func (g *fakeGate) Admit(_ context.Context, a audit.Admission, stop func(audit.Kill)) (audit.Pass, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, a)
	if g.stops == nil {
		g.stops = map[string]func(audit.Kill){}
	}
	g.stops[a.RunID] = stop
	if g.admit == nil {
		return audit.Pass{}, nil
	}
	return g.admit(a)
}

func (g *fakeGate) Leave(runID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = append(g.left, runID)
}

func (g *fakeGate) kill(runID string, k audit.Kill) {
	g.mu.Lock()
	stop := g.stops[runID]
	g.mu.Unlock()
	stop(k)
}
