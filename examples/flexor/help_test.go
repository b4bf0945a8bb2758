package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commands returns all commands that a user can see.
func commands(t *testing.T) []*cobra.Command {
	t.Helper()
	c := &cli{out: bufio.NewWriter(io.Discard), err: io.Discard, getenv: os.LookupEnv}
	all := []*cobra.Command{c.rootCommand()}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Commands()...)
	}
	return all
}

// governedVault is a vault with an owner, who acts, and an agent that was deployed twice.
const governedVault = `[!exec:sh] skip
mkdir vaults
exec flexor init vaults/company --owner owner@fund.com
cd vaults/company
record . april
exec flexor access grant --user alice@fund.com --role operator
exec flexor access grant --user bob@fund.com --role operator
exec flexor deploy --env production --agent feed-monitor --version 1.4.2
exec flexor deploy --env production --agent feed-monitor --version 1.5.0
mkdir agents
cp ../../feed-monitor.yaml agents/feed-monitor.yaml
`

// agentYAML is the file of its agent.
const agentYAML = `-- feed-monitor.yaml --
name: feed-monitor
version: 1.6.0
environment: production
`

// governed are the commands whose examples need such a vault.
var governed = []string{"access", "keys", "whoami", "deploy", "rollback", "deployments", "agents", "runs", "retention"}

// refusedExamples are the examples that cannot succeed, because what they name is only an
// example, with their exit codes.
var refusedExamples = map[string]int{"flexor agents kill": exitFailed, "flexor keys revoke": exitNotFound, "flexor retention release": exitNotFound}

// TestHelpExamplesRun runs every example of every --help, in a shell, in the order in
// which they stand there.
func TestHelpExamplesRun(t *testing.T) {
	dir := t.TempDir()
	ran := 0
	for _, cmd := range commands(t) {
		require.NotEmpty(t, cmd.Example, cmd.CommandPath())
		var b strings.Builder
		b.WriteString("[!exec:sh] skip\nexec flexor init\nrecord . april\n")
		if cmd.Name() == "init" || cmd.Name() == "flexor" {
			b.Reset()
			b.WriteString("[!exec:sh] skip\n")
		}
		if path := strings.Fields(cmd.CommandPath()); len(path) > 1 && slices.Contains(governed, path[1]) {
			b.Reset()
			b.WriteString(governedVault)
		}
		if cmd.Name() == "verify" {
			b.WriteString("exec flexor explain $RUN --proof run.proof\nexec flexor lineage --record db://x/y --prove lineage.proof\nexec flexor init . --owner owner@fund.com\n")
		}
		if cmd.Name() == "verify" || cmd.Name() == "restore" {
			b.WriteString("mkdir archive\nsecondary . archive\nexec agent run .\n")
		}
		if cmd.Name() == "forget" {
			b.WriteString("mkdir old-archive new-archive\nsecondary . old-archive\nexec agent run .\nsecondary . new-archive\n")
		}
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			require.NotContains(t, line, "'")
			if code, refused := refusedExamples[cmd.CommandPath()]; refused {
				fmt.Fprintf(&b, "exits %d sh -c '%s'\n", code, line)
			} else {
				fmt.Fprintf(&b, "exec sh -c '%s'\n", line)
			}
			if line == "flexor init company --tier L2" {
				b.WriteString("cd company\nrecord . april\n")
			}
			ran++
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".txtar"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(b.String()+agentYAML), 0o666))
	}
	require.Greater(t, ran, 20)
	testscript.Run(t, scriptParams(dir))
}

// TestHelpIsComplete holds what every command owes its user.
func TestHelpIsComplete(t *testing.T) {
	for _, cmd := range commands(t) {
		assert.NotEmpty(t, cmd.Short, cmd.CommandPath())
		assert.LessOrEqual(t, len("  deployments ")+width(cmd.Short), helpWidth, cmd.CommandPath())
		for line := range strings.Lines(cmd.UsageString()) {
			if !strings.Contains(cmd.Example, strings.TrimSpace(line)) {
				assert.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), helpWidth, cmd.CommandPath())
			}
		}
		for line := range strings.Lines(cmd.Long) {
			assert.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), helpWidth, cmd.CommandPath())
		}
		assert.NotNil(t, cmd.RunE, cmd.CommandPath())
	}
}
