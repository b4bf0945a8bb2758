package control

import (
	"errors"

	"github.com/flexorhq/flexor-go/rbac"
)

// ErrNoKey is wrapped by [LoadKey] when no key was found anywhere.
var ErrNoKey = errors.New("control: no API key")

// Credentials says where [LoadKey] looks. The zero value is the usual places.
type Credentials struct {
	Getenv    func(name string) (string, bool) // zero: os.LookupEnv
	ConfigDir string                           // zero: os.UserConfigDir()
}

// LoadKey returns the key of who acts: that in the file that FLEXOR_API_KEY_FILE
// names, else that in FLEXOR_API_KEY, else that in flexor/credentials in the user's
// configuration directory. source says which of them it was, for people.
//
// Where there are file modes, a file that others than its owner may use is refused.
// The first place that is set counts: that it holds no valid key is an error, not a
// reason to look further.
func (c Credentials) LoadKey() (key rbac.APIKey, source string, err error) {
	return rbac.APIKey{}, "", errUnfinished
}

// Store writes the key to flexor/credentials in the user's configuration
// directory, for its owner only, and returns the name of the file. A file that is
// there already is not replaced.
func (c Credentials) Store(key rbac.APIKey) (path string, err error) { return "", errUnfinished }
