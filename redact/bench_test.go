package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// entryOf returns an entry of about 1.8 kB as agents leave it: with one text in
// JSON in every fifth, and the given text among its values.
func entryOf(r *rand.Rand, text string) []byte {
	hex := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789abcdef"[r.IntN(16)]
		}
		return string(b)
	}
	id := func() string {
		return "run_01k" + strings.ToLower(strings.Map(func(c rune) rune { return c + 'g' - 'a' - 1 }, "bbb")) + hex(20)
	}
	at := func() string {
		return fmt.Sprintf("2026-04-30T%02d:%02d:%02d.%06dZ", r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e6))
	}
	body := text
	if r.IntN(100) < 21 {
		raw, _ := json.Marshal(map[string]any{"symbol": "IBM", "note": text, "rows": r.IntN(5000), "digest": hex(40)})
		body = string(raw)
	}
	decisions := []any{}
	for i := range 3 {
		decisions = append(decisions, map[string]any{
			"seq": i, "at": at(), "skill": "data-freshness-check", "condition": "feed is stale", "branch": "true", "alternatives": []string{"false"},
			"values": map[string]any{"age_minutes": r.Float64() * 100, "limit_minutes": 60, "feed": "equity-prices", "source": "plexifact://prod/catalog/equity-prices/2026-04-30"},
		})
	}
	raw, err := json.Marshal(map[string]any{
		"kind": "run", "schema": "flexor.run/v1", "run_id": id(), "agent_name": "feed-monitor", "agent_version": "1.4.2", "vault": "company",
		"environment": "production", "trigger_type": "schedule", "trigger_at": at(), "started_at": at(), "ended_at": at(), "duration_ms": r.IntN(5000),
		"status": "partial", "ended_by": "return", "tasks_executed": []string{"data-freshness-check", "core.notify.slack"},
		"decisions": decisions, "trace_id": hex(32), "span_id": hex(16), "salt": hex(32),
		"outputs": map[string]any{"stale_feeds": []string{"equity-prices", "fx-rates"}, "message": body, "positions": r.IntN(9000), "nav": 1234567.89, "isin": "US4592001014"},
		"errors":  []any{map[string]any{"seq": 7, "at": at(), "skill": "core.notify.slack", "message": "slack: 503 Service Unavailable after 3 attempts; the channel will be told later by " + id()}},
		"tasks": []any{
			map[string]any{"seq": 1, "skill": "data-freshness-check", "started_at": at(), "duration_ms": 350, "outcome": "ok"},
			map[string]any{"seq": 4, "skill": "core.notify.slack", "started_at": at(), "duration_ms": 40, "outcome": "error", "error": "503 Service Unavailable"},
		},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

const (
	cleanText   = "prices of 41 positions were compared with the custodian's, and differ by less than 0.01"
	plantedText = "write to alice@fund.com about card 4111 1111 1111 1111, or call +1 415 555 2671"
)

func benchmarkJSON(b *testing.B, c Config, text string) {
	b.Helper()
	r, err := New(c)
	require.NoError(b, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	var entries [][]byte
	size := 0
	for range 500 {
		e := entryOf(rnd, text)
		entries, size = append(entries, e), size+len(e)
	}
	b.SetBytes(int64(size / len(entries)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.JSON(entries[i%len(entries)])
		i++
	}
}

func BenchmarkJSON(b *testing.B) {
	all := Config{Detectors: []string{groupAll}}
	b.Run("clean", func(b *testing.B) { benchmarkJSON(b, all, cleanText) })
	b.Run("planted", func(b *testing.B) { benchmarkJSON(b, all, plantedText) })
	keys := all
	keys.Keys = []KeyRule{{Name: "*_token"}, {Name: "password"}, {Name: "*secret*"}}
	b.Run("clean keys", func(b *testing.B) { benchmarkJSON(b, keys, cleanText) })
}

// BenchmarkHostile is text that is made to cost.
func BenchmarkHostile(b *testing.B) {
	r, err := New(Config{Detectors: []string{groupAll}})
	require.NoError(b, err)
	for name, part := range map[string]string{
		"digits": "0123456789", "escapes": `\u0061\"`, "separators": "-. :/1", "at": "a@b.", "percent": "%41%4", "base64": "aGVsbG8gd29ybGQs", "masks": "[EMAIL]", "brackets": "[", "emails": "a@example.com ",
		"cards": "4111111111111111 ", "colons": "a:b:", "quotes": `","`,
	} {
		b.Run(name, func(b *testing.B) {
			src := []byte(`["` + strings.Repeat(part, 64<<10/len(part)) + `"]`)
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				r.JSON(src)
			}
		})
	}
}

// BenchmarkCopy is what there is to compare with.
func BenchmarkCopy(b *testing.B) {
	e := entryOf(rand.New(rand.NewPCG(1, 2)), cleanText)
	b.SetBytes(int64(len(e)))
	for b.Loop() {
		_ = bytes.Clone(e)
	}
}
