package rbac

import (
	"fmt"
	"strconv"
)

// A Role is what a subject is in a vault. Each role may do all that the ones
// below it may, so roles compare with < and >. The zero value is no role, and
// may do nothing.
type Role uint8

// The roles.
const (
	Viewer Role = iota + 1
	Operator
	Admin
	Owner
)

var roleNames = [...]string{Viewer: "viewer", Operator: "operator", Admin: "admin", Owner: "owner"}

// ParseRole returns the role of that name.
func ParseRole(name string) (Role, error) {
	for r := Viewer; r <= Owner; r++ {
		if roleNames[r] == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("rbac: unknown role %s: one of viewer, operator, admin, owner", strconv.QuoteToASCII(name))
}

// String returns the name of the role, and "none" for the zero value.
func (r Role) String() string {
	switch {
	case r.known():
		return roleNames[r]
	case r == 0:
		return "none"
	}
	return "unknown role " + strconv.Itoa(int(r))
}

// MarshalText returns the name of the role. What is no role is an error, the
// zero value as well: leave it out instead.
func (r Role) MarshalText() ([]byte, error) {
	if !r.known() {
		return nil, fmt.Errorf("rbac: %s has no text form", r)
	}
	return []byte(roleNames[r]), nil
}

// UnmarshalText is the reverse of MarshalText.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}

func (r Role) known() bool { return Viewer <= r && r <= Owner }
