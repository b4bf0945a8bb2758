package redact

import (
	"regexp"
	"strconv"
)

// A secretToken is a kind of secret that its first characters give away.
type secretToken struct {
	provider string // whose token it is, for people
	prefix   string
	of       *alphabet // of what follows the prefix
	min, max int       // how many characters follow; max 0: any number
	glued    bool      // may follow a letter or a digit: the prefix is telling enough
	keep     bool      // the prefix is a place, such as a host, and is not replaced

	// before says what stands before the prefix and belongs to the token: from
	// beforeMin to beforeMax characters. Nil: nothing.
	before               *alphabet
	beforeMin, beforeMax int

	// ok takes a closer look at what follows the prefix. Nil: none is needed.
	ok func(body []byte) bool
}

// trigger returns the pattern of the token's beginning: as much as makes it rare.
func (k *secretToken) trigger() string {
	const rare = 9
	s := regexp.QuoteMeta(k.prefix)
	if n := min(rare-len(k.prefix), k.min); n > 0 {
		s += k.of.class + "{" + strconv.Itoa(n) + "}"
	}
	if k.before != nil {
		s = k.before.class + s
	}
	return s
}

// cryptChars are those of hashes that crypt(3) makes.
var cryptChars = newAlphabet("0-9A-Za-z./$=")

// tokenPeek is how much of a token is looked at to tell whether it is one.
const tokenPeek = 128

// find returns where the token whose prefix stands at i starts and ends.
func (k *secretToken) find(b []byte, i int) (start, end int, ok bool) {
	start = i
	body := i + len(k.prefix)
	if k.before != nil {
		start = k.before.before(b, i, k.beforeMax)
		if i-start < k.beforeMin {
			return 0, 0, false
		}
	}
	if !k.glued && !startsWord(b, start) {
		return 0, 0, false
	}
	// What decides is looked at first: the rest of a long run is read only once.
	most := min(len(b), body+max(k.min, k.max, tokenPeek)+1)
	end = k.of.run(b[:most], body)
	for end > body && (b[end-1] == '.' || b[end-1] == ',') { // the end of a sentence, or of a part
		end--
	}
	n := end - body
	switch {
	case n < k.min, k.max > 0 && n > k.max, n > 0 && uniform(b[body:end]):
		return 0, 0, false
	case k.max > 0 && !endsWord(b, end):
		return 0, 0, false
	case k.ok != nil && !k.ok(b[body:end]):
		return 0, 0, false
	}
	if end == most {
		end = k.of.run(b, end)
		for b[end-1] == '.' || b[end-1] == ',' {
			end--
		}
	}
	if k.keep {
		start = body
	}
	return start, end, true
}

// A tokenFinder finds the tokens of one detector.
type tokenFinder struct {
	d       *detector
	byFirst [256][]*secretToken // by the first character of the prefix
}

// newTokenDetector returns the detector of some tokens.
func newTokenDetector(name string, tokens []secretToken) *detector {
	f := &tokenFinder{d: newSecretDetector(name, labelSecret)}
	for i := range tokens {
		k := &tokens[i]
		f.byFirst[k.prefix[0]] = append(f.byFirst[k.prefix[0]], k)
		f.d.triggers = append(f.d.triggers, k.trigger())
	}
	f.d.find = f.find
	if name == "aws_key" {
		f.d.triggers = append(f.d.triggers, literals(true, "aws"))
		f.d.find = func(t *text, hits []hit) []hit { return findAWSSecret(f.d, t, len(hits), f.find(t, hits)) }
	}
	return f.d
}

func (f *tokenFinder) find(t *text, hits []hit) []hit {
	b := t.b
	done := 0 // the end of the last find
	for i := 0; i < len(b); i++ {
		for _, k := range f.byFirst[b[i]] {
			if len(b)-i < len(k.prefix) || string(b[i:i+len(k.prefix)]) != k.prefix {
				continue
			}
			start, end, ok := k.find(b, i)
			if !ok || start < done {
				continue
			}
			hits = append(hits, hit{start: start, end: end, d: f.d, why: k.provider})
			done, i = end, end-1
			break
		}
	}
	return hits
}
