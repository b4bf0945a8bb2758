package control

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// What is signed is what stands in the line: no other line has the same meaning,
// whatever it holds.
func FuzzEvent(f *testing.F) {
	p := newPaper(f)
	p.join(bob, rbac.Operator)
	_, err := p.give(p.owner, &killOrder{Run: "run_01h455vb4pex5vsknk084sn02q", Environment: rbac.Production}, `a "reason" <é>`)
	require.NoError(f, err)
	for _, rec := range p.recs {
		f.Add(rec.Line)
	}
	f.Add([]byte(`{"event":{},"sig":"` + string(bytes.Repeat([]byte("A"), sigSize)) + `"` + salt))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := parseEvent(line)
		// Whatever it is, the fold takes it without a panic, and it changes nothing: it is
		// not signed for this place.
		s := newState(p.v)
		s.takeAll(p.recs)
		before := s.policy.State().Grants
		s.takeAll([]ledger.Record{{Index: uint64(len(p.recs)), Line: line}})
		if len(s.flags) != 1 || len(s.policy.State().Grants) != len(before) {
			t.Fatalf("%q has effect", line)
		}
		if err != nil {
			return
		}
		again, _, err := e.seal(func([]byte) ([]byte, error) { return e.sig, nil })
		if err != nil || !bytes.HasPrefix(line, bytes.TrimSuffix(again, []byte("}"))) {
			t.Fatalf("%q is read as %q", line, again)
		}
	})
}

// Whatever stands in the place of a halt, it is read without a panic and stops nothing.
func FuzzHalt(f *testing.F) {
	h := newHouse(f)
	p := h.owner.state.place(begin)
	h.lay(h.key, p, &pauseOrder{Agent: "a", Environment: rbac.Production})
	h.lay(h.key, p, &killOrder{Run: "run_01h455vb4pex5vsknk084sn02q", Environment: rbac.Production})
	h.lay(h.key, p, &pauseOrder{Agent: "b", Environment: rbac.Sandbox})
	signed := map[string]bool{} // which is what somebody may well say
	for _, data := range files(f, filepath.Join(h.dir, spoolName)) {
		f.Add([]byte(data))
		signed[strings.TrimSuffix(data, "\n")] = true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := h.owner.state
		before := len(s.paused) + len(s.killed)
		err := h.owner.takeSpooled(data)
		if !signed[strings.TrimSuffix(string(data), "\n")] && (err == nil || len(s.paused)+len(s.killed) != before) {
			t.Fatalf("%q has effect", data)
		}
	})
}

// The longest reason, escaped at its worst, fits.
func TestLongReasons(t *testing.T) {
	p := newPaper(t)
	out, err := p.give(p.owner, &pauseOrder{Agent: "a", Environment: rbac.Production}, string(bytes.Repeat([]byte("\"\\\x00é"), 1<<20)))
	require.NoError(t, err)
	require.True(t, out.Recorded)
	halt := p.state.paused[place{"a", rbac.Production}]
	require.LessOrEqual(t, len(halt.Reason), maxReason)
	require.Contains(t, halt.Reason, "sha256")
	require.Empty(t, p.state.flags)
}
