package vaultcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Find returns the absolute path of the nearest vault.json: in dir, else in its
// parent, and so on up to the root. An empty dir is the current directory.
//
// The error is [ErrNotFound] when there is none, and names where it looked. A
// directory that cannot be searched ends the search with an error, because going
// on above it could act on a different vault than the one meant.
func Find(dir string) (path string, err error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%s: cannot be made absolute: %w", dir, err)
	}
	if info, err := os.Stat(start); err != nil {
		return "", fmt.Errorf("%s: cannot be searched for a vault: %w", start, reason(err))
	} else if !info.IsDir() {
		return "", fmt.Errorf("%s: cannot be searched for a vault: not a directory", start)
	}
	for at := start; ; at = filepath.Dir(at) {
		file := filepath.Join(at, fileName)
		// Lstat, so that a dangling link is found here and explained by Load.
		_, err := os.Lstat(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s: cannot be read: %w", file, reason(err))
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w in %s or in any directory above it (\"flexor init\" makes a directory a vault)", ErrNotFound, start)
		}
	}
}
