package audit_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

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

// optional has fields with the options of a json tag, and one with a tag that
// encoding/json does not know.
type optional struct {
	Hidden string `json:"-" redact:"mask"`
	*extra
	more

	Struct  struct{ A int } `json:"struct,omitempty"`
	Time    time.Time       `json:"time,omitempty"`
	Array   [2]int          `json:"array,omitempty"`
	None    [0]int          `json:"none,omitempty"`
	Map     map[string]int  `json:"map,omitempty"`
	Any     any             `json:"any,omitempty"`
	ZStruct struct{ A int } `json:"zstruct,omitzero"`
	ZTime   time.Time       `json:"ztime,omitzero"`
	ZMap    map[string]int  `json:"zmap,omitzero"`
	ZSlice  []int           `json:"zslice,omitzero"`
	Seven   seven           `json:"seven,omitzero"`
	Pointer *seven          `json:"pointer,omitzero"`
	ID      int64           `json:"id,string"`
	Price   float64         `json:"price,omitempty,string"`
	OK      *bool           `json:"ok,string"`
	Text    string          `json:"text,string"`
	//lint:ignore SA5008 encoding/json ignores it here, and so must we
	Date time.Time `json:"date,string"`
	//lint:ignore SA5008 encoding/json ignores it here, and so must we
	Members map[string]string `json:"members,string"`
}

// extra and more have names that meet: Twice is in both, Named is named so in one only,
// and Text is further out.
type extra struct {
	Extra int
	Twice int
	Named int
	Text  string `json:"text"`
}

type more struct {
	*more
	Twice int
	Other int `json:"Named"`
	More  int
}

// seven is zero when it is 7.
type seven int

func (s *seven) IsZero() bool { return *s == 7 }

type panicsZero struct{}

func (panicsZero) IsZero() bool { panic("is it?") }

func TestStructsWithTagsAreEncodedAsOthers(t *testing.T) {
	yes, zero := true, seven(7)
	for name, v := range map[string]optional{
		"zero": {},
		"full": {
			extra: &extra{1, 2, 3, "4"}, more: more{&more{}, 5, 6, 7}, Array: [2]int{0, 1}, Map: map[string]int{"a": 1}, Any: 0, ZTime: time.Unix(1, 0).UTC(), ZMap: map[string]int{}, ZSlice: []int{},
			Seven: 7, Pointer: &zero, ID: 1<<53 + 1, Price: 12.5, OK: &yes, Text: `a "b"`, Members: map[string]string{"a": "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(v)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(audit.Encode(v)))
		})
	}
	assert.Equal(t, `{"a":{},"h":"[REDACTED]"}`, string(audit.Encode(struct {
		A panicsZero `json:"a,omitzero"`
		H string     `json:"h" redact:"mask"`
	}{})))
}

// own is embedded in itself.
type own struct {
	*own
	Name string `redact:"mask"`
}

func TestStructEmbeddedInItself(t *testing.T) {
	v := new(own)
	v.own = v
	assert.Equal(t, `{"Name":"[REDACTED]"}`, string(audit.Encode(v)))
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
