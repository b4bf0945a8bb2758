package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScreen(t *testing.T) {
	p := palette{on: true}
	text := p.bold("RUN") + "\n" + "\x1b[2Jgone \x1b[8mhidden\ttab Ж価\u202e\x9b1m " + p.status("failed", "failed") + "\x1b\x1b[31"
	want := p.bold("RUN") + "\n" + `\x1b[2Jgone \x1b[8mhidden` + "\ttab Ж価" + `\u202e\x9b1m ` + p.status("failed", "failed") + `\x1b`
	for cut := range len(text) + 1 { // wherever the buffer before it ends
		var b bytes.Buffer
		s := onScreen(&b, true)
		for _, part := range []string{text[:cut], text[cut:]} {
			n, err := s.Write([]byte(part))
			require.NoError(t, err)
			require.Equal(t, len(part), n)
		}
		require.Equal(t, want, b.String(), "cut at %d", cut)
	}
	var b bytes.Buffer
	assert.Same(t, &b, onScreen(&b, false), "a file gets what was recorded")
}
