package lineage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/lineage"
)

// memory is a log in memory.
type memory struct {
	lines [][]byte
	first int   // records before it are gone
	err   error // after the last line
}

func (m *memory) Head() (ledger.Checkpoint, error) {
	return ledger.Checkpoint{Size: uint64(len(m.lines))}, nil
}

func (m *memory) Records(_ context.Context, from uint64) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for i := max(m.first, int(from)); i < len(m.lines); i++ {
			if !yield(ledger.Record{Index: uint64(i), Line: m.lines[i]}, nil) {
				return
			}
		}
		if m.err != nil {
			yield(ledger.Record{}, m.err)
		}
	}
}

// of returns the log of records.
func of(records []audit.Record) *memory {
	m := &memory{}
	for _, r := range records {
		m.lines = append(m.lines, r.JSON)
	}
	return m
}

var day = time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)

// start, access and end append the records of runs that a recorder would have
// written, without its costs.
func (m *memory) start(run string) {
	m.lines = append(m.lines, fmt.Appendf(nil, `{"kind":"start","run_id":%q,"at":"2026-04-30T14:00:00Z","agent_name":"agent-%[2]s"}`, run, run))
}

func (m *memory) access(tb testing.TB, run string, a audit.Access) {
	a.RunID, a.At = run, day.Add(time.Duration(len(m.lines))*time.Second)
	b, err := json.Marshal(struct {
		Kind audit.Kind `json:"kind"`
		audit.Access
	}{audit.KindAccess, a})
	require.NoError(tb, err)
	m.lines = append(m.lines, b)
}

func (m *memory) end(run string, s audit.Status, by audit.EndedBy) {
	at, _ := day.Add(time.Duration(len(m.lines)) * time.Second).MarshalText()
	m.lines = append(m.lines, fmt.Appendf(nil, `{"kind":"run","run_id":%q,"agent_name":"agent-%[1]s","ended_at":%[2]q,"status":%[3]q,"ended_by":%[4]q}`, run, at, s, by))
}

// ask traces, and must get an answer.
func ask(tb testing.TB, log lineage.Log, q lineage.Query) *lineage.Result {
	tb.Helper()
	res, err := lineage.Trace(tb.Context(), log, q)
	require.NoError(tb, err)
	return res
}

// told returns the touches of an answer in short, such as "read_by feed@3".
func told(res *lineage.Result) []string {
	out := []string{}
	for _, t := range res.Touches {
		out = append(out, fmt.Sprintf("%s %s@%d", t.Role, t.RunID, t.Position))
	}
	return out
}
