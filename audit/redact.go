package audit

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// closedValue is written for a value whose redactor failed.
const closedValue = `"[REDACTED:error]"`

const (
	maxMessage = 16 << 10  // bytes of an error message
	maxRead    = 128 << 10 // bytes of a string that a redactor reads
)

// value encodes, redacts and bounds one named value of a field. The name is
// redacted too: it may be a value that an agent made a name of.
func (r *Recorder) value(field, name string, v any) (Named, []Redaction) {
	var t tags
	t.pseudonyms, _ = r.cfg.Redactor.(pseudonymiser)
	raw := encodeValue(v, &t)
	name, found := r.text(field, name, maxName, nil)
	if t.applied > 0 {
		found = merge(found, []Redaction{{Field: ident.Text(field+"."+name, maxField), Detector: tagDetector, Count: t.applied}})
	}
	if r.cfg.Redactor == nil {
		return Named{name, bounded(raw)}, found
	}
	if len(raw) > MaxRecord {
		return Named{name, tooLarge(raw)}, found // more than a redactor is asked to read
	}
	raw, more := r.redact(field+"."+name, raw)
	return Named{name, bounded(raw)}, merge(found, more)
}

// message returns what is written of an error: redacted, and bounded.
func (r *Recorder) message(field string, err error) (string, []Redaction) {
	text, found := r.string(field, errorText(err))
	return ident.Clip(text, maxMessage), found
}

// text returns what is written of a name that is free text, and adds what was
// redacted in it to found.
func (r *Recorder) text(field, s string, limit int, found []Redaction) (string, []Redaction) {
	s, more := r.string(field, s)
	return ident.Text(s, limit), merge(found, more)
}

// string redacts a string. It comes before the string is cut to what is
// written of it: half an address is no address to a redactor. What a redactor
// is asked to read is bounded all the same.
func (r *Recorder) string(field, s string) (string, []Redaction) {
	if r.cfg.Redactor == nil || s == "" {
		return s, nil
	}
	s = ident.Clip(s, maxRead)
	quoted := appendQuoted(nil, s)
	out, found := r.redact(field, quoted)
	if &out[0] == &quoted[0] && len(out) == len(quoted) {
		return s, found // untouched
	}
	var redacted string
	if json.Unmarshal(out, &redacted) != nil {
		return string(out), found // it became something else than a string
	}
	return redacted, found
}

// redact hands one JSON value to the redactor, and closes if that fails.
func (r *Recorder) redact(field string, src []byte) (out []byte, found []Redaction) {
	defer func() {
		if recover() != nil {
			out, found = closed(field)
		}
	}()
	out, found = r.cfg.Redactor.Redact(field, src)
	if len(out) > 0 && len(out) == len(src) && &out[0] == &src[0] && len(found) == 0 {
		return src, nil
	}
	if out = validJSON(out); out == nil {
		return closed(field)
	}
	own := make([]Redaction, 0, len(found))
	for _, f := range found {
		if f.Field == "" {
			f.Field = field
		}
		f.Field, f.Detector = ident.Text(f.Field, maxField), ident.Text(f.Detector, maxField)
		f.Count = max(f.Count, 1)
		own = merge(own, []Redaction{f})
	}
	return out, own
}

// closed is what a failed redactor leaves of a value.
func closed(field string) ([]byte, []Redaction) {
	return []byte(closedValue), []Redaction{{Field: ident.Text(field, maxField), Detector: "error", Count: 1}}
}

const (
	maxField      = 160 // bytes of the names in a [Redaction]
	maxRedactions = 128 // of one record
)

// merge adds up redactions by field and detector. When there are too many
// fields to tell apart, the rest is counted as one.
func merge(sum, more []Redaction) []Redaction {
	for _, m := range more {
		if i := slices.IndexFunc(sum, sameAs(m)); i >= 0 {
			sum[i].Count += m.Count
			continue
		}
		if len(sum) >= maxRedactions-1 {
			m.Field, m.Detector = "other", "other"
			if i := slices.IndexFunc(sum, sameAs(m)); i >= 0 {
				sum[i].Count += m.Count
				continue
			}
		}
		sum = append(sum, m)
	}
	return sum
}

// sameAs returns what tells the redactions of the same field and detector as r.
func sameAs(r Redaction) func(Redaction) bool {
	return func(o Redaction) bool { return r.Field == o.Field && r.Detector == o.Detector }
}

// compareRedactions orders redactions by field and detector.
func compareRedactions(a, b Redaction) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Detector, b.Detector))
}
