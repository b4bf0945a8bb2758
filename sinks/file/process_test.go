package file

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// childEnv names the file to which this test binary appends when it runs as a
// process of [TestProcesses].
const childEnv = "FLEXOR_TEST_SINK_FILE"

// child appends batches of three lines until it is killed, and says on stdout which
// of them are stored.
func child(name string) {
	f, err := Open(name, &Config{MaxSize: 200_000})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		var b audit.Batch
		for j := range 3 {
			line := fmt.Sprintf(`{"kind":"run","run_id":"%d-%d","part":%d,"pad":"%s"}`, os.Getpid(), i, j, strings.Repeat("x", 5000))
			b.Records = append(b.Records, audit.Record{Kind: audit.KindRun, JSON: []byte(line)})
		}
		b.Sync = i%8 == 0
		if err := f.Append(context.Background(), b); err != nil {
			panic(err)
		}
		fmt.Printf("%d-%d\n", os.Getpid(), i)
	}
}

// Several processes append to a file that rotates, and are killed. What they were told
// is stored is there, in whole batches and lines.
func TestProcesses(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "audit.jsonl")
	const rounds = 3
	var told []string
	for range rounds {
		var children [3]*exec.Cmd
		var said [3]bytes.Buffer
		for i := range children {
			c := exec.Command(os.Args[0], "-test.run=^$")
			c.Env = append(os.Environ(), childEnv+"="+name)
			c.Stdout, c.Stderr = &said[i], t.Output()
			require.NoError(t, c.Start())
			children[i] = c
		}
		time.Sleep(200 * time.Millisecond)
		for i, c := range children {
			require.NoError(t, c.Process.Kill())
			require.Error(t, c.Wait(), "it ended by itself")
			ids := strings.Split(said[i].String(), "\n")
			told = append(told, ids[:len(ids)-1]...)
		}
	}
	require.NoError(t, open(t, name, nil).Append(context.Background(), entry("mends"))) // a last line may be unfinished
	lines, err := readAll(dir)
	require.NoError(t, err)
	at := map[string]int{}
	var parsed []struct {
		RunID string `json:"run_id"`
		Part  int
	}
	for _, line := range lines {
		parsed = append(parsed, struct {
			RunID string `json:"run_id"`
			Part  int
		}{})
		p := &parsed[len(parsed)-1]
		require.NoError(t, json.Unmarshal(line, p))
		if p.Part == 0 {
			require.NotContains(t, at, p.RunID, "stored twice")
			at[p.RunID] = len(parsed) - 1
		}
	}
	require.NotEmpty(t, told)
	for _, id := range told {
		require.Contains(t, at, id)
		for j := range 3 {
			require.Equal(t, id, parsed[at[id]+j].RunID)
			require.Equal(t, j, parsed[at[id]+j].Part)
		}
	}
	t.Logf("%d batches in %d lines", len(told), len(lines))
}
