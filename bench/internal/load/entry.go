// Package load makes the entries that every peer stores, drives writers against a
// peer for a time, and sums up what they saw.
package load

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// EntrySize is the size in bytes of every entry.
const EntrySize = 1500

// Entry is one line to store: an entry of a finished run, as a recorder writes
// it.
type Entry struct {
	RunID string
	JSON  []byte
}

// Entries returns n different entries of [EntrySize] bytes each, the same ones
// in every process.
func Entries(n int) ([]Entry, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]Entry, n)
	for i := range out {
		e, err := entry(rng)
		if err != nil {
			return nil, err
		}
		if out[i], err = pad(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entry returns an entry of somewhat less than [EntrySize] bytes.
func entry(rng *rand.Rand) (Entry, error) {
	at := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC).Add(time.Duration(rng.IntN(86400)) * time.Second)
	e := audit.Entry{
		Kind: audit.KindRun, Schema: audit.Schema,
		RunID:     "run_" + letters(rng, 26),
		AgentName: "feed-monitor", AgentVersion: "1.4.2", Vault: "company", Environment: "production",
		TriggerType: audit.Schedule, TriggerAt: at, StartedAt: at, EndedAt: at.Add(time.Second), DurationMS: 1000,
		Status: audit.Success, EndedBy: audit.ByReturn,
		TasksExecuted: []string{"data-freshness-check", "gap-scan"},
		Errors:        []audit.ErrorEvent{},
		Outputs:       audit.Values{{Name: "note", JSON: quoted("")}},
		Deployment:    "dep_" + letters(rng, 26),
	}
	for i, condition := range []string{"feed is stale", "feed has gaps", "vendor is late"} {
		e.Decisions = append(e.Decisions, audit.Decision{
			Seq: 2 * (i + 1), At: at, Task: 1, Skill: "data-freshness-check", Condition: condition,
			Branch: "true", Alternatives: []string{"false"},
			Values: audit.Values{
				{Name: "age_minutes", JSON: fmt.Append(nil, rng.IntN(1000))},
				{Name: "symbol", JSON: quoted(letters(rng, 12))},
			},
		})
	}
	rec, err := e.Record()
	return Entry{e.RunID, rec.JSON}, err
}

// pad fills the note of an entry up until the entry has its size.
func pad(e Entry) (Entry, error) {
	const empty, text = `"note":""`, "nothing out of the ordinary; "
	missing := EntrySize - len(e.JSON)
	if missing < 0 || !strings.Contains(string(e.JSON), empty) {
		return e, fmt.Errorf("an entry of %d bytes has no room for a note", len(e.JSON))
	}
	note := strings.Repeat(text, missing/len(text)+1)[:missing]
	e.JSON = []byte(strings.Replace(string(e.JSON), empty, `"note":"`+note+`"`, 1))
	return e, nil
}

// quoted returns s, which needs no escapes, as JSON.
func quoted(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }

// letters returns n letters and digits of the alphabet of TypeIDs.
func letters(rng *rand.Rand, n int) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}
