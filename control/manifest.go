package control

import "github.com/flexorhq/flexor-go/rbac"

// A Manifest is what a deployment needs to know of an agent's file.
type Manifest struct {
	Name        string           // required
	Version     string           // empty: not stated
	Environment rbac.Environment // required
}

// ReadManifest reads the file of an agent, agents/<name>.yaml: the keys name,
// version and environment at its top level, each with a plain or quoted scalar on
// the same line. It reads nothing else of the file, and refuses what it is not
// sure to understand.
func ReadManifest(data []byte) (Manifest, error) { return Manifest{}, errUnfinished }
