package audit_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/redact"
)

// person is what an agent may hand in as a whole.
type person struct {
	*hidden `redact:"mask"`
	Name    string            `json:"name" redact:"mask"`
	Account string            `json:"account,omitempty" redact:"hmac"`
	Salary  int               `json:"salary" redact:"drop"`
	Note    string            `json:"note" redact:"-"`
	City    string            `json:"city" redact:"scan"`
	Tags    []string          `json:"tags,omitempty"`
	Boss    *person           `json:"boss,omitempty" redact:"mask"`
	Friends map[string]person `json:"friends,omitempty"`
	Odd     bool              `json:"odd" redact:"no such operator"`
}

type hidden struct{ Secret string }

func TestTagsSayWhatIsRecorded(t *testing.T) {
	ann := person{hidden: &hidden{"x"}, Name: "Ann", Account: "A-17", Salary: 17, Note: "n", City: "Bonn", Tags: []string{}, Boss: new(person), Friends: map[string]person{"bob": {Name: "Bob", Account: "A-17", City: "Ulm"}}, Odd: true}
	r, err := redact.New(redact.Config{Pseudonyms: redact.StaticKey("k3", []byte("a key for tests!"))})
	require.NoError(t, err)
	pseudonym, err := r.Pseudonym("key", "A-17")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		redactor audit.Redactor
		account  string
	}{
		"no redactor":           {nil, "[REDACTED]"},
		"a redactor with a key": {r, pseudonym},
		"a redactor without":    {new(maskAlice), "[REDACTED]"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t, func(c *audit.Config) { c.Redactor = tc.redactor })
			require.NoError(t, rec.Do(t.Context(), "hr", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
				run.Output("who", []any{&ann})
				run.Output("plain", 1)
				return nil
			}))
			e := rec.Entry()
			assert.Equal(t, `[{"name":"[REDACTED]","account":"`+tc.account+`","salary":null,"city":"Bonn","boss":"[REDACTED]","friends":{"bob":`+
				`{"name":"[REDACTED]","account":"`+tc.account+`","salary":null,"city":"Ulm","odd":"[REDACTED]"}},"odd":"[REDACTED]"}]`, string(e.Outputs.Get("who")))
			assert.Equal(t, []audit.Redaction{{Field: "outputs.who", Detector: "tag", Count: 13}}, e.Redactions)
		})
	}
}

func TestReasonOfAKillIsRedacted(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Redactor, c.Gate = new(maskAlice), gate })
	_ = rec.Do(t.Context(), "hr", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "ops", Reason: "asked by alice@fund.com"})
		<-ctx.Done()
		return context.Cause(ctx)
	})
	assert.Equal(t, "asked by [EMAIL]", rec.Entry().Kill.Reason)
	assert.Contains(t, rec.Entry().Redactions, audit.Redaction{Field: "kill.reason", Detector: "email", Count: 1})
	for _, r := range rec.Records() {
		assert.NotContains(t, string(r.JSON), "alice")
	}
}
