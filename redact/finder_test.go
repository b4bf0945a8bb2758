package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// wordDetector finds each place of a word.
func wordDetector(name, group, word string) *detector {
	return &detector{name: name, group: group, label: name, find: func(t *text, hits []hit) []hit {
		for at := 0; ; {
			i := strings.Index(string(t.b[at:]), word)
			if i < 0 {
				return hits
			}
			hits = append(hits, hit{start: at + i, end: at + i + len(word), why: word})
			at += i + len(word)
		}
	}}
}

// TestOverlaps checks that all that any detector found is inside a hit, and who gives it the name.
func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		words []string // one detector each, in order of certainty
		want  string
	}{
		{[]string{"ab"}, "ab:ab"},
		{[]string{"ab", "ab"}, "ab:ab#0"},              // the first is believed
		{[]string{"bc", "abcd"}, "abcd:abcd"},          // the longest is
		{[]string{"abc", "bcde"}, "abcde:bcde"},        // and nothing is left over
		{[]string{"ab", "bc", "cd", "de"}, "abcde:ab"}, // a chain
		{[]string{"ef", "ab"}, "ab:ab|ef:ef"},          // in order of place
		{[]string{"ab", "cd"}, "ab:ab|cd:cd"},          // neighbours stay apart
	} {
		f := &finder{}
		for i, w := range c.words {
			name := w
			if c.words[0] == c.words[len(c.words)-1] && len(c.words) > 1 {
				name += "#" + string(rune('0'+i))
			}
			f.detectors = append(f.detectors, wordDetector(name, groupPII, w))
		}
		tx := &text{}
		tx.reset([]byte("..abcdef.."), "")
		before := []hit{{start: 0, end: 1}} // of another text; it stays
		hits := f.find(tx, before)
		assert.Equal(t, before[0], hits[0])
		var got []string
		for _, h := range hits[1:] {
			got = append(got, "..abcdef.."[h.start:h.end]+":"+h.d.name)
		}
		assert.Equal(t, c.want, strings.Join(got, "|"))
	}
}

// TestShielded checks what may be found in and around an id.
func TestShielded(t *testing.T) {
	const id = "550e8400-e29b-41d4-a716-446655440000"
	for _, c := range []struct {
		word, group string
		found       bool
	}{
		{"e29b", groupPII, false},
		{id, groupPII, false},
		{"to 550e", groupPII, false},
		{id + "@x", groupPII, true}, // an address of which it is a part
		{"e29b", groupSecrets, true},
		{"e29b", "custom", true},
	} {
		f := &finder{[]*detector{wordDetector("w", c.group, c.word)}}
		tx := &text{}
		tx.reset([]byte("mail to "+id+"@x"), "")
		assert.Equal(t, c.found, len(f.find(tx, nil)) == 1, "%q of %s", c.word, c.group)
	}
}

// TestTextIsReused checks that nothing of one text is seen in the next, and that texts
// after the first allocate nothing.
func TestTextIsReused(t *testing.T) {
	f := &finder{numDetectors()}
	tx := &text{}
	card, clean := []byte("card 4111 1111 1111 1111"), []byte("run 550e8400-e29b-41d4-a716-446655440000 took 1234567 ms at 2026-04-30T06:00:00Z")
	var hits []hit
	tx.reset(card, "")
	assert.Len(t, f.find(tx, nil), 1)
	tx.reset(clean, "")
	assert.Empty(t, f.find(tx, nil))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		tx.reset(clean, "")
		hits = f.find(tx, hits[:0])
		tx.reset(card, "phone")
		hits = f.find(tx, hits[:0])
	}))
}
