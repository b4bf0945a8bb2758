package audittest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// Run makes assertions on one entry. They report with Errorf, print what was
// recorded, and must be called on the goroutine of the test.
type Run struct {
	Entry audit.Entry

	tb testing.TB
}

// Check returns assertions on an entry, wherever it comes from.
func Check(tb testing.TB, e audit.Entry) *Run { return &Run{Entry: e, tb: tb} }

// Status asserts how the run ended.
func (r *Run) Status(want audit.Status) {
	r.tb.Helper()
	if r.Entry.Status != want {
		r.tb.Errorf("audittest: status is %s, not %s\n%s", r.Entry.Status, want, r)
	}
}

// Tasks asserts the skills that were invoked, in order.
func (r *Run) Tasks(skills ...string) {
	r.tb.Helper()
	if !slices.Equal(r.Entry.TasksExecuted, skills) {
		r.tb.Errorf("audittest: tasks are %q, not %q\n%s", r.Entry.TasksExecuted, skills, r)
	}
}

// Decision asserts that a decision was taken at least once, with that branch
// and at least those values. Values are compared as JSON, whatever the order
// of members: audit.Value("age", 95) matches 95 and 95.0, and whole numbers are
// compared digit by digit. The branch of an If is "true" or "false".
func (r *Run) Decision(condition, branch string, values ...audit.Attr) {
	r.tb.Helper()
	asked := false
	for _, d := range r.Entry.Decisions {
		if d.Condition != condition {
			continue
		}
		asked = true
		if d.Branch == branch && r.hasAll(d.Values, values) {
			return
		}
	}
	want := fmt.Sprintf("%q → %s", condition, branch)
	for _, v := range values {
		want += fmt.Sprintf(", %s = %s", v.Name, r.encode(v.Value))
	}
	if asked {
		r.tb.Errorf("audittest: %q was decided otherwise; wanted %s\n%s", condition, want, r)
	} else {
		r.tb.Errorf("audittest: no decision %s\n%s", want, r)
	}
}

// Output asserts an output of the run. It is compared as JSON, as values of
// decisions are.
func (r *Run) Output(name string, want any) {
	r.tb.Helper()
	got := r.Entry.Outputs.Get(name)
	switch {
	case got == nil:
		r.tb.Errorf("audittest: no output %q\n%s", name, r)
	case !equal(got, r.encode(want)):
		r.tb.Errorf("audittest: output %q is %s, not %s\n%s", name, got, r.encode(want), r)
	}
}

// Errors asserts that so many errors were recorded, and that each has the
// substring in its place. Without substrings it asserts that there were none.
func (r *Run) Errors(substrings ...string) {
	r.tb.Helper()
	same := len(r.Entry.Errors) == len(substrings)
	for i := 0; same && i < len(substrings); i++ {
		same = strings.Contains(r.Entry.Errors[i].Message, substrings[i])
	}
	if !same {
		r.tb.Errorf("audittest: errors are not %q\n%s", substrings, r)
	}
}

// hasAll reports whether got has all the values.
func (r *Run) hasAll(got audit.Values, values []audit.Attr) bool {
	for _, v := range values {
		raw := got.Get(v.Name)
		if raw == nil || !equal(raw, r.encode(v.Value)) {
			return false
		}
	}
	return true
}

// encode returns v as a recorder writes it, so that a test can state a value in
// the form in which the code under test has it.
func (r *Run) encode(v any) json.RawMessage { return audit.Encode(v) }

// String tells the run, for a failure.
func (r *Run) String() string {
	e := &r.Entry
	var b strings.Builder
	fmt.Fprintf(&b, "recorded of %s, run %s: %s, ended by %s", e.AgentName, e.RunID, e.Status, e.EndedBy)
	for _, t := range e.Tasks {
		fmt.Fprintf(&b, "\n\ttask %s: %s", t.Skill, t.Outcome)
		tell(&b, "\tinput", t.Inputs)
		tell(&b, "\toutput", t.Outputs)
	}
	for _, d := range e.Decisions {
		fmt.Fprintf(&b, "\n\tdecision %q → %s", d.Condition, d.Branch)
		tell(&b, "\tvalue", d.Values)
	}
	tell(&b, "output", e.Outputs)
	for _, x := range e.Errors {
		fmt.Fprintf(&b, "\n\terror %q", x.Message)
	}
	return b.String()
}

// tell writes named values, one a line.
func tell(b *strings.Builder, what string, values audit.Values) {
	for _, v := range values {
		fmt.Fprintf(b, "\n\t%s %s = %s", what, v.Name, v.JSON)
	}
}
