package audit

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The fast encoder of decisions writes what encoding/json does.
func TestDecisionLineIsItsStruct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		runes := []rune("az\"\\\n\x01<é\u2028\U0001F600")
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		return b.String()
	}
	for range 2000 {
		d := Decision{
			Seq: r.IntN(1 << 20), At: stamp(time.UnixMicro(r.Int64N(4e15))), Task: r.IntN(3), Skill: text(),
			Condition: text(), Branch: text(), Alternatives: []string{},
		}
		for range r.IntN(3) {
			d.Alternatives = append(d.Alternatives, text())
			d.Values = append(d.Values, Named{text(), encodeValue(text(), new(tags))})
		}
		l := decisionLine{Kind: KindDecision, RunID: text(), Decision: &d, Late: r.IntN(2) == 0}
		for range r.IntN(3) {
			l.Redactions = append(l.Redactions, Redaction{Field: text(), Detector: text(), Count: r.IntN(9)})
		}
		got := l.appendTo(nil)
		want, err := json.Marshal(&l)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
		require.LessOrEqual(t, quotedLenOf(&d), decisionRoom+quotedLen(d.Skill)+quotedLen(d.Condition)+
			quotedLen(d.Branch)+d.Values.size()+alternativesLen(&d), "an entry never needs more room than is taken")
	}
}

// quotedLenOf returns how long a decision is in an entry.
func quotedLenOf(d *Decision) int {
	b, err := json.Marshal(d)
	if err != nil {
		return -1
	}
	return len(b)
}

// alternativesLen returns the room that is taken for the branches not taken.
func alternativesLen(d *Decision) int {
	n := 0
	for _, a := range d.Alternatives {
		n += quotedLen(a) + 1
	}
	return n
}
