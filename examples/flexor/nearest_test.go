package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNearest(t *testing.T) {
	statuses := []string{"success", "partial", "failed"}
	for word, want := range map[string]string{
		"failled": "failed", "FAILED": "failed", "part": "partial", "sucess": "success", "ok": "", "": "", "running": "",
	} {
		got, _ := nearest(word, statuses)
		assert.Equal(t, want, got, word)
	}
	assert.Equal(t, 3, distance("kitten", "sitting"))
}

func TestNameFrom(t *testing.T) {
	for dir, want := range map[string]string{
		"/vaults/company": "company", "/x/NAV recon_2026!": "NAV-recon-2026", "/x/été": "t", "/": "", "/x/___": "",
	} {
		assert.Equal(t, want, nameFrom(dir), dir)
	}
}

func TestRunQuery(t *testing.T) {
	for _, text := range []string{"n5rd", "run_01kqf8", "01kqf8", exampleRun, " RUN_01KQF8 "} {
		q, err := parseRunQuery(text)
		assert.NoError(t, err, text)
		assert.True(t, q.matches(exampleRun), text)
	}
	for _, text := range []string{"", "run_", "5rd", "run_5rd"} {
		_, err := parseRunQuery(text)
		assert.Error(t, err, text)
	}
	assert.False(t, runQuery("run_n5rd").matches(exampleRun), "run_ is only at the beginning")
	assert.True(t, runQuery(exampleRun).whole())
	assert.False(t, runQuery("n5rd").whole())
}
