package control

import (
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// The kinds of events. A kind that means something else than before gets
// another version.
const (
	kindGenesis  = "genesis/v1"
	kindGrant    = "grant/v1"
	kindRevoke   = "revoke/v1"
	kindCreate   = "key_create/v1"
	kindRotate   = "key_rotate/v1"
	kindDisable  = "key_revoke/v1"
	kindDeploy   = "deploy/v1"
	kindRollback = "rollback/v1"
	kindPause    = "pause/v1"
	kindResume   = "resume/v1"
	kindKill     = "kill/v1"
	kindView     = "view/v1" // asked for only; what is allowed is no event
	kindDenied   = "denied/v1"
	kindRepeats  = "repeats/v1"
	kindPurge    = "purge/v1"
	kindHold     = "hold/v1"
	kindRelease  = "release/v1"
)

// An order is the body of an event that needs a role.
type order interface {
	kind() string
	// check checks the grammar of names, versions and ids.
	check() error
	// ask completes the request that package rbac decides on.
	ask(r *rbac.Request)
	// fit completes the order from the state, and says what in the state, other
	// than roles, does not allow it.
	fit(s *state) error
	// stands reports whether the state is as the order would have it already, and by
	// which event.
	stands(s *state, d *rbac.Decision) (index uint64, ok bool)
	// carry changes the state, but for the policy, which has changed already.
	carry(s *state, e *event, d *rbac.Decision)
}

// newOrder returns an empty order of a kind, and nil for what is none.
func newOrder(kind string) order {
	switch kind {
	case kindGrant:
		return new(grantOrder)
	case kindRevoke:
		return new(revokeOrder)
	case kindCreate:
		return new(createOrder)
	case kindRotate:
		return new(rotateOrder)
	case kindDisable:
		return new(disableOrder)
	case kindDeploy:
		return new(deployOrder)
	case kindRollback:
		return new(rollbackOrder)
	case kindPause:
		return new(pauseOrder)
	case kindResume:
		return new(resumeOrder)
	case kindKill:
		return new(killOrder)
	case kindHold:
		return new(holdOrder)
	case kindRelease:
		return new(releaseOrder)
	case kindView:
		return new(viewOrder)
	}
	return nil
}

// plain is an order that the policy alone is about.
type plain struct{}

func (plain) check() error                                 { return nil }
func (plain) fit(*state) error                             { return nil }
func (plain) stands(*state, *rbac.Decision) (uint64, bool) { return 0, false }
func (plain) carry(*state, *event, *rbac.Decision)         {}

// checkSubject checks who is to get a role or a key, or to lose a role.
func checkSubject(s rbac.Subject) error {
	if err := ident.Principal(s.Name); err != nil {
		return fmt.Errorf("%w: the name of a person or service %w", ErrInvalid, err)
	}
	if _, err := s.MarshalText(); err != nil { // it could not be recorded either
		return fmt.Errorf("%w: %q is not the name of a person or a service: rbac.ParseSubject reads what people write", ErrInvalid, s.Name)
	}
	return nil
}

// checkRole checks which role somebody is to get.
func checkRole(r rbac.Role) error {
	if _, err := r.MarshalText(); err != nil {
		return fmt.Errorf("%w: %s is no role to grant: name viewer, operator, admin or owner", ErrInvalid, r)
	}
	return nil
}

// checkEnd checks when a role or a key is to end: the log has four digits for a year.
func checkEnd(at time.Time) error {
	if year := at.Year(); year < 0 || year > 9999 {
		return fmt.Errorf("%w: it would end in the year %d: name a year up to 9999, or none", ErrInvalid, year)
	}
	return nil
}

func checkAgent(name, version string) error {
	if err := ident.Name(name); err != nil {
		return fmt.Errorf("%w: the name of the agent %w", ErrInvalid, err)
	}
	if err := ident.Version(version); err != nil {
		return fmt.Errorf("%w: the version of the agent %w", ErrInvalid, err)
	}
	return nil
}
