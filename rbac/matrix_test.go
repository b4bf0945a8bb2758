package rbac

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// table is the design's, letter for letter: the oracle of the tests, which share
// nothing with the matrix of the code.
const table = `
| action | viewer | operator | admin | owner |
|---|---|---|---|---|
| view agents, read audit log and lineage | ✔ | ✔ | ✔ | ✔ |
| deploy, rollback, resume | – | sandbox | all | all |
| pause, kill (stopping needs less than starting; ` + "`--reason`" + ` required outside sandbox) | – | ✔ | ✔ | ✔ |
| edit L2 vault | – | – | ✔ | ✔ |
| edit L1/L3/L4 vault, vault.json, retention | – | – | – | ✔ |
| grant, revoke, keys of others | – | – | – | ✔ |
| rotate or revoke own key, drop own role | ✔ | ✔ | ✔ | ✔ |
`

// cells returns the rows of the table, by the beginning of their first column.
func cells(t testing.TB) map[string]map[string]string {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	split := func(line string) []string {
		columns := strings.Split(strings.Trim(line, "| "), "|")
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		return columns
	}
	roles := split(lines[0])
	rows := map[string]map[string]string{}
	for _, line := range lines[2:] {
		row := map[string]string{}
		columns := split(line)
		for i, c := range columns[1:] {
			row[roles[i+1]] = c
		}
		rows[columns[0]] = row
	}
	require.Len(t, rows, 7)
	return rows
}

// A question is one of those that the table answers.
type question struct {
	role        string // "" for nobody's
	action      string
	environment string
	tier        string
	own         bool
	reason      string
}

// oracle answers by the table.
func oracle(t testing.TB, rows map[string]map[string]string, q question) bool {
	var row string
	inEnvironment := false
	switch q.action {
	case "view":
		row = "view agents, read audit log and lineage"
	case "deploy", "rollback", "resume":
		row, inEnvironment = "deploy, rollback, resume", true
	case "pause", "kill":
		row, inEnvironment = "pause, kill (stopping needs less than starting; `--reason` required outside sandbox)", true
	case "edit_vault":
		row = "edit L1/L3/L4 vault, vault.json, retention"
		if q.tier == "L2" {
			row = "edit L2 vault"
		}
	case "edit_config", "edit_retention":
		row = "edit L1/L3/L4 vault, vault.json, retention"
	case "grant", "key_create":
		row = "grant, revoke, keys of others"
	case "revoke", "key_rotate", "key_revoke":
		row = "grant, revoke, keys of others"
		if q.own {
			row = "rotate or revoke own key, drop own role"
		}
	default:
		return false
	}
	environments := map[string]bool{"sandbox": true, "staging": true, "production": true}
	if !environments[q.environment] && (inEnvironment || q.environment != "") {
		return false
	}
	if q.role == "" {
		return false
	}
	if strings.Contains(row, "`--reason` required outside sandbox") && q.environment != "sandbox" && q.reason == "" {
		return false
	}
	cell, ok := rows[row][q.role]
	require.True(t, ok, "the table has no %s for %s", row, q.role)
	switch cell {
	case "✔", "all":
		return true
	case "sandbox":
		return q.environment == "sandbox"
	case "–":
		return false
	}
	t.Fatalf("the table says %q", cell)
	return false
}

// everyQuestion calls f with all there are.
func everyQuestion(f func(q question)) {
	actions := []string{"view", "deploy", "rollback", "resume", "pause", "kill", "edit_vault", "edit_config", "edit_retention",
		"grant", "revoke", "key_create", "key_rotate", "key_revoke", "", "Deploy", "drop_database"}
	for _, tier := range []string{"L1", "L2", "L3", "L4"} {
		for _, role := range []string{"", "viewer", "operator", "admin", "owner"} {
			for _, action := range actions {
				for _, environment := range []string{"", "sandbox", "staging", "production", "Production", "prod"} {
					for _, own := range []bool{false, true} {
						for _, reason := range []string{"", "incident 7"} {
							f(question{role, action, environment, tier, own, reason})
						}
					}
				}
			}
		}
	}
}

// cast is a vault in which every role is held by somebody, besides root.
type cast struct {
	*world
	keys map[string]string // by the name of the role; "" for somebody who has a key and no role
}

func newCast(t testing.TB, tier Tier) cast {
	w, by := newWorld(t, "company", tier)
	c := cast{w, map[string]string{"": w.join(by, User("nobody"), 0)}}
	for r := Viewer; r <= Owner; r++ {
		c.keys[r.String()] = w.join(by, User(r.String()), r)
	}
	c.keys["another"] = w.join(by, User("another"), Viewer)
	return c
}

// request puts a question as a request that has nothing wrong but what the table
// may forbid.
func (c cast) request(q question, vault string) Request {
	target, key := User("another"), c.keys["another"]
	if q.own {
		target, key = User(q.role), c.keys[q.role]
		if q.role == "" {
			target = User("nobody")
		}
	}
	r := Request{
		Key: c.keys[q.role], Action: Action(q.action), Vault: vault, At: noon,
		Environment: Environment(q.environment), Reason: q.reason,
		Target: target, Role: Viewer, TargetKey: key,
	}
	if q.action == "key_create" || q.action == "key_rotate" {
		r.NewKey = c.mint(UserKind)
	}
	return r
}

// differences returns the questions that decide answers otherwise than the
// table.
func differences(t testing.TB, decide func(q question, vault string) bool) (wrong []string, asked int) {
	rows := cells(t)
	everyQuestion(func(q question) {
		for _, vault := range []string{"company", "project", ""} {
			want := oracle(t, rows, q) && vault == "company"
			if got := decide(q, vault); got != want {
				wrong = append(wrong, fmt.Sprintf("%+v in %q: allowed %v", q, vault, got))
			}
			asked++
		}
	})
	return wrong, asked
}

// TestMatrix asks every question of both who proves a key and who is only
// named.
func TestMatrix(t *testing.T) {
	casts := map[string]cast{}
	for _, tier := range []Tier{L1, L2, L3, L4} {
		casts[string(tier)] = newCast(t, tier)
	}
	wrong, asked := differences(t, func(q question, vault string) bool {
		c := casts[q.tier]
		r := c.request(q, vault)
		d := c.policy.Authorize(r)
		require.Equal(t, d.Allowed, d.Code == Permitted)
		subject := User(q.role)
		if q.role == "" {
			subject = User("nobody")
		}
		can := c.policy.Can(subject, r)
		require.Equal(t, d.Code, can.Code, "%+v: a role without its key", q)
		require.Equal(t, d.Needed, can.Needed)
		require.Empty(t, can.Request.Key)
		return d.Allowed
	})
	assert.Empty(t, wrong)
	assert.Greater(t, asked, 20_000)
}

// TestMatrixFindsEachMutant turns each cell of the matrix into each other one,
// and looks whether TestMatrix would notice.
func TestMatrixFindsEachMutant(t *testing.T) {
	rows := cells(t)
	for i := range matrix {
		for role := Viewer; role <= Owner; role++ {
			for c := never; c <= ofOwn; c++ {
				mutant := matrix[i]
				if mutant.by[role] == c {
					continue
				}
				mutant.by[role] = c
				found := false
				everyQuestion(func(q question) {
					if found || q.role != role.String() || q.action != string(mutant.action) {
						return
					}
					s := situation{Environment(q.environment), Tier(q.tier), q.own}
					if !s.environment.known() && (mutant.where == placed || q.environment != "") {
						return
					}
					allowed := mutant.lets(role, s) && !(mutant.wantsReason(role, s) && q.reason == "")
					found = allowed != oracle(t, rows, q)
				})
				assert.True(t, found, "%s: %s as %d instead of %d", mutant.action, role, c, matrix[i].by[role])
			}
		}
	}
}

// TestRolesRise holds that each role may do all that the one below it may.
func TestRolesRise(t *testing.T) {
	everyQuestion(func(q question) {
		rule := ruleOf(Action(q.action))
		if rule == nil {
			return
		}
		s := situation{Environment(q.environment), Tier(q.tier), q.own}
		lowest := rule.lowest(s)
		for role := Role(0); role <= Owner; role++ {
			require.Equal(t, role >= lowest, rule.lets(role, s), "%s: %s in %+v; the lowest is %s", q.action, role, s, lowest)
		}
	})
}

func TestEveryActionIsInTheMatrixOnce(t *testing.T) {
	seen := map[Action]bool{}
	for _, a := range Actions() {
		assert.False(t, seen[a], a)
		seen[a] = true
		d := Decision{Code: Permitted, Subject: root, Role: Owner, Request: Request{Action: a, Vault: "company"}}
		assert.Regexp(t, `^root@fund.com may [a-z][a-z ,.']+ company as owner\.$`, d.Reason(), "%s needs words", a)
	}
	assert.Len(t, seen, 14)
}
