package redact

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nearLines are lines in which a value may become a secret, or somebody's, by what stands near it.
var nearLines = []string{
	`{"type":"thing","value":"hunter2","note":"a"}`, `{"name":"rows","n":12,"value":"hunter2"}`, `{"value":"089123456","kind":"order"}`,
	`{"args":["run","job","hunter2"]}`, `{"cmd":"[\"run\",\"-v\",\"hunter2\"]","w":1}`, `{"rows":[["accept","hunter2"]]}`,
	`{"place":{"value":"hunter2","data":"swordfish7"}}`, `{"items":[{"name":"a"},{"value":"hunter2"}]}`, `{"note":"{\"thing\":\"hunter2\"}","w":""}`,
	`{"at":"1970-01-02T10:00:00Z","order":"ORD-4111111111111111","w":219099999}`, `{"v":"4111 1111 1111 1112","ip":"1.2.3.999","b":"bm90aGluZyBpbiBpdCBhdCBhbGw5"}`,
	`{"args":["sshpass","-v","hunter2"],"command":"curl","w":["-u","joe:hunter2"]}`, `{"name":"rows","value":{"a":"hunter2","b":["hunter2"]},"old":"hunter2"}`,
	`{"kind":"List","data":{"a":"hunter2"},"masked":false,"value":"hunter2"}`, `{"headers":["host","a1"],"cookies":{"sid":"hunter2"}}`,
	`{"secret":["--version","job"],"credentials":["-v","hunter2"]}`, `{"token_count":"12345","x_pin":null,"run_id":"4111111111111111"}`,
}

// nearWords are what stands there, and what may in its place.
var nearWords = strings.Fields(`thing Secret List masked false true sshpass -p -u command value password --password --password=x -v run job accept Authorization headers args phone ssn order value data name key type kind rows
	hunter2 089123456 bob@example.com x_pin token_count null "" [] {} 12 219099999 4111111111111111 run_id place items`)

// near returns a line with one change.
func near(r *rand.Rand, line []byte) []byte {
	at := r.IntN(len(line))
	switch r.IntN(8) {
	case 0: // a word for another
		for range 20 {
			if w := nearWords[r.IntN(len(nearWords))]; strings.Contains(string(line), w) {
				return []byte(strings.Replace(string(line), w, nearWords[r.IntN(len(nearWords))], 1))
			}
		}
	case 1:
		return append(line[:at:at], line[at+1:]...)
	case 2:
		return append(line[:at:at], append([]byte{byte(' ' + r.IntN(95))}, line[at:]...)...)
	case 3:
		if c := line[at]; isLetter(c) || c == '-' { // in an escape
			return append(line[:at:at], append(fmt.Appendf(nil, `\u%04x`, c), line[at+1:]...)...)
		}
	case 4:
		return append(line[:at:at], append([]byte(pick(r, `"--password",`, `"--pass\u0077ord",`, `"name":"password",`, `"type":"password",`, `"a":null,`)), line[at:]...)...)
	case 5:
		line[at] ^= 0x20
	default:
		for i, c := range line {
			if isDigit(c) && r.IntN(3) == 0 {
				line[i] = '0' + byte(r.IntN(10))
			}
		}
	}
	return line
}

// TestNearCopies compares a redactor that learned from thousands of lines with one that remembers nothing, on lines
// that differ from those by one change, or few.
func TestNearCopies(t *testing.T) {
	c := Config{
		Detectors: []string{groupAll}, Keys: []KeyRule{{Name: "x_pin"}}, Keep: []string{"/run_id", "/args/2", "/rows/0/1", "/b/1"},
		Patterns: []Pattern{{Name: "kw", Regexp: `\d{4}`, Keywords: []string{"badge"}, Allow: []string{"1234"}}},
	}
	oracle := fresh(t, c).r
	rounds, skims, finds := uint64(60), 0, 0
	if testing.Short() {
		rounds = 20
	}
	for seed := range rounds {
		r, p := rand.New(rand.NewPCG(seed, 6)), remembering{fresh(t, c)}
		for range 800 {
			line := []byte(nearLines[r.IntN(len(nearLines))])
			for range pick(r, 0, 1, 1, 1, 2) {
				line = near(r, line)
			}
			one := oracle.passes.New().(*pass)
			one.begin(line)
			want, wantFound := one.redact("", line)
			got, found, skimmed := p.Redact("", line)
			require.Equal(t, string(want), string(got), "seed %d, line %s", seed, line)
			require.Equal(t, wantFound, found, "seed %d, line %s", seed, line)
			require.True(t, json.Valid(got) && utf8.Valid(got), "seed %d, line %s: %s", seed, line, got)
			again, _ := oracle.JSON(got)
			require.Equal(t, string(got), string(again), "seed %d, line %s: redacting twice", seed, line)
			if skimmed {
				skims++
			}
			if len(found) > 0 {
				finds++
			}
		}
	}
	assert.Greater(t, skims, int(rounds)*100)
	assert.Greater(t, finds, int(rounds)*100)
}
