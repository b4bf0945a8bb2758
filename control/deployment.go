package control

import (
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// KeptVersions is how many different versions of an agent are kept in an
// environment to roll back to, the current one included.
const KeptVersions = 3

// A Deployment is a version of an agent that was put to work in an environment.
type Deployment struct {
	ID          string           `json:"id"`    // "dep_" and 26 characters, made from what was signed
	Index       uint64           `json:"index"` // of its event in the governance log
	Agent       string           `json:"agent"`
	Version     string           `json:"version"`
	Environment rbac.Environment `json:"environment"`
	Digest      string           `json:"digest,omitempty"` // of the artifact; empty: not stated
	At          time.Time        `json:"at"`
	By          rbac.Subject     `json:"by"`
	Key         string           `json:"key"`   // id of the key that signed
	Role        rbac.Role        `json:"role"`  // of By at that time
	Grant       uint64           `json:"grant"` // index of the grant that gave the role
	Reason      string           `json:"reason,omitempty"`

	// Rollback says that the order was to roll back.
	Rollback bool `json:"rollback,omitempty"`
	// Current says that this is what runs now, and not one of those kept.
	Current bool `json:"current"`
}

// deploymentPrefix begins the ids of deployments.
const deploymentPrefix = "dep"

// deployment returns the deployment that an event of its order is.
func (e *event) deployment(o *deployOrder, role rbac.Role, grant uint64) Deployment {
	return Deployment{
		ID: e.id(deploymentPrefix), Index: e.Size, Agent: o.Agent, Version: o.Version, Environment: o.Environment, Digest: o.Digest,
		At: e.At, By: e.By, Key: e.Key, Role: role, Grant: grant, Reason: e.Reason, Rollback: e.Kind == kindRollback,
	}
}

// deployed returns the deployment that an event is which has effect.
func (e *event) deployed() (Deployment, error) {
	if e.Kind == kindRollback {
		var o rollbackOrder
		err := decode(e.Body, &o)
		return e.deployment(o.deploy(), e.Role, *e.Grant), err
	}
	var o deployOrder
	err := decode(e.Body, &o)
	return e.deployment(&o, e.Role, *e.Grant), err
}
