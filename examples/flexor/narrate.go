package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// narrator writes a story for people.
type narrator struct {
	w     io.Writer
	s     *story
	p     palette
	brief brief
}

// textValue is how many characters of one value a text shows.
const textValue = 500

// narrate writes a story, who stands behind it and its proof for people.
func (c *cli) narrate(s *story, proof *proof, behind *authority) error {
	n := &narrator{w: c.out, s: s, p: c.colour, brief: brief{limit: textValue}}
	if err := n.all(proof, behind); err != nil {
		return err
	}
	if n.brief.cuts > 0 {
		c.note("note: %s been cut; --format json has them whole", have(n.brief.cuts, "long value"))
	}
	return nil
}

func (n *narrator) all(proof *proof, behind *authority) error {
	steps := []func() error{n.head, n.timeline, n.accesses, n.outputs, n.late}
	if behind != nil {
		steps = append(steps, func() error { return n.authority(behind) })
	}
	if proof != nil {
		steps = append(steps, func() error { return n.proof(proof) })
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("explain: part %d: %w", i+1, err)
		}
	}
	return nil
}

// section starts a part of the text.
func (n *narrator) section(title string) error {
	_, err := fmt.Fprintf(n.w, "\n%s\n", n.p.bold(title))
	return err
}

// head says what ran, why, when and how it ended.
func (n *narrator) head() error {
	e := &n.s.run
	agent := e.AgentName
	if e.AgentVersion != "" {
		agent += " " + e.AgentVersion
	}
	state := n.s.stateText()
	if n.s.entry != nil {
		state = n.p.status(e.Status, state)
	}
	if _, err := fmt.Fprintf(n.w, "%s, a run of %s: %s\n\n", n.p.bold(printable(e.RunID)), printable(agent), state); err != nil {
		return err
	}
	var f facts
	f.add("trigger", "%s", n.trigger())
	if n.s.refused != "" {
		f.add("refused", "%s", n.brief.message(n.s.refused))
	}
	f.add("where", "vault %s, environment %s", printable(e.Vault), printable(e.Environment))
	if n.s.refused == "" {
		f.add("started", "%s UTC", clock(e.StartedAt))
	}
	if n.s.entry != nil {
		f.add("ended", "%s UTC, after %s", clock(e.EndedAt), took(e.DurationMS))
		f.add("outcome", "%s", ending(e))
	} else if n.s.refused == "" {
		f.add("last record", "%s UTC", clock(n.s.last))
	}
	n.links(&f)
	return f.write(n.w, "  ")
}

// trigger says why the run started, and who or what wanted it.
func (n *narrator) trigger() string {
	e := &n.s.run
	text := fmt.Sprintf("%s at %s UTC", printable(string(e.TriggerType)), clock(e.TriggerAt))
	if e.TriggeredBy != "" {
		text += ", by " + printable(e.TriggeredBy)
	}
	return text
}

// links says what the run belongs to.
func (n *narrator) links(f *facts) {
	e := &n.s.run
	if e.ParentRunID != "" {
		f.add("inside", "%s", printable(e.ParentRunID))
	}
	if e.Deployment != "" {
		f.add("deployment", "%s", printable(e.Deployment))
	}
	if e.Governance != nil {
		f.add("governance", "log of %d records, root %s", e.Governance.Size, printable(e.Governance.Root))
	}
	if e.TraceID != "" {
		f.add("trace", "%s, span %s", printable(e.TraceID), printable(e.SpanID))
	}
	for _, r := range e.Redactions {
		f.add("redacted", "%s in %s, %s", printable(r.Detector), printable(r.Field), count(r.Count, "time"))
	}
	if o := e.Omitted; o != nil {
		f.add("missing", "%d tasks, %d decisions, %d outputs and %d errors: they had no room in the entry, and their own records are gone",
			o.Tasks, o.Decisions, o.Outputs, o.Errors)
	}
}

// ending says in words what ended the run, and why that makes its status.
func ending(e *audit.Entry) string {
	how := ""
	switch e.EndedBy {
	case audit.ByReturn:
		how = "the agent returned without an error, and met none"
		if e.Status == audit.Partial {
			how = fmt.Sprintf("the agent returned without an error, but %s on the way", verb(len(e.Errors), "error was recorded", "errors were recorded"))
		}
	case audit.ByError:
		how = "the agent returned an error"
	case audit.ByPanic:
		how = "the agent panicked"
	case audit.ByGoexit:
		how = "the agent's goroutine was ended by runtime.Goexit"
	case audit.ByKill:
		how = "it was killed" + killed(e.Kill)
	case audit.ByCancel:
		how = "whoever called the agent cancelled it"
	case audit.ByTimeout:
		how = "it did not return before its deadline"
	case audit.ByInterrupted:
		how = "its process died"
		if e.Kill != nil {
			how += " after it was killed" + killed(e.Kill)
		}
		how += "; it was closed later, with what it had recorded until then"
	default:
		how = "it was ended by " + printable(string(e.EndedBy))
	}
	return fmt.Sprintf("%s, because %s", printable(string(e.Status)), how)
}

// verb returns a number with the right one of two phrases.
func verb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// killed says who killed the run, why, and how fast.
func killed(k *audit.Kill) string {
	if k == nil {
		return ""
	}
	text := " by " + printable(k.By)
	if k.Role != "" {
		text += " (" + printable(k.Role) + ")"
	}
	text += fmt.Sprintf(" at %s UTC", clock(k.RequestedAt))
	if late := k.EffectiveAt.Sub(k.RequestedAt); late >= 0 {
		text += fmt.Sprintf(", and its context was cancelled %s later", late.Round(time.Millisecond))
	}
	if k.Reason != "" {
		text += ", for this reason: " + printable(k.Reason)
	}
	return text
}

// timeline writes the tasks, and in them the decisions and the errors, in the order in
// which they happened.
func (n *narrator) timeline() error {
	if n.s.refused != "" {
		return nil
	}
	if err := n.section("What it did"); err != nil {
		return err
	}
	nodes := n.nodes()
	if len(nodes) == 0 {
		_, err := fmt.Fprintln(n.w, "  nothing: no task, no decision and no error was recorded")
		return err
	}
	return writeTree(n.w, nodes, "  ")
}

// event is one thing that happened in a run.
type event struct {
	seq, task int
	node      *node
}

// nodes returns the tree of what happened.
func (n *narrator) nodes() []*node {
	e := &n.s.run
	var events []event
	tasks := map[int]*node{}
	for _, t := range e.Tasks {
		tasks[t.Seq] = &node{text: n.task(t)}
		events = append(events, event{t.Seq, t.Parent, tasks[t.Seq]})
	}
	for _, d := range e.Decisions {
		events = append(events, event{d.Seq, d.Task, &node{text: n.at(d.At) + n.decision(d)}})
	}
	for _, x := range e.Errors {
		events = append(events, event{x.Seq, x.Task, &node{text: n.at(x.At) + n.failed(x)}})
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.seq - b.seq })
	var roots []*node
	for _, ev := range events {
		// A task can only hang on an earlier one: a line that says otherwise must not
		// make a circle.
		if in := tasks[ev.task]; in != nil && ev.task < ev.seq {
			in.children = append(in.children, ev.node)
		} else {
			roots = append(roots, ev.node)
		}
	}
	return roots
}

// at returns the time of day of a step; the day is that of the run, or stands there.
func (n *narrator) at(t time.Time) string {
	if t.UTC().Format(dayLayout) == n.s.run.StartedAt.UTC().Format(dayLayout) {
		return t.UTC().Format("15:04:05.000") + "  "
	}
	return t.UTC().Format("2006-01-02 15:04:05.000") + "  "
}

// task returns the line of a task.
func (n *narrator) task(t audit.TaskResult) string {
	text := n.at(t.StartedAt) + n.p.bold(printable(t.Skill)) + ": "
	switch {
	case t.Outcome == audit.Unknown && t.DurationMS == 0:
		text += "its end was not recorded"
		if n.s.state() == stateRunning {
			text = strings.TrimSuffix(text, "its end was not recorded") + "running"
		}
	case t.Outcome == audit.Unknown:
		text += fmt.Sprintf("outcome unknown, after %s", took(t.DurationMS))
	default:
		text += fmt.Sprintf("%s, %s", printable(string(t.Outcome)), took(t.DurationMS))
	}
	if len(t.Inputs) > 0 {
		text += "\ngiven " + n.brief.values(t.Inputs)
	}
	if len(t.Outputs) > 0 {
		text += "\ncame to " + n.brief.values(t.Outputs)
	}
	return text
}

// failed returns an error with its kind, unless it says that itself.
func (n *narrator) failed(x audit.ErrorEvent) string {
	kind := cmp.Or(x.Kind, "error") + ": "
	return printable(kind) + n.brief.message(strings.TrimPrefix(x.Message, kind))
}

// decision returns a decision in words.
func (n *narrator) decision(d audit.Decision) string {
	text := fmt.Sprintf("took branch %s of «%s»", n.p.bold("`"+printable(d.Branch)+"`"), printable(d.Condition))
	if len(d.Values) > 0 {
		text += " because " + n.brief.values(d.Values)
	}
	if len(d.Alternatives) > 0 {
		text += "; not taken: " + printable(strings.Join(d.Alternatives, ", "))
	}
	return text
}

// outputs writes what the run came to.
func (n *narrator) outputs() error {
	if len(n.s.run.Outputs) == 0 {
		return nil
	}
	if err := n.section("What it came to"); err != nil {
		return err
	}
	var f facts
	for _, o := range n.s.run.Outputs {
		f.add(printable(o.Name), "%s", n.brief.value(o.JSON))
	}
	return f.write(n.w, "  ")
}

// late writes what was recorded after the end; it is no part of the entry.
func (n *narrator) late() error {
	if len(n.s.late) == 0 {
		return nil
	}
	if err := n.section("Recorded after its end"); err != nil {
		return err
	}
	for _, l := range n.s.late {
		if _, err := fmt.Fprintf(n.w, "  %s%s: %s\n", n.at(l.At), printable(string(l.Kind)), n.brief.value(l.Line)); err != nil {
			return err
		}
	}
	return nil
}

// proof writes why all that can be believed.
func (n *narrator) proof(p *proof) error {
	if err := n.section("Proof"); err != nil {
		return err
	}
	var f facts
	f.add("position", "%d, in %s at byte %d", p.Position, p.File, p.Offset)
	f.add("leaf hash", "%s", p.LeafHash)
	f.add("checkpoint", "%s, %d records, root %s", printable(p.Checkpoint.Origin), p.Checkpoint.Size, p.Checkpoint.Root)
	f.add("verified", "this entry's line stands in the signed log")
	return f.write(n.w, "  ")
}
