package audit

import (
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// draft is an entry in the making. What it holds is bounded by what one entry
// may hold: a list that has used up its room is closed, and what would follow
// is only counted. The caller synchronises.
type draft struct {
	entry   Entry
	outputs valueSet
	erred   bool // an error was recorded, kept or not
	room    room
	closed  [lists]bool
	omitted [lists]int

	// not holds the alternatives of an If that was false, and of one that was
	// true, so that a hot loop does not allocate them each time.
	not [2][]string
}

// list names a list of an entry that grows with its run.
type list int

const (
	tasksList list = iota
	decisionsList
	outputsList
	errorsList
	lists // how many there are
)

// room is how much of an entry is left, in bytes. Each list has room of its
// own that no other can take: a million decisions do not crowd out the error
// that explains them. Beyond that they share.
type room struct {
	own    [lists]int
	shared int
}

// give gives back what was taken and not needed.
func (r *room) give(l list, n int) { r.own[l] += n }

// What an entry is made of. The sum is maxLine.
const (
	fixedRoom = 96 << 10 // names, times, the kill, redactions, the final error
	listRoom  = 176 << 10
	shareRoom = maxLine - fixedRoom - int(lists)*listRoom
)

// take takes n bytes for a list, and reports whether there were so many.
func (r *room) take(l list, n int) bool {
	own := min(n, r.own[l])
	if n-own > r.shared {
		return false
	}
	r.own[l] -= own
	r.shared -= n - own
	return true
}

// The most bytes that the fixed parts of list elements take in JSON, with
// their names, numbers and times.
const (
	taskRoom     = 320
	decisionRoom = 224
	outputRoom   = 8
	errorRoom    = 224
	quietRoom    = 512 // for what a task says in place of values or an error that do not fit
)

// init makes d the draft of a run of which only the start is known.
func (d *draft) init(e Entry) {
	e.Status, e.EndedBy = "", ""
	e.TasksExecuted, e.Decisions, e.Errors = []string{}, []Decision{}, []ErrorEvent{}
	d.entry = e
	d.not = [2][]string{{"true"}, {"false"}}
	for l := range d.room.own {
		d.room.own[l] = listRoom
	}
	d.room.shared = shareRoom
	d.outputs.limit = maxLine
	d.outputs.most = maxLine
}

// admit makes room for an element of a list. Once one did not fit, no later one
// does: what is omitted is the tail, not what happens to be large.
func (d *draft) admit(l list, n int) bool {
	if !d.closed[l] && d.room.take(l, n) {
		return true
	}
	d.closed[l] = true
	d.omitted[l]++
	return false
}

// beginTask adds a task, and returns where it stands; negative if it does not.
func (d *draft) beginTask(t TaskResult) int {
	if !d.admit(tasksList, taskRoom+3*quotedLen(t.Skill)+quietRoom) {
		return -1
	}
	d.entry.Tasks = append(d.entry.Tasks, t)
	d.entry.TasksExecuted = append(d.entry.TasksExecuted, t.Skill)
	return len(d.entry.Tasks) - 1
}

// endTask adds how the task in that place ended.
func (d *draft) endTask(slot int, end TaskResult) {
	if slot < 0 {
		return
	}
	t := &d.entry.Tasks[slot]
	t.Outcome, t.DurationMS = end.Outcome, end.DurationMS
	t.Inputs, t.Outputs, t.Error = end.Inputs, end.Outputs, end.Error
	values, text := t.Inputs.size()+t.Outputs.size(), quotedLen(t.Error)
	d.room.give(tasksList, quietRoom)
	if d.room.take(tasksList, values+text) {
		return
	}
	if values > 0 {
		// The task's own record has them; the entry says that there are some.
		t.Inputs, t.Outputs = t.Inputs.elsewhere(), t.Outputs.elsewhere()
	}
	if quiet := t.Inputs.size() + t.Outputs.size(); !d.room.take(tasksList, quiet+text) {
		t.Error = ident.Text(t.Error, 128)
		d.room.take(tasksList, quietRoom) // which was just given back, and is enough
	}
}

// decided adds a decision.
func (d *draft) decided(dec *Decision) {
	n := decisionRoom + quotedLen(dec.Skill) + quotedLen(dec.Condition) + quotedLen(dec.Branch) + dec.Values.size()
	for _, a := range dec.Alternatives {
		n += quotedLen(a) + 1
	}
	if d.admit(decisionsList, n) {
		d.entry.Decisions = append(d.entry.Decisions, *dec)
	}
}

// output adds an output, and returns the name it got.
func (d *draft) output(v Named) string {
	if d.admit(outputsList, outputRoom+quotedLen(v.Name)+len(v.JSON)) {
		return d.outputs.add(v)
	}
	return v.Name
}

// failed adds an error.
func (d *draft) failed(e ErrorEvent) {
	d.erred = true
	if d.admit(errorsList, errorRoom+quotedLen(e.Skill)+quotedLen(e.Message)) {
		d.entry.Errors = append(d.entry.Errors, e)
	}
}

// final adds the error that ended the run. There is always room for that, if
// need be for the beginning of its message.
func (d *draft) final(e ErrorEvent) {
	d.failed(e)
	if n := len(d.entry.Errors); n > 0 && d.entry.Errors[n-1].Seq == e.Seq {
		return
	}
	d.omitted[errorsList]--
	e.Message = ident.Clip(e.Message, maxName)
	d.entry.Errors = append(d.entry.Errors, e)
}

// redacted adds what was redacted in a record.
func (d *draft) redacted(found []Redaction) {
	d.entry.Redactions = merge(d.entry.Redactions, found)
}

// finish returns the entry of a run that ended so. The draft is not used again.
func (d *draft) finish(by EndedBy, at time.Time, ms int64) *Entry {
	e := &d.entry
	e.EndedAt, e.DurationMS, e.EndedBy = at, ms, by
	switch {
	case by != ByReturn:
		e.Status = Failed
	case d.erred:
		e.Status = Partial
	default:
		e.Status = Success
	}
	e.Outputs = d.outputs.take()
	slices.SortFunc(e.Redactions, compareRedactions)
	o := Omitted{
		Tasks: d.omitted[tasksList], Decisions: d.omitted[decisionsList],
		Outputs: d.omitted[outputsList], Errors: d.omitted[errorsList],
	}
	if o != (Omitted{}) {
		e.Omitted = &o
	}
	return e
}
