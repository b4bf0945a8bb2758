package audittest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// Recorder is an audit.Recorder over a [Sink], with assertions on what the only
// run of a test recorded. For tests with several runs there is [Recorder.Run].
//
// The assertions report with Errorf, so that one failure does not hide the
// next; they must be called on the goroutine of the test.
type Recorder struct {
	*audit.Recorder
	Sink  *Sink
	Clock *Clock

	tb       testing.TB
	gate     *gate
	redactor audit.Redactor
}

// New returns a recorder for one test. By default it includes the inputs and
// outputs of tasks, and the vault is named "test" and its environment is
// sandbox; options change the settings before the recorder is made:
//
//	rec := audittest.New(t, func(c *audit.Config) { c.Gate = gate })
//
// When the test ends the recorder is closed. A run that is still open then
// fails the test: its end was forgotten, or is still to come.
func New(tb testing.TB, options ...func(*audit.Config)) *Recorder {
	tb.Helper()
	rec := &Recorder{Sink: new(Sink), Clock: new(Clock), tb: tb}
	ids := new(IDs)
	cfg := audit.Config{
		Vault: "test", IncludeInputs: true, IncludeOutputs: true,
		Now: rec.Clock.Now, NewID: ids.Next,
	}
	for _, option := range options {
		option(&cfg)
	}
	rec.gate = &gate{next: cfg.Gate, stops: map[string]func(audit.Kill){}}
	rec.redactor, cfg.Gate = cfg.Redactor, rec.gate
	var err error
	if rec.Recorder, err = audit.New(rec.Sink, &cfg); err != nil {
		tb.Fatalf("audittest: %v", err)
	}
	tb.Cleanup(func() {
		if n := rec.Running(); n > 0 {
			tb.Errorf("audittest: runs still open at the end of the test: %d\n%s", n, rec.describe())
		}
		if err := rec.Close(); err != nil {
			tb.Errorf("audittest: close: %v", err)
		}
	})
	return rec
}

// Kill stops the runs in flight, as an operator does: their contexts are cancelled with
// an [audit.KillError], and a run that ends after that is killed, whatever it returns.
// It waits for nothing, and may be called by any goroutine, also from inside a run:
// a fake of what the agent calls is a good place.
func (r *Recorder) Kill(reason string) {
	r.gate.kill(audit.Kill{By: "operator@example.com", Role: "operator", Reason: reason, RequestedAt: r.Clock.Now()})
}

// Records returns all that was recorded, in order.
func (r *Recorder) Records() []audit.Record { return r.Sink.Records() }

// Entries returns the entries of the runs that have ended, in the order in
// which they did. A record that cannot be read fails the test at once.
func (r *Recorder) Entries() []audit.Entry {
	r.tb.Helper()
	var entries []audit.Entry
	for e, err := range r.Sink.Entries(context.Background(), audit.Filter{}) {
		if err != nil {
			r.tb.Fatalf("audittest: %v", err)
		}
		entries = append(entries, e)
	}
	return entries
}

// Entry returns the only entry. If there is none, or more than one, that fails
// the test at once.
func (r *Recorder) Entry() audit.Entry {
	r.tb.Helper()
	entries := r.Entries()
	if len(entries) != 1 {
		r.tb.Fatalf("audittest: %d runs have ended, not one\n%s", len(entries), r.describe())
	}
	return entries[0]
}

// Run returns assertions on the only run of an agent. If that has no run that
// ended, or more than one, it fails the test at once.
func (r *Recorder) Run(agent string) *Run {
	r.tb.Helper()
	var found []audit.Entry
	for _, e := range r.Entries() {
		if e.AgentName == agent {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		r.tb.Fatalf("audittest: %d runs of %s have ended, not one\n%s", len(found), agent, r.describe())
	}
	return Check(r.tb, found[0])
}

// Status asserts how the only run ended.
func (r *Recorder) Status(want audit.Status) {
	r.tb.Helper()
	Check(r.tb, r.Entry()).Status(want)
}

// Tasks asserts the skills that the only run invoked, in order.
func (r *Recorder) Tasks(skills ...string) {
	r.tb.Helper()
	Check(r.tb, r.Entry()).Tasks(skills...)
}

// Decision asserts a decision of the only run; see [Run.Decision].
func (r *Recorder) Decision(condition, branch string, values ...audit.Attr) {
	r.tb.Helper()
	Check(r.tb, r.Entry()).Decision(condition, branch, values...)
}

// Output asserts an output of the only run; see [Run.Output].
func (r *Recorder) Output(name string, want any) {
	r.tb.Helper()
	Check(r.tb, r.Entry()).Output(name, want)
}

// Errors asserts the errors of the only run; see [Run.Errors].
func (r *Recorder) Errors(substrings ...string) {
	r.tb.Helper()
	Check(r.tb, r.Entry()).Errors(substrings...)
}

// Access asserts that a data record was read, written, appended to or deleted at least
// once, by whichever run, ended or not. uri may be in any spelling that the code under
// test may use; see [audit.RecordURI].
func (r *Recorder) Access(op audit.Op, uri string) {
	r.tb.Helper()
	want, err := audit.RecordURI(uri, r.redactor)
	if err != nil {
		r.tb.Fatalf("audittest: %v", err)
	}
	for _, rec := range r.Records() {
		var a audit.Access
		if rec.Kind != audit.KindAccess {
			continue
		}
		if err := json.Unmarshal(rec.JSON, &a); err != nil {
			r.tb.Fatalf("audittest: %v", err)
		}
		if a.Op == op && a.Record == want {
			return
		}
	}
	r.tb.Errorf("audittest: no %s of %s\n%s", op, want, r.describe())
}

// describe returns everything that was recorded, for a failure.
func (r *Recorder) describe() string {
	records := r.Records()
	if len(records) == 0 {
		return "nothing was recorded"
	}
	var b strings.Builder
	b.WriteString("recorded:")
	for _, rec := range records {
		fmt.Fprintf(&b, "\n\t%s", rec.JSON)
	}
	return b.String()
}
