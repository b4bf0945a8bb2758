package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	root := c.rootCommand()
	return append([]*cobra.Command{root}, root.Commands()...)
}

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
		if cmd.Name() == "verify" {
			b.WriteString("exec flexor explain $RUN --proof run.proof\n")
		}
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			require.NotContains(t, line, "'")
			fmt.Fprintf(&b, "exec sh -c '%s'\n", line)
			if line == "flexor init company --tier L2" {
				b.WriteString("cd company\nrecord . april\n")
			}
			ran++
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".txtar"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o666))
	}
	require.Greater(t, ran, 20)
	testscript.Run(t, scriptParams(dir))
}

// TestHelpIsComplete holds what every command owes its user.
func TestHelpIsComplete(t *testing.T) {
	for _, cmd := range commands(t) {
		assert.NotEmpty(t, cmd.Short, cmd.CommandPath())
		for line := range strings.Lines(cmd.Long) {
			assert.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), 90, cmd.CommandPath())
		}
		assert.NotNil(t, cmd.RunE, cmd.CommandPath())
	}
}
