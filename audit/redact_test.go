package audit_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// maskAlice replaces one address wherever it stands.
type maskAlice struct {
	mu     sync.Mutex
	fields map[string]int
}

func (m *maskAlice) Redact(field string, src []byte) ([]byte, []audit.Redaction) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fields == nil {
		m.fields = map[string]int{}
	}
	m.fields[field]++
	n := bytes.Count(src, []byte("alice@fund.com"))
	if n == 0 {
		return src, nil
	}
	return bytes.ReplaceAll(src, []byte("alice@fund.com"), []byte("[EMAIL]")),
		[]audit.Redaction{{Field: field, Detector: "email", Count: n}}
}

func TestNothingLeavesUnredacted(t *testing.T) {
	const secret = "alice@fund.com"
	m := new(maskAlice)
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor, c.Gate = m, gate })
	err := rec.Do(t.Context(), "feed", audit.Trigger{By: "cron"}, func(ctx context.Context, run *audit.Run) error {
		run.If("a", true, audit.Value("owner", secret), audit.Value("n", 1), audit.Value(secret, true), audit.Value("m", map[string]any{secret: []string{secret}}))
		run.Choose("b", "ask "+secret, []string{"tell " + secret, "ask " + secret})
		run.Output("contact", secret)
		run.Output("contact", secret)
		run.Error(errors.New("mail " + secret + ": " + secret))
		return run.Task(ctx, "mail", func(_ context.Context, task *audit.Task) error {
			task.Input("to", secret)
			task.Output("from", secret)
			return errors.New("no route to " + secret)
		})
	})
	require.ErrorContains(t, err, secret, "the caller's error is the caller's")
	gate.admit = func(audit.Admission) (audit.Pass, error) { return audit.Pass{}, errors.New("paused by " + secret) }
	require.Error(t, rec.Do(t.Context(), "feed", audit.Trigger{By: "cron"}, nil))
	for _, r := range rec.Records() {
		assert.NotContains(t, string(r.JSON), secret)
	}
	e := rec.Entry()
	want := []audit.Redaction{
		{Field: "decisions.alternatives", Detector: "email", Count: 1},
		{Field: "decisions.branch", Detector: "email", Count: 1},
		{Field: "decisions.values", Detector: "email", Count: 1},
		{Field: "decisions.values.m", Detector: "email", Count: 2},
		{Field: "decisions.values.owner", Detector: "email", Count: 1},
		{Field: "errors.message", Detector: "email", Count: 3},
		{Field: "outputs.contact", Detector: "email", Count: 2},
		{Field: "tasks.error", Detector: "email", Count: 1},
		{Field: "tasks.inputs.to", Detector: "email", Count: 1},
		{Field: "tasks.outputs.from", Detector: "email", Count: 1},
	}
	assert.Equal(t, want, e.Redactions)
	rec.Run("feed").Decision("b", "ask [EMAIL]")
	rec.Run("feed").Errors("mail [EMAIL]: [EMAIL]", "no route to [EMAIL]")
	assert.Equal(t, []string{"tell [EMAIL]"}, e.Decisions[1].Alternatives)
	assert.Positive(t, m.fields["decisions.values.[EMAIL]"], "a path does not hold what was replaced in it")
	assert.Positive(t, m.fields["decisions.values.n"], "numbers are handed in, for rules by name")
	assert.Positive(t, m.fields["reason"])
}

// What is cut is redacted before, or half of what was to be removed is left.
func TestRedactedBeforeItIsCut(t *testing.T) {
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor = new(maskAlice) })
	const address = "alice@fund.com"
	require.NoError(t, rec.Do(t.Context(), "feed", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		for n := 100; n < 300; n++ {
			pad := strings.Repeat("x", n)
			run.If("name", true, audit.Value(pad+address+pad, 1))
			run.Choose("branch", strings.Repeat("x", 700+n)+address+pad, nil)
		}
		return nil
	}))
	for _, r := range rec.Records() {
		require.NotContains(t, string(r.JSON), "alice")
	}
}

// brokenRedactor fails in one of the ways a redactor can.
type brokenRedactor struct{ how string }

func (b brokenRedactor) Redact(_ string, src []byte) ([]byte, []audit.Redaction) {
	switch b.how {
	case "panic":
		panic("redactor")
	case "junk":
		return []byte(`{"a`), nil
	case "nil":
		return nil, nil
	case "two values":
		return append(bytes.Clone(src), src...), nil
	case "raw UTF-8":
		return []byte("\"\xff\""), []audit.Redaction{{Detector: "d"}}
	}
	return []byte(`{"other":"kind"}`), []audit.Redaction{{Field: "f\n", Detector: "d", Count: -3}}
}

func TestBrokenRedactorCloses(t *testing.T) {
	for _, how := range []string{"panic", "junk", "nil", "two values", "raw UTF-8", "other kind"} {
		t.Run(how, func(t *testing.T) {
			rec := newRecorder(t, func(c *audit.Config) { c.Redactor = brokenRedactor{how} })
			_ = do(t, rec, func(ctx context.Context, run *audit.Run) error {
				run.If("a", true, audit.Value("v", "private"))
				run.Output("o", "private")
				return errors.New("private")
			})
			for _, r := range rec.Records() {
				assert.NotContains(t, string(r.JSON), "private")
			}
			e := rec.Entry()
			require.NotEmpty(t, e.Redactions)
			if how != "raw UTF-8" && how != "other kind" {
				assert.Equal(t, `"[REDACTED:error]"`, string(e.Decisions[0].Values[0].JSON))
				assert.Equal(t, "[REDACTED:error]", e.Errors[0].Message)
				assert.Equal(t, "error", e.Redactions[0].Detector)
			}
		})
	}
}

// manyFields finds something in a field of its own each time.
type manyFields struct{ n int }

func (m *manyFields) Redact(_ string, src []byte) ([]byte, []audit.Redaction) {
	m.n++
	return src, []audit.Redaction{{Field: "f" + string(must(audit.Values{}.MarshalJSON())) + string(rune('a'+m.n%20000)), Detector: "d", Count: 1}}
}

// unplaced says what it replaced, and not where.
type unplaced struct{}

func (unplaced) Redact(string, []byte) ([]byte, []audit.Redaction) {
	return []byte(`"[X]"`), []audit.Redaction{{Detector: "x"}, {Field: "elsewhere", Detector: "x", Count: 2}}
}

func TestRedactionsWithoutFieldAreOfTheValue(t *testing.T) {
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor = unplaced{} })
	require.NoError(t, do(t, rec, func(_ context.Context, run *audit.Run) error {
		run.Error(errors.New("a"))
		return nil
	}))
	assert.Equal(t, []audit.Redaction{{Field: "elsewhere", Detector: "x", Count: 2}, {Field: "errors.message", Detector: "x", Count: 1}}, rec.Entry().Redactions)
}

func TestRedactionsAreBounded(t *testing.T) {
	m := new(manyFields)
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor = m })
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		for range 500 {
			run.Output("o", "x")
		}
		return nil
	}))
	sum := 0
	for _, r := range rec.Entry().Redactions {
		sum += r.Count
	}
	assert.Equal(t, m.n, sum)
	assert.LessOrEqual(t, len(rec.Entry().Redactions), 128)
}
