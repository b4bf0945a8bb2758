package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

func TestGuard(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"plain":         "plain",
		"=1+1":          "'=1+1",
		"+49 30":        "'+49 30",
		"-1":            "'-1",
		"@SUM(A1)":      "'@SUM(A1)",
		"\t=1":          "'\t=1",
		"\r=1":          "'\r=1",
		"a=1":           "a=1",
		"'=already":     "'=already",
		"高い":            "高い",
		`{"json": "="}`: `{"json": "="}`,
	} {
		assert.Equal(t, want, guard(in), "%q", in)
	}
}

// TestSheetsAreWhole writes a run with hostile texts and reads it back with another
// reader: as many cells as heads, every one as it was but for the guard.
func TestSheetsAreWhole(t *testing.T) {
	e := &audit.Entry{
		RunID: exampleRun, AgentName: "a", TriggeredBy: "=x,\"y\"\r\nz", TriggerAt: time.Unix(0, 0).UTC(),
		Tasks:     []audit.TaskResult{{Seq: 1, Skill: "s", Error: "a,b\n\"c\""}},
		Decisions: []audit.Decision{{Seq: 2, Condition: "@c", Branch: "b", Values: audit.Values{{Name: "v", JSON: []byte(`"\u0000"`)}}}},
		Errors:    []audit.ErrorEvent{{Seq: 3, Message: "-m"}},
	}
	for _, rows := range []string{rowsRuns, rowsDecisions, rowsTasks, rowsErrors} {
		var b bytes.Buffer
		c := &cli{out: bufio.NewWriter(&b), err: io.Discard}
		p := newCSVPrinter(c, completer{}, rows)
		require.NoError(t, p.put(e))
		require.NoError(t, p.end())
		require.NoError(t, c.out.Flush())
		got, err := csv.NewReader(&b).ReadAll() // refuses rows of different lengths
		require.NoError(t, err, rows)
		require.Len(t, got, 2, rows)
		fields := map[string]string{}
		for i, head := range got[0] {
			fields[head] = got[1][i]
		}
		switch rows {
		case rowsRuns:
			// encoding/csv reads \r\n in a cell as \n.
			assert.Equal(t, "'=x,\"y\"\nz", fields["triggered_by"])
			assert.Equal(t, "[]", fields["tasks_executed"])
		case rowsDecisions:
			assert.Equal(t, "'@c", fields["condition"])
			assert.Equal(t, `{"v":"\u0000"}`, fields["values"])
		case rowsTasks:
			assert.Equal(t, "a,b\n\"c\"", fields["error"])
		case rowsErrors:
			assert.Equal(t, "'-m", fields["message"])
		}
	}
}

// TestColumnsOnlyGrow holds the order that scripts and spreadsheets rely on.
func TestColumnsOnlyGrow(t *testing.T) {
	assert.True(t, strings.HasPrefix(strings.Join(sheetOf(rowsRuns).heads, ","),
		"run_id,agent_name,trigger_type,trigger_at,tasks_executed,outputs,decisions,duration_ms,status,errors,"+
			"environment,agent_version,triggered_by,parent_run_id,started_at,ended_at,ended_by,vault,position"))
}
