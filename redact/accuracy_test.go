package redact

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// accuracySets are the makers of positives, one for each family of detectors.
var accuracySets = []func(*rand.Rand) []positive{numPositives}

// accuracyFloor is what a detector must reach on generated positives, and the share of harmless
// lines in which it may see something.
type accuracyFloor struct{ recall, precision, falseLines float64 }

var accuracyFloors = map[string]accuracyFloor{
	"credit_card":   {0.99, 0.98, 1. / 2000}, // of random numbers of 15 and 19 digits some are valid
	"iban":          {0.99, 0.999, 0},
	"us_ssn":        {1, 0.999, 0},
	"us_itin":       {1, 0.999, 0},
	"uk_nhs":        {0.99, 0.99, 0},
	"uk_nino":       {1, 0.999, 0},
	"date_of_birth": {0.99, 0.99, 0},
	"phone":         {0.99, 0.99, 1. / 2000},
}

// TestAccuracy prints the table in docs/redaction.md. Its corpora are made from one seed, so the figures
// are the same everywhere:
//
//	go test -run TestAccuracy -v ./redact
func TestAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	f := finder{numDetectors()}
	type score struct{ total, found, wrong, lines int }
	scores := map[string]*score{}
	for _, d := range f.detectors {
		scores[d.name] = &score{}
	}
	text := &text{}
	var missed, wrong []string
	for _, set := range accuracySets {
		for _, p := range set(r) {
			text.reset([]byte(p.text), p.key)
			s := scores[p.detector]
			require.NotNil(t, s, "no detector %s", p.detector)
			s.total++
			found := false
			for _, h := range f.find(text, nil) {
				switch {
				case h.start == p.start && h.end == p.end && h.d.name == p.detector:
					found = true
				default:
					scores[h.d.name].wrong++
					wrong = append(wrong, fmt.Sprintf("%s %q in %q (%s)", h.d.name, p.text[h.start:h.end], p.text, h.why))
				}
			}
			if found {
				s.found++
			} else {
				missed = append(missed, fmt.Sprintf("%s %q in %q under %q", p.detector, p.text[p.start:p.end], p.text, p.key))
			}
		}
	}
	harmless := negatives(r, 20_000)
	for _, line := range harmless {
		text.reset([]byte(line), "")
		seen := map[string]bool{}
		for _, h := range f.find(text, nil) {
			s := scores[h.d.name]
			s.wrong++
			if !seen[h.d.name] {
				seen[h.d.name] = true
				s.lines++
				wrong = append(wrong, fmt.Sprintf("%s %q in %q (%s)", h.d.name, line[h.start:h.end], line, h.why))
			}
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| detector | positives | recall | precision | false lines of %d |\n|---|---|---|---|---|\n", len(harmless))
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		s := scores[name]
		recall, precision := float64(s.found)/float64(s.total), float64(s.found)/float64(s.found+s.wrong)
		fmt.Fprintf(&table, "| %s | %d | %.3f | %.3f | %d |\n", name, s.total, recall, precision, s.lines)
		floor, ok := accuracyFloors[name]
		require.True(t, ok, "%s has no floor", name)
		assert.GreaterOrEqual(t, recall, floor.recall, "recall of %s", name)
		assert.GreaterOrEqual(t, precision, floor.precision, "precision of %s", name)
		assert.LessOrEqual(t, float64(s.lines)/float64(len(harmless)), floor.falseLines, "false lines of %s", name)
	}
	t.Log("\n" + table.String())
	if t.Failed() {
		t.Logf("missed, among others:\n%s", strings.Join(missed[:min(20, len(missed))], "\n"))
		t.Logf("wrong, among others:\n%s", strings.Join(wrong[:min(20, len(wrong))], "\n"))
	}
}
