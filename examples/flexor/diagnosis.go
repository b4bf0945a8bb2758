package main

import (
	"errors"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// result is what a check came to.
type result string

// The results.
const (
	healthy result = "ok"
	skipped result = "skip"
	warned  result = "warn"
	failed  result = "fail"
)

// worse returns the worse of two results; to skip a check is none.
func worse(a, b result) result {
	for _, r := range []result{failed, warned} {
		if a == r || b == r {
			return r
		}
	}
	return healthy
}

// finding is one thing that a check found.
type finding struct {
	Check  string `json:"check"`
	Result result `json:"result"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// fine, skip, warn and bad return what a check found, alone.
func fine(format string, args ...any) []finding { return one(healthy, "", format, args...) }
func skip(format string, args ...any) []finding { return one(skipped, "", format, args...) }
func warn(remedy, format string, args ...any) []finding {
	return one(warned, remedy, format, args...)
}
func bad(remedy, format string, args ...any) []finding { return one(failed, remedy, format, args...) }

func one(r result, remedy, format string, args ...any) []finding {
	return []finding{{Result: r, Detail: fmt.Sprintf(format, args...), Remedy: remedy}}
}

// notKnown is what a check says that needs a vault.json.
func notKnown() []finding { return skip("not checked: vault.json cannot be used") }

// diagnosis is what flexor doctor shows.
type diagnosis struct {
	Directory string    `json:"directory"`
	Result    result    `json:"result"` // the worst of the checks
	Checks    []finding `json:"checks"`
}

// write writes the diagnosis for people. A remedy stands below what it is for, as
// both may be long.
func (d *diagnosis) write(c *cli) error {
	t := c.newTable(column{head: "CHECK"}, column{head: "RESULT"}, column{head: "DETAIL, AND REMEDY"})
	for _, f := range d.Checks {
		cells := plain(f.Check, string(f.Result), f.Detail)
		cells[1].paint = func(text string) string { return c.colour.result(f.Result, text) }
		if err := t.row(cells); err != nil {
			return err
		}
		if f.Remedy == "" {
			continue
		}
		if err := t.row(plain("", "", "fix: "+f.Remedy)); err != nil {
			return err
		}
	}
	return t.flush()
}

// result colours the word of a result, which text holds, perhaps padded.
func (p palette) result(r result, text string) string {
	switch r {
	case healthy:
		return p.status(audit.Success, text)
	case warned:
		return p.status(audit.Partial, text)
	case failed:
		return p.status(audit.Failed, text)
	}
	return text
}

// verdict returns the failure that the checks come to, if they do.
func (d *diagnosis) verdict(p *patient) error {
	bad := 0
	for _, f := range d.Checks {
		if f.Result == failed {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	code := exitFailed
	var own *failure
	if errors.Is(p.logErr, vault.ErrCorrupt) || p.damage != nil || errors.As(p.logErr, &own) && own.code == exitIntegrity {
		code = exitIntegrity
	}
	return fail(code, "do what the remedies say, then run flexor doctor again", "doctor: %s in %s", count(bad, "failure"), p.dir)
}
