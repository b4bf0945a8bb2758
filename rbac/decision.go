package rbac

// A Decision says whether something is allowed, and why. The zero value denies. Its
// JSON form leaves out what is not known, and the sentence that [Decision.Reason] makes.
type Decision struct {
	Allowed bool    `json:"allowed"`
	Code    Code    `json:"code"`             // why, for programs; see [Decision.Reason] for people
	Subject Subject `json:"subject,omitzero"` // who asked; zero: not known
	Role    Role    `json:"role,omitzero"`    // the asker's, also when it has expired; zero: none
	Grant   Grant   `json:"grant,omitzero"`   // that gave the asker the role, and so decided; zero: none
	Needed  Role    `json:"needed,omitzero"`  // the lowest role that may do this; zero: not known
	Head    Head    `json:"head"`             // how much of the governance log the decision knew

	// Request is what was decided on, with defaults filled in.
	Request Request `json:"request"`

	// Replaced is the grant that GrantRole or RevokeRole ends, or would end if it
	// were allowed. Zero: none.
	Replaced Grant `json:"replaced,omitzero"`
}

// A Head is how much of a governance log was taken into account.
type Head struct {
	Size uint64 `json:"size"`           // in records
	Root string `json:"root,omitempty"` // hash of the tree over them; empty: not known yet
}

// A Code is the reason for a decision, for programs.
type Code string

// Permitted is the code of what is allowed. Every other code denies.
const Permitted Code = "permitted"

// What is denied because something in it is not known.
const (
	Undecided          Code = ""                    // the zero Decision
	NotInitialised     Code = "not_initialised"     // the vault has no owner yet
	UnknownVault       Code = "unknown_vault"       // or another one than the policy's
	UnknownAction      Code = "unknown_action"      // not in the matrix
	UnknownTime        Code = "unknown_time"        // the request does not say when it was made
	UnknownEnvironment Code = "unknown_environment" // or none, for an action that happens in one
	UnknownSubject     Code = "unknown_subject"     // the asker has no role in the vault
	UnknownTarget      Code = "unknown_target"      // there is no such role or key to change
	UnknownRole        Code = "unknown_role"        // none that could be granted
	UnknownTier        Code = "unknown_tier"        // none that a vault could have
)

// What is denied because of who asks.
const (
	KeyInvalid       Code = "key_invalid"       // see [ErrKey]
	KeyRevoked       Code = "key_revoked"       // or rotated, and the overlap is over
	KeyExpired       Code = "key_expired"       // its time is over
	GrantExpired     Code = "grant_expired"     // the asker had a role until then
	RoleInsufficient Code = "role_insufficient" // see [Decision] Needed
	ReasonMissing    Code = "reason_missing"    // pause and kill outside the sandbox say why
)

// What is denied because of what it would change.
const (
	SelfRaise    Code = "self_raise"    // the asker would have more than before
	LastOwner    Code = "last_owner"    // nobody could govern the vault any more
	EndsTooSoon  Code = "ends_too_soon" // before it begins
	KeyExists    Code = "key_exists"    // the id of the new key is taken
	KeyMalformed Code = "key_malformed" // the new key is none, or not of the target's kind
	KeyElsewhere Code = "key_elsewhere" // the new key is for other vaults only
	OutOfOrder   Code = "out_of_order"  // an event that was applied before
)
