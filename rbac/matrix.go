package rbac

// An Action is something that needs a role. Its text is the name that records
// and commands use. The zero value is none.
type Action string

// The actions. Those from Deploy to Kill happen in an environment.
const (
	View          Action = "view" // see agents, read the audit log and lineage
	Deploy        Action = "deploy"
	Rollback      Action = "rollback"
	Resume        Action = "resume"
	Pause         Action = "pause"
	Kill          Action = "kill"
	EditVault     Action = "edit_vault"     // what the vault holds
	EditConfig    Action = "edit_config"    // vault.json
	EditRetention Action = "edit_retention" // how long records are kept
	GrantRole     Action = "grant"
	RevokeRole    Action = "revoke"
	CreateKey     Action = "key_create"
	RotateKey     Action = "key_rotate"
	RevokeKey     Action = "key_revoke"
)

// matrix says who may do what. It is all the rights there are.
var matrix = [...]rule{
	// action                 none   viewer  operator    admin       owner
	{View, anywhere, perRole{never, always, always, always, always}},
	{Deploy, placed, perRole{never, never, inSandbox, always, always}},
	{Rollback, placed, perRole{never, never, inSandbox, always, always}},
	{Resume, placed, perRole{never, never, inSandbox, always, always}},
	{Pause, placed, perRole{never, never, withReason, withReason, withReason}},
	{Kill, placed, perRole{never, never, withReason, withReason, withReason}},
	{EditVault, anywhere, perRole{never, never, never, inL2, always}},
	{EditConfig, anywhere, perRole{never, never, never, never, always}},
	{EditRetention, anywhere, perRole{never, never, never, never, always}},
	{GrantRole, anywhere, perRole{never, never, never, never, always}},
	{RevokeRole, anywhere, perRole{never, ofOwn, ofOwn, ofOwn, always}},
	{CreateKey, anywhere, perRole{never, never, never, never, always}},
	{RotateKey, anywhere, perRole{never, ofOwn, ofOwn, ofOwn, always}},
	{RevokeKey, anywhere, perRole{never, ofOwn, ofOwn, ofOwn, always}},
}

// A rule is a row of the matrix.
type rule struct {
	action Action
	where  place
	by     perRole
}

// A place is where an action happens.
type place uint8

const (
	anywhere place = iota // in the vault as a whole
	placed                // in an environment
)

// perRole has what each role's right hangs on, by [Role].
type perRole [Owner + 1]condition

// A condition is what a right hangs on.
type condition uint8

const (
	never      condition = iota
	always               // nothing
	inSandbox            // that it is in the sandbox
	withReason           // that a reason is given, but for the sandbox
	inL2                 // that the vault is of tier L2
	ofOwn                // that it is one's own role or key
)

// Actions returns all actions.
func Actions() []Action {
	actions := make([]Action, len(matrix))
	for i := range matrix {
		actions[i] = matrix[i].action
	}
	return actions
}

// ruleOf returns the row for a, and nil if there is none.
func ruleOf(a Action) *rule {
	for i := range matrix {
		if matrix[i].action == a {
			return &matrix[i]
		}
	}
	return nil
}

// A situation is what conditions look at.
type situation struct {
	environment Environment
	tier        Tier
	own         bool // what is acted on is the asker's own
}

// lets reports whether the rule lets a role act. That a reason is missing is
// not the role's fault, and is looked at by [rule.wantsReason].
func (r *rule) lets(role Role, s situation) bool {
	switch r.by[role] {
	case always, withReason:
		return true
	case inSandbox:
		return s.environment == Sandbox
	case inL2:
		return s.tier == L2
	case ofOwn:
		return s.own
	}
	return false
}

// wantsReason reports whether a role must say why.
func (r *rule) wantsReason(role Role, s situation) bool {
	return r.by[role] == withReason && s.environment != Sandbox
}

// lowest returns the lowest role that the rule lets act.
func (r *rule) lowest(s situation) Role {
	for role := Viewer; role < Owner; role++ {
		if r.lets(role, s) {
			return role
		}
	}
	return Owner
}
