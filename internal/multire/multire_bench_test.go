package multire

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// triggers are like those of a redactor's own detectors.
var triggers = []string{
	`@`, `[0-9][0-9 .()-]{6,}[0-9]`, `[A-Z]{2}[0-9]{2}`, `(?i)passw|secret|token|api[_-]?key`, `AKIA|ASIA`, `gh[pousr]_`, `sk_(?:live|test)_`,
	`xox[abprs]-`, `eyJ[A-Za-z0-9]`, `-----BEGIN`, `://[^/\s]*@`, `[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:`,
}

// userPatterns returns n patterns as people write them.
func userPatterns(n int) (patterns []string) {
	shapes := []string{`\bACCT%02d-\d{8}\b`, `(?i)employee%02d[_ ]?id:\s*\d+`, `PO%02d/[A-Z]{2}\d{4}`, `\b%02d-[A-Z]{3}-\d{6}\b`}
	for i := range n {
		patterns = append(patterns, fmt.Sprintf(shapes[i%len(shapes)], i))
	}
	return patterns
}

// auditEntry returns strings as they stand in an audit entry, in one text.
func auditEntry(r *rand.Rand, bytes int, planted bool) (text []byte, spans []Span) {
	words := strings.Fields("price watch decided run task output input threshold exceeded equity catalog skill market close open volume NASDAQ agent checked records of the day and found nothing unusual")
	var b []byte
	for len(b) < bytes {
		start := len(b)
		switch r.IntN(6) {
		case 0:
			b = fmt.Appendf(b, "run_%026x", r.Uint64())
		case 1:
			b = fmt.Appendf(b, "2026-04-30T%02d:%02d:%02dZ", r.IntN(24), r.IntN(60), r.IntN(60))
		case 2:
			b = fmt.Appendf(b, "plexifact://prod/catalog/%s/2026-04-%02d", words[r.IntN(len(words))], r.IntN(30))
		case 3:
			b = fmt.Appendf(b, "%s-%s", words[r.IntN(len(words))], words[r.IntN(len(words))])
		default:
			for range 1 + r.IntN(14) {
				b = append(append(b, words[r.IntN(len(words))]...), ' ')
			}
		}
		if planted && r.IntN(8) == 0 {
			b = append(b, " alice@example.com"...)
		}
		spans = append(spans, Span{start, len(b)})
		b = append(b, `","`...)
	}
	return b, spans
}

func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	entries, planted := make([]testText, 200), make([]testText, 200)
	for i := range entries {
		entries[i].text, entries[i].spans = auditEntry(r, 1800, false)
		planted[i].text, planted[i].spans = auditEntry(r, 1800, true)
	}
	repeat := func(s string) []testText {
		text := []byte(strings.Repeat(s, 1<<16/len(s)))
		return []testText{{text, whole(text)}}
	}
	for _, users := range []int{0, 12, 64} {
		set, err := Compile(append(triggers, userPatterns(users)...))
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name  string
			texts []testText
		}{
			{"clean", entries},
			{"planted", planted},
			{"digits", repeat("4111 1111-2345.67 ")},
			{"separators", repeat("- _./:")},
			{"capitals", repeat("AB12CD34 ACCT00-PO")},
			{"long", repeat("the price watch decided nothing ")},
			{"utf8", repeat("größe 価格 λόγος ")},
		} {
			b.Run(fmt.Sprintf("%s/12+%d", c.name, users), func(b *testing.B) {
				b.ReportAllocs()
				var hits []Hit
				i, n := 0, 0
				for b.Loop() {
					t := c.texts[i%len(c.texts)]
					hits = set.Scan(hits[:0], t.text, t.spans)
					n += len(t.text)
					i++
				}
				b.SetBytes(int64(n / i))
			})
		}
	}
}

type testText struct {
	text  []byte
	spans []Span
}

// BenchmarkRegexp is what Scan is an answer to: one pattern after the other.
func BenchmarkRegexp(b *testing.B) {
	text, spans := auditEntry(rand.New(rand.NewPCG(1, 2)), 1800, false)
	var compiled []*regexp.Regexp
	for _, p := range triggers {
		compiled = append(compiled, regexp.MustCompile(p))
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, s := range spans {
			for _, re := range compiled {
				re.Match(text[s.Start:s.End])
			}
		}
	}
}
