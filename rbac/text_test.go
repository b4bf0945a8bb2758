package rbac

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoleText(t *testing.T) {
	for r, name := range map[Role]string{Viewer: "viewer", Operator: "operator", Admin: "admin", Owner: "owner"} {
		assert.Equal(t, name, r.String())
		got, err := ParseRole(name)
		require.NoError(t, err)
		assert.Equal(t, r, got)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, r, got)
	}
	for _, name := range []string{"", "none", "Owner", "root", "5"} {
		r := Owner
		err := json.Unmarshal([]byte(`"`+name+`"`), &r)
		assert.EqualError(t, err, `rbac: unknown role "`+name+`": one of viewer, operator, admin, owner`)
		assert.Zero(t, r, "a role that cannot be read is none")
	}
	for r, text := range map[Role]string{0: "none", 5: "unknown role 5", 255: "unknown role 255"} {
		assert.Equal(t, text, r.String())
		_, err := r.MarshalText()
		assert.EqualError(t, err, "rbac: "+text+" has no text form")
	}
}

func TestSubjectText(t *testing.T) {
	for s, text := range map[Subject]string{
		alice:                           "alice@fund.com",
		Service("ci"):                   "service:ci",
		Service("service:ci"):           "service:service:ci",
		User("Service:ci"):              "Service:ci",
		User(strings.Repeat("a", 256)):  strings.Repeat("a", 256),
		Service(strings.Repeat("a", 9)): "service:aaaaaaaaa",
	} {
		assert.Equal(t, text, s.String())
		got, err := ParseSubject(text)
		require.NoError(t, err)
		assert.Equal(t, s, got)
	}
	for _, text := range []string{"", "service:", strings.Repeat("a", 257), "service:" + strings.Repeat("a", 257)} {
		s := alice
		err := s.UnmarshalText([]byte(text))
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 200)
		assert.Zero(t, s)
	}
	for _, s := range []Subject{{}, User("service:ci"), {Kind: 3, Name: "x"}, {Name: "x"}} {
		_, err := s.MarshalText()
		assert.Error(t, err, "%#v could be mistaken for another", s)
	}
	assert.Equal(t, "nobody", Subject{}.String())
}

// Whoever asks over a network is told the decision, also one in which nothing is known.
func TestDecisionJSON(t *testing.T) {
	w, root := newWorld(t, "company", L2)
	operator := w.join(root, alice, Operator)
	for _, test := range []struct {
		d    Decision
		want string
	}{
		{Decision{}, `{"allowed":false,"code":"","head":{"size":0},"request":{"action":"","vault":""}}`},
		{w.policy.Authorize(w.request(Request{Key: "guessed", Action: View})),
			`{"allowed":false,"code":"key_invalid","head":{"size":3},"request":{"key":"guessed","action":"view","vault":"company","at":"2026-04-30T12:00:00Z"}}`},
		{w.policy.Authorize(w.request(Request{Key: operator, Action: Deploy, Environment: Production})),
			`{"allowed":false,"code":"role_insufficient","subject":"alice@fund.com","role":"operator",
			"grant":{"index":2,"subject":"alice@fund.com","role":"operator","by":"root@fund.com","under":0},"needed":"admin","head":{"size":3},
			"request":{"key":"` + operator + `","action":"deploy","vault":"company","at":"2026-04-30T12:00:00Z","environment":"production"}}`},
		{w.policy.Authorize(w.request(Request{Key: root, Action: RotateKey, TargetKey: operator, NewKey: w.mint(UserKind)})), ""},
	} {
		text, err := json.Marshal(test.d)
		require.NoError(t, err)
		if test.want != "" {
			assert.JSONEq(t, test.want, string(text))
		}
		var again Decision
		require.NoError(t, json.Unmarshal(text, &again))
		assert.Equal(t, test.d, again)
	}
}
