package control

import (
	"crypto/ed25519"
	"fmt"
	"regexp"
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

type grantOrder struct {
	plain
	Subject rbac.Subject `json:"subject"`
	Role    rbac.Role    `json:"role"`
	Expires time.Time    `json:"expires,omitzero"`
}

func (o *grantOrder) kind() string { return kindGrant }
func (o *grantOrder) check() error { return checkSubject(o.Subject) }
func (o *grantOrder) ask(r *rbac.Request) {
	r.Action, r.Target, r.Role, r.Expires = rbac.GrantRole, o.Subject, o.Role, o.Expires
}

func (o *grantOrder) stands(_ *state, d *rbac.Decision) (uint64, bool) {
	g := d.Replaced
	return g.Index, g.Role == o.Role && g.Expires.Equal(o.Expires)
}

type revokeOrder struct {
	plain
	Subject rbac.Subject `json:"subject"`
}

func (o *revokeOrder) kind() string        { return kindRevoke }
func (o *revokeOrder) ask(r *rbac.Request) { r.Action, r.Target = rbac.RevokeRole, o.Subject }

type createOrder struct {
	plain
	Subject rbac.Subject      `json:"subject"`
	ID      string            `json:"id"`
	Public  ed25519.PublicKey `json:"public"`
	Expires time.Time         `json:"expires,omitzero"`
	Vaults  []string          `json:"vaults,omitempty"`
}

func (o *createOrder) kind() string { return kindCreate }
func (o *createOrder) check() error {
	for _, name := range o.Vaults {
		if err := ident.Token(name); err != nil {
			return fmt.Errorf("%w: the name of a vault: %w", ErrInvalid, err)
		}
	}
	return checkSubject(o.Subject)
}
func (o *createOrder) ask(r *rbac.Request) {
	r.Action, r.Target, r.Expires = rbac.CreateKey, o.Subject, o.Expires
	r.NewKey = rbac.NewKey{ID: o.ID, Public: o.Public, Vaults: o.Vaults}
}
func (o *createOrder) fill(r *rbac.Request) { o.Expires, o.Vaults = r.Expires, r.NewKey.Vaults }

type rotateOrder struct {
	plain
	Old     string            `json:"old"`
	ID      string            `json:"id"`
	Public  ed25519.PublicKey `json:"public"`
	Expires time.Time         `json:"expires,omitzero"`
	Until   time.Time         `json:"until,omitzero"`

	overlap time.Duration // from when it is recorded
}

func (o *rotateOrder) kind() string { return kindRotate }
func (o *rotateOrder) ask(r *rbac.Request) {
	r.Action, r.TargetKey, r.Expires, r.Until = rbac.RotateKey, o.Old, o.Expires, o.Until
	if o.overlap > 0 {
		r.Until = r.At.Add(o.overlap)
	}
	r.NewKey = rbac.NewKey{ID: o.ID, Public: o.Public}
}
func (o *rotateOrder) fill(r *rbac.Request) { o.Expires, o.Until = r.Expires, r.Until }

type disableOrder struct {
	plain
	ID string `json:"id"`
}

func (o *disableOrder) kind() string        { return kindDisable }
func (o *disableOrder) ask(r *rbac.Request) { r.Action, r.TargetKey = rbac.RevokeKey, o.ID }

type deployOrder struct {
	Agent       string           `json:"agent"`
	Version     string           `json:"version"`
	Environment rbac.Environment `json:"environment"`
	Digest      string           `json:"digest,omitempty"`

	obstacle error // what the agent's manifest says against it
}

func (o *deployOrder) kind() string { return kindDeploy }
func (o *deployOrder) check() error {
	if err := checkAgent(o.Agent, o.Version); err != nil {
		return err
	}
	if o.Digest != "" && !digestForm.MatchString(o.Digest) {
		return fmt.Errorf("%w: the digest must be sha256: and 64 hex digits in lower case", ErrInvalid)
	}
	return nil
}
func (o *deployOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Deploy, o.Environment }
func (o *deployOrder) fit(*state) error    { return o.obstacle }
func (o *deployOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	return s.current(place{o.Agent, o.Environment}, o.Version, o.Digest)
}
func (o *deployOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.deploy(e.deployment(o, d.Role, d.Grant.Index))
}

func (o *deployOrder) deploy() *deployOrder { return o }

// digestForm is the form of the digest of an artifact.
var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

type rollbackOrder struct {
	Agent       string           `json:"agent"`
	Version     string           `json:"version"`
	Environment rbac.Environment `json:"environment"`
	Digest      string           `json:"digest,omitempty"`
	To          uint64           `json:"to"` // index of the deployment that is deployed again
}

func (o *rollbackOrder) kind() string { return kindRollback }
func (o *rollbackOrder) check() error {
	version := o.Version
	if version == "" {
		version = "0" // to be found by fit
	}
	return checkAgent(o.Agent, version)
}
func (o *rollbackOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Rollback, o.Environment }
func (o *rollbackOrder) fit(s *state) error {
	to, err := s.kept(place{o.Agent, o.Environment}, o.Version)
	if err != nil {
		return err
	}
	o.Version, o.Digest, o.To = to.Version, to.Digest, to.Index
	return nil
}
func (o *rollbackOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	return s.current(place{o.Agent, o.Environment}, o.Version, o.Digest)
}
func (o *rollbackOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.deploy(e.deployment(o.deploy(), d.Role, d.Grant.Index))
}

// deploy returns the order that has the same outcome.
func (o *rollbackOrder) deploy() *deployOrder {
	return &deployOrder{Agent: o.Agent, Version: o.Version, Environment: o.Environment, Digest: o.Digest}
}

type pauseOrder struct {
	Agent       string           `json:"agent"`
	Environment rbac.Environment `json:"environment"`
}

func (o *pauseOrder) kind() string        { return kindPause }
func (o *pauseOrder) check() error        { return checkAgent(o.Agent, "0") }
func (o *pauseOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Pause, o.Environment }
func (o *pauseOrder) fit(*state) error    { return nil }
func (o *pauseOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	h, ok := s.paused[place{o.Agent, o.Environment}]
	return h.Index, ok && h.Recorded
}
func (o *pauseOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.halt(e.halt(o.halt(), d))
}
func (o *pauseOrder) halt() Halt { return Halt{Agent: o.Agent, Environment: o.Environment} }

type resumeOrder struct {
	Agent       string           `json:"agent"`
	Environment rbac.Environment `json:"environment"`
}

func (o *resumeOrder) kind() string        { return kindResume }
func (o *resumeOrder) check() error        { return checkAgent(o.Agent, "0") }
func (o *resumeOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Resume, o.Environment }
func (o *resumeOrder) fit(*state) error    { return nil }
func (o *resumeOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	_, ok := s.paused[place{o.Agent, o.Environment}]
	return 0, !ok
}
func (o *resumeOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.resumed[place{o.Agent, o.Environment}] = e.Size + 1
	s.resume(e.halt(Halt{Agent: o.Agent, Environment: o.Environment}, d))
}

type killOrder struct {
	Run         string           `json:"run"`
	Agent       string           `json:"agent,omitempty"`
	Environment rbac.Environment `json:"environment"`
}

func (o *killOrder) kind() string { return kindKill }
func (o *killOrder) check() error {
	if _, err := ident.Parse("run", o.Run); err != nil {
		return fmt.Errorf("%w: run: %w", ErrInvalid, err)
	}
	if o.Agent == "" {
		return nil
	}
	return checkAgent(o.Agent, "0")
}
func (o *killOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Kill, o.Environment }
func (o *killOrder) fit(*state) error    { return nil }
func (o *killOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	h, ok := s.killed[victim{o.Run, o.Environment}]
	return h.Index, ok && h.Recorded
}
func (o *killOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.halt(e.halt(o.halt(), d))
}
func (o *killOrder) halt() Halt {
	return Halt{Run: o.Run, Agent: o.Agent, Environment: o.Environment}
}

type viewOrder struct{ plain }

func (o *viewOrder) kind() string        { return kindView }
func (o *viewOrder) ask(r *rbac.Request) { r.Action = rbac.View }

// checkSubject checks who is to get a role or a key.
func checkSubject(s rbac.Subject) error {
	if err := ident.Principal(s.Name); err != nil {
		return fmt.Errorf("%w: the name of a person or service %w", ErrInvalid, err)
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
