package feed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/flexorhq/flexor-go/internal/lock"
)

// ErrInUse is wrapped by what [Forget] returns while a process sends to the target.
var ErrInUse = errors.New("feed: a process still sends there")

// Forget makes those targets forgotten that have that name, and whose feeds have their
// [Config.State] in folders of dir, but for the folders in keep: [Status] does not show them
// any more. It returns false if there are none, and an error that wraps [ErrInUse] while a
// process sends to one.
func Forget(dir, name string, keep ...string) (found bool, err error) {
	folders, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("feed: %w", err)
	}
	for _, d := range folders {
		if slices.Contains(keep, d.Name()) {
			continue
		}
		state := filepath.Join(dir, d.Name())
		s, err := readState(state)
		if err == nil && s.Format != "" && s.Name == name {
			found, err = true, forget(state)
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// forget removes the position. The lock stays: whoever starts now may be waiting for it.
func forget(state string) (err error) {
	held, err := (*lock.Pool)(nil).Acquire(filepath.Join(state, lockFile), false)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	if held == nil {
		return fmt.Errorf("%w: end the programs that name it, and try again", ErrInUse)
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	return os.Remove(filepath.Join(state, stateFile))
}
