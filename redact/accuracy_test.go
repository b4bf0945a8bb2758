package redact

import (
	"encoding/json"
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
var accuracySets = []func(*rand.Rand) []positive{numPositives, netPositives, secretPositives}

// accuracyFloor is what a detector must reach on generated positives, and the share of harmless
// lines in which it may see something.
type accuracyFloor struct{ recall, precision, falseLines float64 }

// wholly is the floor of most detectors.
var wholly = accuracyFloor{0.999, 0.999, 0}

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

// accuracy counts what detectors find.
type accuracy struct {
	finder finder
	scores map[string]*accuracyScore
	missed []string // for people
	wrong  []string
}

type accuracyScore struct{ positives, found, wrong, lines int }

// see counts the finds in a positive. A find is right if it is exactly the value and has its
// name. It may also be the whole user info of a URL around the password in it.
func (a *accuracy) see(p positive) (found bool) {
	s := a.scores[p.detector]
	s.positives++
	for _, h := range a.finder.find(&text{b: []byte(p.text), key: p.key}, nil) {
		exact := h.start == p.start && h.end == p.end
		around := h.start <= p.start && p.end <= h.end && p.detector == "connection_string" && h.d.name == "url_userinfo"
		if exact && h.d.name == p.detector || around {
			found = true
			continue
		}
		a.scores[h.d.name].wrong++
		a.wrong = append(a.wrong, fmt.Sprintf("%s %q in %q (%s)", h.d.name, p.text[h.start:h.end], p.text, h.why))
	}
	if found {
		s.found++
	} else {
		a.missed = append(a.missed, fmt.Sprintf("%s %q in %q under %q", p.detector, p.value(), p.text, p.key))
	}
	return found
}

// seeHarmless counts the finds in a text in which there is nothing, except perhaps for one detector.
func (a *accuracy) seeHarmless(line, except string) {
	seen := map[string]bool{except: true}
	for _, h := range a.finder.find(&text{b: []byte(line)}, nil) {
		if h.d.name == except {
			continue
		}
		s := a.scores[h.d.name]
		s.wrong++
		if !seen[h.d.name] {
			seen[h.d.name] = true
			s.lines++
			a.wrong = append(a.wrong, fmt.Sprintf("%s %q in %q (%s)", h.d.name, line[h.start:h.end], line, h.why))
		}
	}
}

// TestAccuracy prints the table in docs/redaction.md. Its corpora are made from one seed, so the figures
// are the same everywhere:
//
//	go test -run TestAccuracy -v ./redact
func TestAccuracy(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	a := accuracy{finder: finder{builtin()}, scores: map[string]*accuracyScore{}}
	for _, d := range a.finder.detectors {
		a.scores[d.name] = &accuracyScore{}
	}
	redactor := redactorOf(t, Config{Detectors: []string{groupAll}})
	for _, set := range accuracySets {
		for _, p := range set(r) {
			if !a.see(p) {
				continue
			}
			// Triggers, too, lead to what detectors find.
			src, err := json.Marshal(map[string]string{p.key: p.text})
			require.NoError(t, err)
			out, _ := redactor.JSON(src)
			quoted, err := json.Marshal(p.value())
			require.NoError(t, err)
			require.NotContains(t, string(out), string(quoted[1:len(quoted)-1]), "in %s", src)
		}
	}
	harmless := negatives(r, 20_000)
	for _, line := range harmless {
		a.seeHarmless(line, "")
	}
	addresses := filled(r, addressLines, 4_000)
	for _, line := range addresses {
		a.seeHarmless(line, "ip_address")
	}
	all := len(harmless) + len(addresses)
	var table strings.Builder
	fmt.Fprintf(&table, "| detector | positives | recall | precision | false lines of %d |\n|---|---|---|---|---|\n", all)
	for _, name := range slices.Sorted(maps.Keys(a.scores)) {
		s := a.scores[name]
		recall, precision := float64(s.found)/float64(s.positives), float64(s.found)/float64(s.found+s.wrong)
		fmt.Fprintf(&table, "| `%s` | %d | %.3f | %.3f | %d |\n", name, s.positives, recall, precision, s.lines)
		floor, ok := accuracyFloors[name]
		if !ok {
			floor = wholly
		}
		assert.Positive(t, s.positives, "there are none of %s", name)
		assert.GreaterOrEqual(t, recall, floor.recall, "recall of %s", name)
		assert.GreaterOrEqual(t, precision, floor.precision, "precision of %s", name)
		assert.LessOrEqual(t, float64(s.lines)/float64(all), floor.falseLines, "false lines of %s", name)
	}
	t.Log("\n" + table.String())
	if t.Failed() {
		t.Logf("missed, among others:\n%s", strings.Join(a.missed[:min(40, len(a.missed))], "\n"))
		t.Logf("wrong, among others:\n%s", strings.Join(a.wrong[:min(40, len(a.wrong))], "\n"))
	}
}
