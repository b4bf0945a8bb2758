package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guideDir is where the guide pretends to be, and guideHome where its reader's settings are.
const (
	guideDir  = "/srv/vaults"
	guideHome = "/home/you/.config"
)

// TestGuide runs the commands of docs/cli.md, in order and in one directory, and compares
// what they print with what stands there. With -update it is rewritten.
func TestGuide(t *testing.T) {
	for _, tool := range []string{"sh", "sed", "head", "base64", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs " + tool)
		}
	}
	file := filepath.Join("..", "..", "docs", "cli.md")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)

	// Every other part is a block of a console.
	home := t.TempDir()
	for _, name := range homeVariables {
		t.Setenv(name, home)
	}
	parts := strings.Split(string(data), "```console\n")
	require.Greater(t, len(parts), 10)
	for i := 1; i < len(parts); i++ {
		block, rest, ok := strings.Cut(parts[i], "```")
		require.True(t, ok)
		want, got := block, strings.ReplaceAll(runBlock(t, dir, block), home, guideHome)
		if !*update {
			assert.Equal(t, timeless(want), timeless(got))
		}
		if timeless(want) == timeless(got) {
			got = want // the hashes of the last time are as real as these
		}
		parts[i] = got + "```" + rest
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(parts, "```console\n")), 0o644))
	}
}

// timeless replaces what the guide shows of the time at which it was made: all but what
// happened in the month of the scenario.
func timeless(text string) string {
	text = masked(text)
	text = regexp.MustCompile(`\b20(26-(0[6-9]|1[0-2])|2[7-9]-\d\d)-\d\d \d\d:\d\d:\d\d(\.\d+)?`).ReplaceAllString(text, "NOW")
	text = regexp.MustCompile(`\bsegments/20(26-(0[6-9]|1[0-2])|2[7-9]-\d\d)-\d\d/`).ReplaceAllString(text, "segments/TODAY/")
	text = regexp.MustCompile(`\b\d\d:\d\d:\d\d\.\d{3}\b`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\brun_01[m-z][0-9a-z]{23}\b`).ReplaceAllString(text, "run_NOW")
	text = regexp.MustCompile(`\b[0-9.]+ k?B\b`).ReplaceAllString(text, "N bytes")
	text = regexp.MustCompile(`\b[0-9.]+(µs|ms|s)\b`).ReplaceAllString(text, "N of time")
	// That a run was told to stop is a record of its own, unless the run was faster.
	text = regexp.MustCompile(`position +\d+, in segments/TODAY`).ReplaceAllString(text, "position N, in segments/TODAY")
	text = regexp.MustCompile(`audit-log, \d+ records`).ReplaceAllString(text, "audit-log, N records")
	text = regexp.MustCompile(`(?m)^(run_NOW .*) \d+$`).ReplaceAllString(text, "$1 N")
	return regexp.MustCompile(`  +`).ReplaceAllString(text, "  ") // a time may be shorter than another
}

// runBlock runs the commands of a block, the lines that begin with "$ ", and returns the block
// with what they print now.
func runBlock(t *testing.T, dir, block string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue // the output of last time
		}
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "FLEXOR_VAULT=")
		if _, err := os.Stat(filepath.Join(dir, "company")); err == nil {
			cmd.Env = append(cmd.Env, "FLEXOR_VAULT=company")
		}
		out, err := cmd.CombinedOutput()
		b.WriteString(line + strings.ReplaceAll(string(out), dir, guideDir))
		if err != nil {
			b.WriteString("[exit code " + strings.TrimPrefix(err.Error(), "exit status ") + "]\n")
		}
		if strings.HasPrefix(command, "flexor init company --tier") {
			require.NoError(t, seed(filepath.Join(dir, "company"), "april"))
		}
		if strings.HasPrefix(command, "flexor init fund") {
			require.NoError(t, seed(filepath.Join(dir, "fund"), "lineage"))
		}
	}
	return b.String()
}
