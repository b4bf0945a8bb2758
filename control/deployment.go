package control

import (
	"fmt"
	"strings"
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

// live returns the deployment that is current.
func (s *state) live(p place) (Deployment, bool) {
	if kept := s.deployed[p]; len(kept) > 0 {
		return kept[0], true
	}
	return Deployment{}, false
}

// current returns the event by which a version is deployed, if it is current.
func (s *state) current(p place, version, digest string) (uint64, bool) {
	kept := s.deployed[p]
	if len(kept) == 0 || kept[0].Version != version || kept[0].Digest != digest {
		return 0, false
	}
	return kept[0].Index, true
}

// kept returns the deployment to roll back to.
func (s *state) kept(p place, version string) (Deployment, error) {
	kept := s.deployed[p]
	if version == "" && len(kept) > 1 {
		return kept[1], nil
	}
	var names []string
	for _, d := range kept {
		if d.Version == version {
			return d, nil
		}
		names = append(names, d.Version)
	}
	switch {
	case len(kept) == 0:
		return Deployment{}, fmt.Errorf("%w: %s was never deployed to %s", ErrNotFound, p.agent, p.env)
	case version == "":
		return Deployment{}, fmt.Errorf("%w: no version of %s was in %s before %s", ErrNotFound, p.agent, p.env, kept[0].Version)
	}
	return Deployment{}, fmt.Errorf("%w: version %s of %s is not among those kept for %s: %s", ErrNotFound, version, p.agent, p.env, strings.Join(names, ", "))
}

// deploy makes d current.
func (s *state) deploy(d Deployment) {
	p := place{d.Agent, d.Environment}
	d.Current = true
	kept := []Deployment{d}
	for _, k := range s.deployed[p] {
		if k.Version != d.Version && len(kept) < KeptVersions {
			k.Current = false
			kept = append(kept, k)
		}
	}
	s.deployed[p] = kept
}

// deployment returns the deployment that was recorded as that event, if it is
// kept.
func (s *state) deployment(index uint64) Deployment {
	for _, kept := range s.deployed {
		for _, d := range kept {
			if d.Index == index {
				return d
			}
		}
	}
	return Deployment{}
}
