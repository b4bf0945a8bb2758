package audit

import (
	"fmt"
)

const (
	maxName         = 256       // bytes of a name that is free text
	maxReason       = 1 << 10   // bytes of the reason of a kill
	maxBranch       = 1 << 10   // bytes of the name of a branch
	maxAlternatives = 64 << 10  // bytes of all the branches not taken
	maxValues       = 512 << 10 // bytes of all the values of a decision
)

// branch records an If.
func (run *Run) branch(condition string, taken bool, values []Attr) {
	d := Decision{Branch: "true", Alternatives: run.s.draft.not[1]}
	if !taken {
		d.Branch, d.Alternatives = "false", run.s.draft.not[0]
	}
	run.decide(&d, condition, values, nil)
}

// choice records a Choose.
func (run *Run) choice(condition, chosen string, alternatives []string, values []Attr) {
	var found []Redaction
	rec := run.s.rec
	d := Decision{Alternatives: []string{}}
	d.Branch, found = rec.text("decisions.branch", chosen, maxBranch, found)
	size := 0
	for i, a := range alternatives {
		if a == chosen {
			continue
		}
		a, found = rec.text("decisions.alternatives", a, maxBranch, found)
		if size += quotedLen(a); size > maxAlternatives {
			d.Alternatives = append(d.Alternatives, fmt.Sprintf("… [%d more]", len(alternatives)-i))
			break
		}
		d.Alternatives = append(d.Alternatives, a)
	}
	run.decide(&d, condition, values, found)
}

// decide records a decision.
func (run *Run) decide(d *Decision, condition string, values []Attr, found []Redaction) {
	s := run.s
	d.Condition, found = s.rec.text("decisions.condition", condition, maxName, found)
	d.Task, d.Skill = run.place()
	if len(values) > 0 {
		set := valueSet{limit: maxValues}
		for _, v := range values {
			named, more := s.rec.value("decisions.values", v.Name, v.Value)
			set.add(named)
			found = merge(found, more)
		}
		d.Values = set.take()
	}
	d.At = stamp(s.rec.now())
	line := decisionLine{Kind: KindDecision, RunID: s.id(), Redactions: found}
	late := s.enter(func(seq int, late bool) {
		d.Seq, line.Late = seq, late
		if !late {
			s.draft.decided(d)
			s.draft.redacted(found)
		}
	})
	line.Decision = d
	s.write(KindDecision, &line, late)
	if run.span != nil {
		addDecision(run.span, d)
	}
}
