package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/rbac"
)

// ErrNoKey is wrapped by [Credentials.LoadKey] when no key was found anywhere.
var ErrNoKey = errors.New("control: no API key")

// Where keys are looked for.
const (
	keyFileVariable = "FLEXOR_API_KEY_FILE"
	keyVariable     = "FLEXOR_API_KEY"
)

// Credentials is where the key of who acts is kept. The zero value is the usual
// places.
type Credentials struct {
	Getenv    func(name string) (string, bool) // zero: os.LookupEnv
	ConfigDir string                           // zero: os.UserConfigDir()
}

// LoadKey returns the key of who acts: that in the file that FLEXOR_API_KEY_FILE
// names, else that in FLEXOR_API_KEY, else that in flexor/credentials in the user's
// configuration directory. source says which of them it was, for people.
//
// On systems with file modes, a file that others than its owner may read or write
// is refused. The first place that is set counts: that it holds no valid key is an
// error, not a reason to look further. No error shows anything of a key.
func (c Credentials) LoadKey() (key rbac.APIKey, source string, err error) {
	getenv := c.Getenv
	if getenv == nil {
		getenv = os.LookupEnv
	}
	if path, ok := getenv(keyFileVariable); ok && path != "" {
		key, err := readKeyFile(path)
		if err != nil {
			err = fmt.Errorf("control: %s: %w", keyFileVariable, err)
		}
		return key, path + " (" + keyFileVariable + ")", err
	}
	if text, ok := getenv(keyVariable); ok && text != "" {
		key, err := rbac.ParseKey(strings.TrimSpace(text))
		if err != nil {
			err = fmt.Errorf("control: %s: %w", keyVariable, err)
		}
		return key, keyVariable, err
	}
	path, err := c.path()
	if err != nil {
		return rbac.APIKey{}, "", fmt.Errorf("%w: %w; set %s to the name of a file that holds one", ErrNoKey, err, keyFileVariable)
	}
	key, err = readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return rbac.APIKey{}, "", fmt.Errorf("%w: set %s to the name of a file that holds one, or put it into %s", ErrNoKey, keyFileVariable, path)
	}
	if err != nil {
		err = fmt.Errorf("control: %w", err)
	}
	return key, path, err
}

// Store writes a key to flexor/credentials in the user's configuration directory,
// for its owner only, and returns the name of the file. That there is one already is
// an error that wraps fs.ErrExist: it may be the only copy of another key.
func (c Credentials) Store(key rbac.APIKey) (path string, err error) {
	if path, err = c.path(); err != nil {
		return "", fmt.Errorf("control: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("control: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("control: %w", err)
	}
	_, err = f.WriteString(key.Reveal() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("control: %w", errors.Join(err, os.Remove(path)))
	}
	return path, nil
}

func (c Credentials) path() (string, error) {
	dir := c.ConfigDir
	if dir == "" {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "flexor", "credentials"), nil
}

// maxKeyFile is far more than a key and the space around it takes.
const maxKeyFile = 4 << 10

// readKeyFile reads a file that holds one key.
func readKeyFile(path string) (rbac.APIKey, error) {
	data, err := durable.ReadChecked(path, maxKeyFile, func(info fs.FileInfo) error {
		if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
			return fmt.Errorf("others may use the key in %s, its mode is %04o: run chmod 600 %s", path, mode, path)
		}
		return nil
	})
	if err != nil {
		return rbac.APIKey{}, err
	}
	key, err := rbac.ParseKey(strings.TrimSpace(string(data)))
	if err != nil {
		return rbac.APIKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
