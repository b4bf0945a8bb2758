package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/rbac"
)

// keyFileFor returns the file in which the user's key for one vault is kept. It is
// beside flexor/credentials, which is for all vaults that have none of their own.
func keyFileFor(vault string) (string, error) {
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "flexor", "credentials."+vault), err
}

// keepKey writes a key to a new file that only the user may read. What is there is
// not replaced: it may be the only copy of another key.
func keepKey(path string, key rbac.APIKey) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(key.Reveal() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// replaceKey puts a key in the place of the one in a file, which it succeeds. At
// every moment one of the two is there whole.
func replaceKey(path string, key rbac.APIKey) error {
	fresh := path + ".new"
	if err := keepKey(fresh, key); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return errors.Join(err, fmt.Errorf("the new key is in %s", fresh))
	}
	return nil
}
