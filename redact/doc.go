// Package redact finds personal data and secrets in text and in JSON, and
// replaces them before anything is written.
//
//	r, err := redact.New(redact.Config{Detectors: []string{"all"}})
//	line, found := r.JSON(line)   // one JSON value, such as a log line
//	text, found := r.Text(text)   // an error message, a URL, any line
//
// [Redactor.Redact] is what the recorder of package audit calls for every value;
// flexor.Open makes a redactor from vault.json and needs no code at all.
//
// # What is found
//
// Detectors have names, which [Detectors] lists, and are in one of the groups "pii"
// and "secrets". A [Pattern] is a detector of the user's own, in RE2 syntax. Detectors
// check more than the form: check sums, lengths and prefixes that were given out, and
// words that stand near a number or name the value. Ids, hashes and times are not
// looked into for personal data.
//
// A [KeyRule] removes what stands under a name, whatever it is: texts, numbers and
// booleans, at any depth below. Names are compared without case, "_" and "-".
// {"name": "db_password", "value": "…"} is understood as a name with its value, and so are
// {"type": "phone", "value": "…"}, {"password": {"value": "…"}}, ["--password", "…"] and headers
// that are arrays of two strings.
//
// Names and values are looked at alike, at any depth, in JSON inside strings of JSON
// (four layers), through escapes, percent-encoding and base64.
//
// # What is written
//
// An [Operator] says what takes the place of a find: [Mask] a label such as
// [EMAIL], [LastFour] also the end of a card or an account, [Pseudonym] a keyed hash
// by which equal values stay recognisable, [Drop] nothing. There are no hashes without
// a key: whoever has the hash of a phone number finds the number by trying.
//
// # What is promised
//
//   - Redacting twice is redacting once, byte for byte.
//   - What nothing was found in is returned as it came in, the same slice, at no
//     allocation.
//   - Results are valid UTF-8, and of JSON valid JSON with as many members in the same
//     order. Two names that become the same mask stay two members.
//   - Time and memory are in proportion to the input, whatever that is.
//   - What fails closes: the text becomes [REDACTED:error], and is counted.
//   - [Redaction] and [Finding] never hold what was found.
//
// What it does not find are names of people and places: they have no form to check.
package redact
