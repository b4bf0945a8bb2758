package main

import (
	"context"
	"fmt"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
	"github.com/cedar-policy/cedar-go"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/flexorhq/flexor-go/rbac"
)

// A peer decides. It loads a world and returns what answers questions about it,
// with whatever the peer has for a reason.
type peer struct {
	name     string
	load     func(w *world) (asker, error)
	oneVault bool // questions are about one vault, whichever they name
	small    bool // it takes no million grants

	answersNothing bool // it is there to compare with
}

// An asker says whether it is allowed. Making the question in the peer's own form
// is a part of it, out of parts that are ready.
type asker func(q question) (allowed bool, err error)

// The names of the peers.
const (
	ours       = "rbac.Policy"
	oursOnDisk = "control.Control"
	reading    = "reading two bytes of a file"
	casbinName = "casbin, roles in domains"
	cedarName  = "cedar-go, roles as parents"
	opaName    = "OPA, prepared query"
	fgaName    = "OpenFGA, in process"
)

// peers are all that need nothing but a world.
var peers = []peer{
	{name: ours, load: loadRBAC},
	{name: cedarName, load: loadCedar},
	{name: casbinName, load: loadCasbin},
	{name: opaName, load: loadOPA},
	{name: fgaName, load: loadOpenFGA, small: true},
}

func loadRBAC(w *world) (asker, error) {
	p, err := w.policy()
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 0, 1024)
	return func(q question) (bool, error) {
		d := p.Authorize(rbac.Request{
			Key: w.keys[q.who], Action: actions[q.action], Vault: q.vault(), Environment: environments[q.environment], Reason: "incident 7", At: noon,
		})
		buf = d.AppendReason(buf[:0])
		return d.Allowed, nil
	}, nil
}

// casbinModel has what is cheap to compare before the look-up of roles.
const casbinModel = `
[request_definition]
r = sub, dom, env, act
[policy_definition]
p = sub, dom, env, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.dom == p.dom && (p.env == "*" || r.env == p.env) && g(r.sub, p.sub, r.dom)
`

// loadCasbin has a rule for an action where it takes the same role everywhere, and
// one for each environment where it does not. Each role has the one below it.
func loadCasbin(w *world) (asker, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	var rules [][]string
	for a, by := range needed {
		if by[0] == by[1] && by[1] == by[2] {
			rules = append(rules, []string{roles[by[0]], company, "*", string(actions[a])})
			continue
		}
		for env, role := range by {
			rules = append(rules, []string{roles[role], company, string(environments[env]), string(actions[a])})
		}
	}
	if _, err := e.AddPolicies(rules); err != nil {
		return nil, err
	}
	grants := make([][]string, 0, w.grants+len(roles))
	for r := rbac.Operator; r <= rbac.Owner; r++ {
		grants = append(grants, []string{roles[r], roles[r-1], company})
	}
	for i, role := range w.roles {
		grants = append(grants, []string{w.names[i], roles[role], company})
	}
	if _, err := e.AddGroupingPolicies(grants); err != nil {
		return nil, err
	}
	// The reason is the rule that allowed it.
	return func(q question) (bool, error) {
		allowed, _, err := e.EnforceEx(w.names[q.who], q.vault(), string(environments[q.environment]), string(actions[q.action]))
		return allowed, err
	}, nil
}

// cedarPolicies is the matrix. The reason is the policies that allowed it.
const cedarPolicies = `
permit(principal in Role::"viewer", action == Action::"view", resource == Vault::"company");
permit(principal in Role::"operator", action in [Action::"pause", Action::"kill"], resource == Vault::"company");
permit(principal in Role::"operator", action in [Action::"deploy", Action::"rollback", Action::"resume"], resource == Vault::"company")
  when { context.environment == "sandbox" };
permit(principal in Role::"admin", action in [Action::"deploy", Action::"rollback", Action::"resume", Action::"edit_vault"], resource == Vault::"company");
permit(principal in Role::"owner", action in [Action::"edit_config", Action::"edit_retention"], resource == Vault::"company");
`

// loadCedar has people as entities whose parent is their role, and roles whose
// parent is the role below: a policy for each grant would be looked through one
// after the other.
func loadCedar(w *world) (asker, error) {
	set, err := cedar.NewPolicySetFromBytes("matrix.cedar", []byte(cedarPolicies))
	if err != nil {
		return nil, err
	}
	var role [len(roles)]cedar.EntityUID
	entities := make(cedar.EntityMap, w.grants+len(roles))
	for r := rbac.Viewer; r <= rbac.Owner; r++ {
		role[r] = cedar.NewEntityUID("Role", cedar.String(roles[r]))
		entity := cedar.Entity{UID: role[r]}
		if r > rbac.Viewer {
			entity.Parents = cedar.NewEntityUIDSet(role[r-1])
		}
		entities[role[r]] = entity
	}
	people := make([]cedar.EntityUID, len(w.names))
	for i, name := range w.names {
		people[i] = cedar.NewEntityUID("User", cedar.String(name))
		if i < w.grants {
			entities[people[i]] = cedar.Entity{UID: people[i], Parents: cedar.NewEntityUIDSet(role[w.roles[i]])}
		}
	}
	var verbs [len(actions)]cedar.EntityUID
	for i, a := range actions {
		verbs[i] = cedar.NewEntityUID("Action", cedar.String(a))
	}
	var contexts [len(environments)]cedar.Record
	for i, env := range environments {
		contexts[i] = cedar.NewRecord(cedar.RecordMap{"environment": cedar.String(env)})
	}
	return func(q question) (bool, error) {
		decision, diag := cedar.Authorize(set, entities, cedar.Request{
			Principal: people[q.who], Action: verbs[q.action], Resource: cedar.NewEntityUID("Vault", cedar.String(q.vault())), Context: contexts[q.environment],
		})
		if len(diag.Errors) > 0 {
			return false, fmt.Errorf("cedar: %v", diag.Errors)
		}
		return decision == cedar.Allow, nil
	}, nil
}

// opaPolicy finds the grant and the needed role in the data. The reason is both roles.
const opaPolicy = `
package flexor

default decision := {"allow": false}

decision := {"allow": role >= lowest, "role": role, "needed": lowest} if {
	input.vault == data.vault
	role := data.grants[input.subject]
	lowest := data.needed[input.action][input.environment]
}
`

// loadOPA has the grants in the store, in OPA's own form of values, which is faster
// to read. So is the input.
func loadOPA(w *world) (asker, error) {
	grants := make(map[string]any, w.grants)
	for i, role := range w.roles {
		grants[w.names[i]] = int(role)
	}
	matrix := map[string]any{}
	for a, by := range needed {
		row := map[string]any{}
		for env, role := range by {
			row[string(environments[env])] = int(role)
		}
		matrix[string(actions[a])] = row
	}
	data := map[string]any{"vault": company, "grants": grants, "needed": matrix}
	ctx := context.Background()
	query, err := opa.New(
		opa.Query("data.flexor.decision"), opa.Module("flexor.rego", opaPolicy),
		opa.Store(inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	people := make([]*ast.Term, len(w.names))
	for i, name := range w.names {
		people[i] = ast.StringTerm(name)
	}
	var verbs [len(actions)]*ast.Term
	for i, a := range actions {
		verbs[i] = ast.StringTerm(string(a))
	}
	var places [len(environments)]*ast.Term
	for i, env := range environments {
		places[i] = ast.StringTerm(string(env))
	}
	subject, action, environment, vault := ast.StringTerm("subject"), ast.StringTerm("action"), ast.StringTerm("environment"), ast.StringTerm("vault")
	vaults := map[string]*ast.Term{company: ast.StringTerm(company), elsewhere: ast.StringTerm(elsewhere)}
	return func(q question) (bool, error) {
		input := ast.NewObject(
			[2]*ast.Term{subject, people[q.who]}, [2]*ast.Term{action, verbs[q.action]},
			[2]*ast.Term{environment, places[q.environment]}, [2]*ast.Term{vault, vaults[q.vault()]},
		)
		results, err := query.Eval(ctx, opa.EvalParsedInput(input))
		if err != nil {
			return false, err
		}
		if len(results) != 1 {
			return false, fmt.Errorf("opa: %d results", len(results))
		}
		decision, ok := results[0].Expressions[0].Value.(map[string]any)
		if !ok {
			return false, fmt.Errorf("opa: %v", results[0].Expressions[0].Value)
		}
		allowed, ok := decision["allow"].(bool)
		if !ok {
			return false, fmt.Errorf("opa: %v", decision)
		}
		return allowed, nil
	}, nil
}
