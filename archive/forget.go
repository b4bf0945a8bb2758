package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/lock"
)

// programFile marks a destination that a program named, and vault.json does not: see
// [Destination.Program]. It holds its name. It is not part of the state, because one that is
// lost must not make [Confirmed] count less than was promised.
const programFile = "program"

// maxName is more bytes than the name of a destination has.
const maxName = 64 << 10

// mark writes down that a program named the destination, unless that stands there.
func (s *sender) mark() error {
	path, name := filepath.Join(s.dir, programFile), []byte(s.dest.Name+"\n")
	if there, err := durable.ReadFile(durable.Disk{}, path, maxName); err == nil && string(there) == string(name) {
		return nil
	}
	return durable.WriteFile(durable.Disk{}, path, name, 0o644)
}

// marked reports whether a program named the destination with that folder.
func marked(folder string) (bool, error) {
	_, err := os.Lstat(filepath.Join(folder, programFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// destinationFolders returns the folders of all destinations that a vault knows of.
func destinationFolders(vault string) (out []string, err error) {
	root := filepath.Join(vault, Folder)
	files, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		if f.IsDir() { // else somebody else's
			out = append(out, filepath.Join(root, f.Name()))
		}
	}
	return out, err
}

// states calls do with the state of each log in a folder of a destination, and its file. One
// that is half written counts as none: the next one who forwards writes it anew.
func states(folder string, do func(path string, s state) error) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != stateExt {
			continue
		}
		path := filepath.Join(folder, f.Name())
		s, ok, err := readState(path)
		if err == nil && ok {
			err = do(path, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrInUse is wrapped by what [Forget] returns while a process sends to the destination.
var ErrInUse = errors.New("archive: a process still sends there")

// Forget makes a vault forget the destinations with that name, but for those with the URLs in
// keep: [Status] does not show them any more, and [Confirmed] does not wait for them. What
// they hold stays there. It returns false if the vault knows none, and an error that wraps
// [ErrInUse] while a process sends to one.
func Forget(vault, name string, keep ...string) (found bool, err error) {
	folders, err := destinationFolders(vault)
	if err != nil {
		return false, err
	}
	for _, folder := range folders {
		if slices.ContainsFunc(keep, func(url string) bool { return destinationFolder(vault, url) == folder }) {
			continue
		}
		is, err := called(folder, name)
		if err == nil && is {
			found, err = true, forget(folder)
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// called reports whether the destination with that folder has that name.
func called(folder, name string) (is bool, err error) {
	there, err := durable.ReadFile(durable.Disk{}, filepath.Join(folder, programFile), maxName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	is = strings.TrimSuffix(string(there), "\n") == name
	return is, states(folder, func(_ string, s state) error {
		is = is || s.Destination == name
		return nil
	})
}

// forget removes all but the lock of a folder, which whoever starts now may be waiting for.
// The mark goes first: what is left when that is interrupted is shown, and holds up nothing.
func forget(folder string) (err error) {
	held, err := (*lock.Pool)(nil).Acquire(filepath.Join(folder, lockFile), false)
	if err != nil {
		return err
	}
	if held == nil {
		return fmt.Errorf("%w: end the programs that name it, and try again", ErrInUse)
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	if err := os.Remove(filepath.Join(folder, programFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"+stateExt))
	for _, path := range files {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
