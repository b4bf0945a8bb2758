package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

func TestTriggerOf(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\ntrigger:\n  type: schedule\n  cron: x\n":      "schedule",
		"trigger:\r\n\r\n  # at night\r\n  type: 'event' # x\n": "event",
		"trigger:\n  cron: x\n  type: \"webhook\"\n":            "webhook",
		"trigger: schedule\n  type: event\n":                    "",
		"retry:\n  type: event\n":                               "",
		"trigger:\nretry:\n  type: event\n":                     "",
		"trigger: {type: event}\n":                              "",
		"":                                                      "",
	} {
		assert.Equal(t, want, triggerOf([]byte(text)), text)
	}
}

func TestAgentFiles(t *testing.T) {
	vault := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(vault, "agents", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	write("a.yaml", "name: a\nversion: 1\nenvironment: sandbox\n")
	write("team/b.yaml", "name: team/b\nenvironment: production\n")
	write("huge.yaml", "# "+strings.Repeat("x", maxAgentFile))
	write("readme.md", "no agent")
	require.NoError(t, os.WriteFile(filepath.Join(vault, "outside.yaml"), []byte("name: outside\nenvironment: sandbox\n"), 0o644))
	files := agentFilesIn(vault)

	names, err := files.names()
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "huge", "team/b"}, names)

	a := files.file("a")
	require.NoError(t, a.err)
	assert.Equal(t, "1", a.Version)
	// What was read is what counts, whatever the file says by then.
	write("a.yaml", "name: a\nversion: 2\nenvironment: production\n")
	again, ok, err := files.lookup("a")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, a.Manifest, again)

	assert.ErrorIs(t, files.file("huge").err, durable.ErrTooLarge)
	assert.Nil(t, files.file("x/../../outside"), "a name does not lead out of the directory")
	assert.Nil(t, files.file("none"))
}

// FuzzTriggerOf: what is shown of an agent's file is one word that stands in it.
func FuzzTriggerOf(f *testing.F) {
	f.Add([]byte("trigger:\n  type: schedule # x\n"))
	f.Add([]byte("trigger:\r\n type: ''\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := triggerOf(data)
		assert.NotContains(t, got, "\n")
		assert.Contains(t, string(data), got)
	})
}
