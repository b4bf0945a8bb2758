package logindex

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// ops are the operations in the order of their codes.
var ops = [...]audit.Op{audit.OpRead, audit.OpWrite, audit.OpAppend, audit.OpDelete}

// Builder makes an index of records that follow one another. The zero value is not
// ready: see [NewBuilder]. It is for one goroutine.
type Builder struct {
	first, end uint64
	line       line

	rows     []builtRow
	extras   []builtExtra
	mentions []mention
	records  names
	runs     names
	words    names
	source   recent
	skill    recent
	runInfo  []builtRun
	notes    []note
	stating  uint32 // runs that look far back
	loose    uint32 // accesses in the class Irregular
}

// builtRow is an access.
type builtRow struct {
	record, run, pos uint32
	source, skill    uint32 // words
	op               uint8
	irregular        bool
	extra            int32 // index of its extra and 1; 0: none
	task             int
	before           int32 // the access of the run before it and 1; 0: there is none here
	at               int64 // nanoseconds
}

// builtExtra is what few accesses have.
type builtExtra struct {
	row             uint32
	repeats, rows   int64
	version, digest string
	from            []uint32 // records
	hasFrom         bool
	odd             bool // at is not to be had in nanoseconds
	at              time.Time
}

type mention struct{ record, row uint32 }

// builtRun is what the records say of a run.
type builtRun struct {
	agent, version, status   uint32 // words
	started, dead, looksBack bool
	end                      uint32
	endedAt                  int64
	rows                     uint32 // how many accesses
	last                     int32  // the newest of them and 1
}

// note is an access that is not in the log, or not understood.
type note struct {
	kind int
	run  uint32
	pos  uint32
	at   int64
	n    uint64
}

// recent is a string that comes again and again, with its number.
type recent struct {
	text string
	id   uint32
}

// in returns the number of a string among n.
func (r *recent) in(n *names, s []byte) uint32 {
	if r.text != string(s) {
		r.id = n.id(s)
		r.text = n.list[r.id]
	}
	return r.id
}

// NewBuilder returns the builder of an index of the records from index first on.
func NewBuilder(first uint64) *Builder {
	b := &Builder{first: first, end: first}
	b.words.id(nil) // the empty word is 0
	return b
}

// Grow makes room for so many records.
func (b *Builder) Grow(records uint64) {
	b.rows = slices.Grow(b.rows, int(min(records, maxRows)))
}

// End returns the index behind the last record that was added.
func (b *Builder) End() uint64 { return b.end }

// Add adds the record with that index, which is not below [Builder.End]. An error says
// that the line is no record of a run.
func (b *Builder) Add(index uint64, data []byte) error {
	l := &b.line
	if err := l.parse(data); err != nil {
		return err
	}
	rel := index - b.first
	if index < b.end || rel >= math.MaxUint32 || len(b.rows) >= maxRows-1 {
		return fmt.Errorf("logindex: record %d does not fit into an index that begins at %d and has %d accesses", index, b.first, len(b.rows))
	}
	b.end = index + 1
	switch audit.Kind(l.kind) {
	case audit.KindStart:
		r := b.run(l.runID)
		r.agent, r.version, r.started = b.words.id(l.agent), b.words.id(l.version), true
	case audit.KindRun:
		id := b.runID(l.runID)
		r := &b.runInfo[id]
		r.agent, r.version, r.status = b.words.id(l.agent), b.words.id(l.version), b.words.id(l.status)
		r.dead, r.end, r.endedAt = string(l.by) == string(audit.ByInterrupted), uint32(rel), Nanos(l.at)
		if l.dropped > 0 {
			b.notes = append(b.notes, note{noteAll, id, uint32(rel), r.endedAt, uint64(l.dropped)})
		}
	case audit.KindAccess:
		b.access(l, uint32(rel))
	}
	return nil
}

// access adds an access.
func (b *Builder) access(l *line, rel uint32) {
	op := slices.Index(ops[:], audit.Op(l.op))
	run := b.runID(l.runID)
	if l.dropped > 0 || op < 0 {
		n := note{noteUnknown, run, rel, Nanos(l.at), 1}
		if l.dropped > 0 {
			n.kind, n.n = noteDropped, uint64(l.dropped)
		}
		b.notes = append(b.notes, n)
		return
	}
	row := builtRow{
		record: b.records.id(l.record), run: run, pos: rel, source: b.source.in(&b.words, l.source), skill: b.skill.in(&b.words, l.skill),
		op: uint8(op), task: l.task, at: Nanos(l.at),
	}
	info := &b.runInfo[run]
	info.rows++
	row.before, info.last = info.last, int32(len(b.rows)+1)
	row.irregular = op == 0 && (l.repeats > 0 || len(l.version)+len(l.digest) > 0)
	if row.irregular {
		b.loose++
	}
	odd := !time.Unix(0, row.at).Equal(l.at)
	if row.irregular && !info.looksBack && (len(l.version)+len(l.digest) > 0 || !b.hasRead(l, &row)) {
		info.looksBack = true
		b.stating++
	}
	if odd || l.repeats > 0 || l.rows != 0 || len(l.version)+len(l.digest) > 0 || l.hasFrom {
		e := builtExtra{
			row: uint32(len(b.rows)), repeats: max(0, int64(l.repeats)), rows: l.rows, version: string(l.version), digest: string(l.digest),
			hasFrom: l.hasFrom, odd: odd, at: l.at,
		}
		for _, f := range l.from {
			id := b.records.id(f)
			if !slices.Contains(e.from, id) {
				b.mentions = append(b.mentions, mention{id, e.row})
			}
			e.from = append(e.from, id)
		}
		b.extras = append(b.extras, e)
		row.extra = int32(len(b.extras))
	}
	b.rows = append(b.rows, row)
}

// hasRead reports whether the run of a repeated read has made that read before, here. It
// may report false for one that was long ago.
func (b *Builder) hasRead(l *line, row *builtRow) bool {
	i := row.before
	for range 1000 {
		if i == 0 {
			return false
		}
		r := &b.rows[i-1]
		if r.op == 0 && r.record == row.record && r.source == row.source && r.task == row.task {
			rows, stated := int64(0), false
			if r.extra > 0 {
				e := &b.extras[r.extra-1]
				rows, stated = e.rows, e.version != "" || e.digest != ""
			}
			if rows == l.rows && !stated {
				return true
			}
		}
		i = r.before
	}
	return false
}

// runID returns the number of a run.
func (b *Builder) runID(id []byte) uint32 {
	n := b.runs.id(id)
	if int(n) == len(b.runInfo) {
		b.runInfo = append(b.runInfo, builtRun{})
	}
	return n
}

// run returns the run with that id.
func (b *Builder) run(id []byte) *builtRun { return &b.runInfo[b.runID(id)] }

// Nanos returns a time in nanoseconds since 1970; what is out of their reach is as
// near as can be.
func Nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}
