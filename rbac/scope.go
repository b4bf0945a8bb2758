package rbac

// An Environment is where agents run. The zero value is none: actions that
// happen in an environment are then denied.
type Environment string

// The environments.
const (
	Sandbox    Environment = "sandbox"
	Staging    Environment = "staging"
	Production Environment = "production"
)

func (e Environment) known() bool {
	return e == Sandbox || e == Staging || e == Production
}

// A Tier is the layer of a vault. The zero value is none.
type Tier string

// The tiers.
const (
	L1 Tier = "L1" // platform
	L2 Tier = "L2" // company
	L3 Tier = "L3" // personal
	L4 Tier = "L4" // project
)

func (t Tier) known() bool {
	return t == L1 || t == L2 || t == L3 || t == L4
}
