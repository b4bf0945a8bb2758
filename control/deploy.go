package control

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// A DeployOrder says what [Control.Deploy] is to deploy.
type DeployOrder struct {
	Agent       string           // required
	Version     string           // required
	Environment rbac.Environment // required
	Digest      string           // of the artifact, "sha256:" and 64 hex digits; may be empty
	Reason      string           // for the record; may be empty
	DryRun      bool             // decide and check only: nothing is recorded, and the Deployment only says what it would be of
}

// Deploy makes a version of an agent the one that runs in an environment. The
// agent's manifest, if it has one, must name that environment.
func (c *Control) Deploy(ctx context.Context, o DeployOrder) (Deployment, Outcome, error) {
	version, obstacle := c.heed(o)
	d := &deployOrder{Agent: o.Agent, Version: version, Environment: o.Environment, Digest: o.Digest, obstacle: obstacle}
	return c.deploy(ctx, d, o.Reason, o.DryRun)
}

// heed holds an order against the agent's manifest, and returns the version to
// deploy, which the manifest may state.
func (c *Control) heed(o DeployOrder) (version string, err error) {
	if err := ident.Name(o.Agent); err != nil {
		return o.Version, nil // not the name of a file either; check says what is wrong
	}
	m, ok, err := c.cfg.Manifest(o.Agent)
	switch {
	case err != nil:
		return o.Version, fmt.Errorf("%w of %s: %w", ErrManifest, o.Agent, err)
	case !ok:
		return o.Version, nil
	case m.Name != o.Agent:
		return o.Version, fmt.Errorf("%w of %s: it is of %q: correct its name", ErrManifest, o.Agent, m.Name)
	case m.Environment != o.Environment:
		return o.Version, fmt.Errorf("%w of %s: it declares environment %s, so the agent cannot be deployed to %s: change the manifest, or deploy there", ErrManifest, o.Agent, m.Environment, o.Environment)
	case o.Version == "":
		return m.Version, nil
	case m.Version != "" && m.Version != o.Version:
		return o.Version, fmt.Errorf("%w of %s: it declares version %s, not %s: change the manifest, or deploy that version", ErrManifest, o.Agent, m.Version, o.Version)
	}
	return o.Version, nil
}

// deploying is an order after which something else is deployed.
type deploying interface {
	order
	deploy() *deployOrder
}

// deploy gives an order to deploy something. If that is only tried, the deployment says
// what it would be of, and no more.
func (c *Control) deploy(ctx context.Context, o deploying, reason string, dry bool) (Deployment, Outcome, error) {
	if dry {
		out, err := c.try(ctx, o, reason)
		if err != nil {
			return Deployment{}, out, err
		}
		d := o.deploy()
		return Deployment{Agent: d.Agent, Version: d.Version, Environment: d.Environment, Digest: d.Digest}, out, nil
	}
	out, _, err := c.give(ctx, o, reason)
	if err != nil {
		return Deployment{}, out, err
	}
	var d Deployment
	c.known(func(s *state) { d = s.deployment(out.Index) })
	return d, out, nil
}

// A RollbackOrder says what [Control.Rollback] is to roll back.
type RollbackOrder struct {
	Agent       string           // required
	Environment rbac.Environment // required
	Version     string           // one of those kept; empty: the one before the current
	Reason      string           // for the record; may be empty
	DryRun      bool             // decide and check only: nothing is recorded, and the Deployment only says what it would be of
}

// Rollback deploys again what was deployed before: one of the [KeptVersions]
// versions that are kept, with the digest that it had. Without such a version the
// error wraps [ErrNotFound].
func (c *Control) Rollback(ctx context.Context, o RollbackOrder) (Deployment, Outcome, error) {
	r := &rollbackOrder{Agent: o.Agent, Version: o.Version, Environment: o.Environment}
	return c.deploy(ctx, r, o.Reason, o.DryRun)
}

// Deployments returns for each agent and environment the deployments that are
// kept, the current one first, ordered by agent and environment.
func (c *Control) Deployments(ctx context.Context) (out []Deployment, err error) {
	err = c.read(ctx, func(s *state) { out = slices.Concat(sorted(s.deployed)...) })
	return out, err
}

// Deployed returns the deployment of an agent in an environment that is current.
func (c *Control) Deployed(ctx context.Context, agent string, env rbac.Environment) (d Deployment, ok bool, err error) {
	err = c.read(ctx, func(s *state) { d, ok = s.live(place{agent, env}) })
	return d, ok, err
}

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
