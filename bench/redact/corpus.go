package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// corpus is entries as a recorder writes them, of about 1.8 kB each.
type corpus struct {
	name    string
	runs    []*run // nil when the entries are not made of runs
	entries [][]byte
	size    int // bytes of all
}

// corpusOf makes n entries, the same ones in every process. A share of them holds
// something to redact, and a share holds JSON inside a string.
func corpusOf(name string, n int, planted, nested float64) corpus {
	rng := rand.New(rand.NewPCG(7, 11))
	c := corpus{name: name, runs: make([]*run, n), entries: make([][]byte, n)}
	for i := range c.entries {
		c.runs[i] = newRun(rng, rng.Float64() < planted, rng.Float64() < nested)
		c.entries[i] = encode(c.runs[i])
		c.size += len(c.entries[i])
	}
	return c
}

// hostile makes entries whose one long value is made to be slow to look through.
func hostile(name string, n int, value func(rng *rand.Rand, b []byte) []byte) corpus {
	rng := rand.New(rand.NewPCG(3, 5))
	c := corpus{name: name, entries: make([][]byte, n)}
	for i := range c.entries {
		b := []byte(`{"kind":"run","outputs":{"text":"`)
		for len(b) < 1800 {
			b = value(rng, b)
		}
		c.entries[i] = append(b, `"}}`...)
		c.size += len(c.entries[i])
	}
	return c
}

func digits(rng *rand.Rand, b []byte) []byte { return append(b, '0'+byte(rng.IntN(10))) }

func escapes(rng *rand.Rand, b []byte) []byte {
	return append(b, []string{`\n`, `\"`, `\\`, `\u0041`, `\/`, `\t`, `\u00e9`, `a`}[rng.IntN(8)]...)
}

func separators(rng *rand.Rand, b []byte) []byte {
	return append(b, "@.:-/= 1+,;()a"[rng.IntN(14)])
}

// run is an entry as a program holds it.
type run struct {
	Kind         string         `json:"kind"`
	Schema       string         `json:"schema"`
	RunID        string         `json:"run_id"`
	AgentName    string         `json:"agent_name"`
	AgentVersion string         `json:"agent_version"`
	Vault        string         `json:"vault"`
	Environment  string         `json:"environment"`
	TriggerType  string         `json:"trigger_type"`
	TriggerAt    time.Time      `json:"trigger_at"`
	StartedAt    time.Time      `json:"started_at"`
	EndedAt      time.Time      `json:"ended_at"`
	Status       string         `json:"status"`
	EndedBy      string         `json:"ended_by"`
	Tasks        []string       `json:"tasks_executed"`
	Outputs      map[string]any `json:"outputs"`
	Decisions    []decision     `json:"decisions"`
	Errors       []string       `json:"errors"`
	Deployment   string         `json:"deployment"`
	TraceID      string         `json:"trace_id"`
	SpanID       string         `json:"span_id"`
}

type decision struct {
	Seq          int            `json:"seq"`
	At           time.Time      `json:"at"`
	Task         int            `json:"task"`
	Skill        string         `json:"skill"`
	Condition    string         `json:"condition"`
	Branch       string         `json:"branch"`
	Alternatives []string       `json:"alternatives"`
	Values       map[string]any `json:"values"`
}

// newRun makes a run.
func newRun(rng *rand.Rand, planted, nested bool) *run {
	at := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC).Add(time.Duration(rng.IntN(86_400_000)) * time.Millisecond)
	later := func() time.Time {
		at = at.Add(time.Duration(rng.IntN(5000)) * time.Millisecond)
		return at
	}
	r := &run{
		Kind: "run", Schema: "flexor.run/v1", RunID: "run_" + typeID(rng), AgentName: "feed-monitor", AgentVersion: "1.4.2",
		Vault: "company", Environment: "production", TriggerType: "schedule", TriggerAt: later(), StartedAt: later(),
		Status: "success", EndedBy: "return", Tasks: []string{"data-freshness-check", "gap-scan", "vendor-contact"}, Errors: []string{},
		Deployment: "dep_" + typeID(rng), TraceID: hex(rng, 32), SpanID: hex(rng, 16),
	}
	for i, condition := range []string{"feed is stale", "feed has gaps", "price is out of range"} {
		r.Decisions = append(r.Decisions, decision{
			Seq: i, At: later(), Task: i%3 + 1, Skill: "data-freshness-check", Condition: condition, Branch: fmt.Sprint(rng.IntN(2) == 0),
			Alternatives: []string{"true", "false"},
			Values: map[string]any{
				"age_minutes": rng.IntN(100_000), "price": fmt.Sprintf("%d.%02d", rng.IntN(10_000), rng.IntN(100)), "isin": isin(rng),
				"order": fmt.Sprintf("ORD-%07d", rng.IntN(10_000_000)), "note": sentence(rng, 4),
			},
		})
	}
	r.Outputs = map[string]any{
		"summary": sentence(rng, 14), "commit": hex(rng, 40), "request": uuid(rng), "rows": rng.IntN(1_000_000),
		"feed":    fmt.Sprintf("plexifact://prod/catalog/equity-prices/2026-04-%02d", rng.IntN(30)+1),
		"version": fmt.Sprintf("v%d.%d.%d", rng.IntN(9), rng.IntN(30), rng.IntN(30)),
	}
	if nested {
		r.Outputs["response"] = string(encode(map[string]any{"vendor": sentence(rng, 2), "received_at": later(), "rows": rng.IntN(1e6), "sha256": hex(rng, 64)}))
	}
	if planted {
		r.Outputs["contact"] = personal(rng)
	}
	r.EndedAt = later()
	return r
}

// encode is json.Marshal of what is known to have an encoding.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// personal returns a text with one thing to redact in it.
func personal(rng *rand.Rand) string {
	name := words[rng.IntN(len(words))]
	switch rng.IntN(6) {
	case 0:
		return "write to " + name + "." + words[rng.IntN(len(words))] + "@example.com for the " + sentence(rng, 3)
	case 1:
		return "card 4111 1111 1111 1111 was charged, " + sentence(rng, 3)
	case 2:
		return "call +44 20 7946 0" + fmt.Sprint(100+rng.IntN(900)) + " about the " + sentence(rng, 3)
	case 3:
		return "pay to DE89 3704 0044 0532 0130 00, " + sentence(rng, 3)
	case 4:
		return "from " + fmt.Sprintf("203.0.113.%d", rng.IntN(256)) + ": " + sentence(rng, 3)
	}
	return "used the key AKIA" + strings.ToUpper(strings.Map(func(r rune) rune {
		if r < 'a' {
			return 'q'
		}
		return r
	}, typeID(rng)[:16])) + " of the " + sentence(rng, 3)
}

var words = strings.Fields(`prices feed vendor stale gap late equity bond fund audit agent report market close open
	reference rate curve corporate action dividend holiday calendar region desk volume open interest checked against source
	nothing unusual found delivery expected before noon complete partial rows missing symbol`)

func sentence(rng *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[rng.IntN(len(words))])
	}
	return b.String()
}

func letters(rng *rand.Rand, n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}

func hex(rng *rand.Rand, n int) string { return letters(rng, n, "0123456789abcdef") }

func typeID(rng *rand.Rand) string {
	return "01" + letters(rng, 24, "0123456789abcdefghjkmnpqrstvwxyz")
}

func isin(rng *rand.Rand) string { return "US" + letters(rng, 10, "0123456789") }

func uuid(rng *rand.Rand) string {
	return hex(rng, 8) + "-" + hex(rng, 4) + "-4" + hex(rng, 3) + "-a" + hex(rng, 3) + "-" + hex(rng, 12)
}
