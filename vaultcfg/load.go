package vaultcfg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileName is the name of the file that makes a directory a vault.
const fileName = "vault.json"

// maxSize is the largest vault.json that is read, in bytes. A real one has a few
// hundred; the limit is there so that a wrong path cannot exhaust the memory.
const maxSize = 1 << 20

// Options are the settings of [Load] and [Parse]. A nil *Options and the zero
// value mean the defaults.
type Options struct {
	// Getenv looks up an environment variable for a reference env:NAME and
	// says whether it is set. Nil means os.LookupEnv.
	Getenv func(name string) (value string, ok bool)
}

func (o *Options) getenv(name string) (string, bool) {
	if o == nil || o.Getenv == nil {
		return os.LookupEnv(name)
	}
	return o.Getenv(name)
}

// Load reads the configuration of a vault. The path is the vault's directory or
// its vault.json; an empty path is the current directory. A nil o means the
// defaults.
//
// The error is [ErrNotFound] when there is no such file, [Errors] when the file
// is not a valid vault.json, and otherwise says why it could not be read.
func Load(path string, o *Options) (*Config, error) {
	file, err := locate(path)
	if err != nil {
		return nil, err
	}
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	c, err := Parse(data, file, o)
	if err != nil {
		return nil, err
	}
	// The links of the directory are resolved, not those of the file: a
	// vault.json that is mounted as a link (a Kubernetes ConfigMap is) still
	// belongs to the directory it is seen in.
	if c.Dir, err = filepath.EvalSymlinks(c.Dir); err != nil {
		return nil, fmt.Errorf("%s: cannot resolve the directory: %w", file, reason(err))
	}
	c.Path = filepath.Join(c.Dir, filepath.Base(file))
	return c, nil
}

// locate returns the vault.json that path means, and makes sure that it is a
// file that can be read to its end.
func locate(path string) (string, error) {
	path = filepath.Clean(path) // also makes "" the current directory
	info, err := os.Stat(path)
	if err == nil && info.IsDir() && filepath.Base(path) != fileName {
		path = filepath.Join(path, fileName)
		info, err = os.Stat(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w at %s (\"flexor init\" makes a directory a vault)", ErrNotFound, path)
	case err != nil:
		return "", fmt.Errorf("%s: cannot be read: %w", path, reason(err))
	case info.IsDir():
		return "", Errors{{Path: path, Msg: "expected a file, found a directory", Hint: "move the directory away"}}
	case !info.Mode().IsRegular():
		// Opening a named pipe would wait for a writer, perhaps for ever.
		return "", Errors{{Path: path, Msg: "expected a regular file, found a device, pipe or socket"}}
	}
	return path, nil
}

// read returns the content of file, or one byte more than [maxSize] of it, which
// is enough for [Parse] to refuse it.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", file, reason(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", file, reason(err))
	}
	return data, nil
}
