package logindex

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// line is what an index needs of a record of the log.
type line struct {
	kind           []byte
	runID          []byte
	agent, version []byte // version: of the agent, or of the record accessed
	status, by     []byte
	at             time.Time // of an access, or of the end of a run
	dropped        int

	op, record, source, skill, digest []byte
	rows                              int64
	repeats, task                     int
	from                              [][]byte
	hasFrom                           bool

	day      []byte // how the last time that was read begins, up to its clock; empty: there is none
	midnight int64  // of that day, in seconds since 1970
}

// reset makes room for another line.
func (l *line) reset() { *l = line{from: l.from[:0], day: l.day, midnight: l.midnight} }

// parse reads a record. The lines of recorders are read here; what has another form is
// left to encoding/json, and what that refuses is an error.
func (l *line) parse(data []byte) error {
	if l.scan(data) {
		return nil
	}
	l.reset()
	decoded, err := audit.DecodeLine(data)
	if err != nil {
		return err
	}
	l.kind, l.runID = []byte(decoded.Kind), []byte(decoded.RunID)
	switch decoded.Kind {
	case audit.KindStart:
		var s struct {
			RunID   string `json:"run_id"`
			Agent   string `json:"agent_name"`
			Version string `json:"agent_version"`
		}
		err = json.Unmarshal(data, &s)
		l.runID, l.agent, l.version = []byte(s.RunID), []byte(s.Agent), []byte(s.Version)
	case audit.KindAccess:
		var a audit.Access
		err = json.Unmarshal(data, &a)
		l.runID, l.op, l.record, l.source, l.skill = []byte(a.RunID), []byte(a.Op), []byte(a.Record), []byte(a.Source), []byte(a.Skill)
		l.version, l.digest, l.rows, l.repeats, l.task, l.dropped, l.at = []byte(a.Version), []byte(a.Digest), a.Rows, a.Repeats, a.Task, a.Dropped, a.At
		l.hasFrom = a.From != nil
		for _, f := range a.From {
			l.from = append(l.from, []byte(f))
		}
	case audit.KindRun:
		var e struct {
			RunID    string          `json:"run_id"`
			Agent    string          `json:"agent_name"`
			Version  string          `json:"agent_version"`
			EndedAt  time.Time       `json:"ended_at"`
			Status   string          `json:"status"`
			EndedBy  string          `json:"ended_by"`
			Accesses *audit.Accesses `json:"accesses"`
		}
		err = json.Unmarshal(data, &e)
		l.runID, l.agent, l.version, l.status, l.by, l.at = []byte(e.RunID), []byte(e.Agent), []byte(e.Version), []byte(e.Status), []byte(e.EndedBy), e.EndedAt
		if e.Accesses != nil {
			l.dropped = e.Accesses.Dropped
		}
	}
	return err
}

// scan reads a record of the plain form in which recorders write almost all of them:
// no white space, no escapes and nothing but ASCII in the members that are wanted. It
// reports false if it is not of that form.
func (l *line) scan(data []byte) bool {
	l.reset()
	s := scanner{data: data}
	if !s.take('{') {
		return false
	}
	for {
		key, ok := s.text()
		if !ok || !s.take(':') || !l.member(key, &s) {
			return false
		}
		switch audit.Kind(l.kind) {
		case "", audit.KindAccess, audit.KindStart, audit.KindRun:
		default:
			return true // nothing of it is wanted
		}
		if s.take(',') {
			continue
		}
		return s.take('}') && s.at == len(data) && len(l.kind) > 0
	}
}

// member reads the value of a member.
func (l *line) member(key []byte, s *scanner) (ok bool) {
	switch string(key) {
	case "kind":
		l.kind, ok = s.text()
		return ok && len(l.runID) == 0 // it comes first, for what follows depends on it
	case "run_id":
		l.runID, ok = s.text()
	case "salt", "seq", "redactions", "reason", "late", "schema":
		return s.skip()
	default:
		switch audit.Kind(l.kind) {
		case audit.KindAccess:
			return l.accessMember(key, s)
		case audit.KindStart:
			return l.startMember(key, s)
		case audit.KindRun:
			return l.runMember(key, s)
		}
		return false
	}
	return ok
}

func (l *line) accessMember(key []byte, s *scanner) (ok bool) {
	var n int64
	switch string(key) {
	case "op":
		l.op, ok = s.text()
	case "record":
		l.record, ok = s.text()
	case "source":
		l.source, ok = s.text()
	case "skill":
		l.skill, ok = s.text()
	case "version":
		l.version, ok = s.text()
	case "digest":
		l.digest, ok = s.text()
	case "at":
		l.at, ok = l.time(s)
	case "rows":
		l.rows, ok = s.number()
	case "task":
		n, ok = s.number()
		l.task = int(n)
	case "repeats":
		n, ok = s.number()
		l.repeats = int(n)
	case "dropped":
		n, ok = s.number()
		l.dropped = int(n)
	case "from":
		l.hasFrom, ok = true, s.take('[')
		for first := true; ok && !s.take(']'); first = false {
			var f []byte
			if !first && !s.take(',') {
				return false
			}
			if f, ok = s.text(); ok {
				l.from = append(l.from, f)
			}
		}
	}
	return ok // another member may be one of these in other letters
}

func (l *line) startMember(key []byte, s *scanner) (ok bool) {
	switch string(key) {
	case "agent_name":
		l.agent, ok = s.text()
		return ok
	case "agent_version":
		l.version, ok = s.text()
		return ok
	}
	return lower(key) && s.skip()
}

func (l *line) runMember(key []byte, s *scanner) (ok bool) {
	switch string(key) {
	case "agent_name":
		l.agent, ok = s.text()
	case "agent_version":
		l.version, ok = s.text()
	case "status":
		l.status, ok = s.text()
	case "ended_by":
		l.by, ok = s.text()
	case "ended_at":
		l.at, ok = l.time(s)
	case "accesses":
		start := s.at
		ok = s.skip()
		if ok && bytes.Contains(s.data[start:s.at], []byte("ropped")) {
			return false // rare
		}
	default:
		return lower(key) && s.skip()
	}
	return ok
}

// lower reports whether a name has no capital letter, which encoding/json would not
// mind.
func lower(key []byte) bool {
	for _, c := range key {
		if 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// scanner reads JSON of the plain form.
type scanner struct {
	data []byte
	at   int
}

// take passes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text reads a string of ASCII without escapes.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	i := s.at
	for ; i+8 <= len(s.data); i += 8 {
		if at := notPlain(binary.LittleEndian.Uint64(s.data[i:])); at < 8 {
			i += at
			break
		}
	}
	for ; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			t := s.data[s.at:i:i]
			s.at = i + 1
			return t, true
		case c == '\\' || c >= 0x80 || c < 0x20:
			return nil, false
		}
	}
	return nil, false
}

// notPlain returns the first of 8 bytes that is a quotation mark, a backslash, a control
// character or none of ASCII; 8: there is none.
func notPlain(v uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, back := v^(ones*'"'), v^(ones*'\\')
	// Each sets the highest bit of the bytes that are wanted, and perhaps of some above them.
	return bits.TrailingZeros64(((quote-ones)&^quote|(back-ones)&^back|(v-ones*0x20)&^v|v)&tops) / 8
}

// number reads a whole number of at most 18 digits that is not negative.
func (s *scanner) number() (n int64, ok bool) {
	start := s.at
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		n = n*10 + int64(s.data[s.at]-'0')
		s.at++
	}
	digits := s.at - start
	return n, digits > 0 && digits <= 18 && (digits == 1 || s.data[start] != '0')
}

// time reads a time.
func (l *line) time(s *scanner) (t time.Time, ok bool) {
	text, ok := s.text()
	if !ok {
		return t, false
	}
	if t, ok := l.sameDay(text); ok {
		return t, true
	}
	if t.UnmarshalText(text) != nil {
		return t, false
	}
	if date := len("2026-04-30T"); len(text) > date && text[len(text)-1] == 'Z' {
		l.day = append(l.day[:0], text[:date]...)
		y, m, d := t.Date()
		l.midnight = time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()
	}
	return t, true
}

// sameDay reads a time of the day of the time that was read before, in UTC and of the form
// 2026-04-30T14:05:06.789Z.
func (l *line) sameDay(text []byte) (t time.Time, ok bool) {
	clock, ok := bytes.CutPrefix(text, l.day)
	if !ok || len(l.day) == 0 || len(clock) < len("14:05:06Z") || clock[2] != ':' || clock[5] != ':' || clock[len(clock)-1] != 'Z' {
		return t, false
	}
	two := func(b []byte, below int64) int64 {
		n := int64(b[0]-'0')*10 + int64(b[1]-'0')
		if b[0]-'0' > 9 || b[1]-'0' > 9 || n >= below {
			ok = false
		}
		return n
	}
	seconds := two(clock, 24)*3600 + two(clock[3:], 60)*60 + two(clock[6:], 60)
	nanos := int64(0)
	if fraction := clock[8 : len(clock)-1]; len(fraction) > 0 {
		if len(fraction) < 2 || len(fraction) > 10 || fraction[0] != '.' {
			return t, false
		}
		unit := int64(1e9)
		for _, c := range fraction[1:] {
			if c-'0' > 9 {
				return t, false
			}
			unit /= 10
			nanos += int64(c-'0') * unit
		}
	}
	return time.Unix(l.midnight+seconds, nanos).UTC(), ok
}

// skip passes any value. Inside of an object or array it only looks for the end.
func (s *scanner) skip() bool {
	depth, start := 0, s.at
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			if !s.skipText() {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.at > start
			}
			if depth--; depth == 0 {
				s.at++
				return true
			}
		case ',':
			if depth == 0 {
				return s.at > start
			}
		}
		s.at++
	}
	return false
}

// skipText passes a string.
func (s *scanner) skipText() bool {
	for i := s.at + 1; i < len(s.data); i++ {
		switch s.data[i] {
		case '\\':
			i++
		case '"':
			s.at = i + 1
			return true
		}
	}
	return false
}
