package control

import (
	"context"

	"github.com/flexorhq/flexor-go/rbac"
)

// A DeployOrder says what [Control.Deploy] is to deploy.
type DeployOrder struct {
	Agent       string           // required
	Version     string           // required
	Environment rbac.Environment // required
	Digest      string           // of the artifact, "sha256:" and 64 hex digits; may be empty
	Reason      string           // for the record; may be empty
	DryRun      bool             // decide and check only: nothing is recorded
}

// Deploy makes a version of an agent the one that runs in an environment. The
// agent's manifest, if it has one, must name that environment.
func (c *Control) Deploy(ctx context.Context, o DeployOrder) (Deployment, Outcome, error) {
	return Deployment{}, Outcome{}, errUnfinished
}

// A RollbackOrder says what [Control.Rollback] is to roll back.
type RollbackOrder struct {
	Agent       string           // required
	Environment rbac.Environment // required
	Version     string           // one of those kept; empty: the one before the current
	Reason      string           // for the record; may be empty
	DryRun      bool             // decide and check only: nothing is recorded
}

// Rollback deploys again what was deployed before: one of the [KeptVersions]
// versions that are kept, with the digest that it had. Without such a version the
// error wraps [ErrNotFound].
func (c *Control) Rollback(ctx context.Context, o RollbackOrder) (Deployment, Outcome, error) {
	return Deployment{}, Outcome{}, errUnfinished
}

// Deployments returns for each agent and environment the deployments that are
// kept, the current one first, ordered by agent and environment.
func (c *Control) Deployments(ctx context.Context) ([]Deployment, error) { return nil, errUnfinished }

// Deployed returns the deployment of an agent in an environment that is current.
func (c *Control) Deployed(ctx context.Context, agent string, env rbac.Environment) (Deployment, bool, error) {
	return Deployment{}, false, errUnfinished
}
