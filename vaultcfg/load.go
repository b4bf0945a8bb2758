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
// What the file leaves away is looked up in the layers above it, if there are any;
// see the package's documentation. [Config.Origins] says which setting is from
// where.
//
// The error is [ErrNotFound] when there is no such file, [Errors] when it, one of
// a layer above, or what they say together is not valid, and otherwise says why a
// file could not be read.
func Load(path string, o *Options) (*Config, error) {
	name, err := locate(path)
	if err != nil {
		return nil, err
	}
	file := &source{path: name}
	if file.data, err = read(name); err != nil {
		return nil, err
	}
	if file.full, err = realPath(name); err != nil {
		return nil, err
	}
	found := &findings{}
	doc, err := readLayer(file, found)
	if err != nil {
		return nil, err
	}
	docs := []*node{doc}
	if tier := Tier(literal(doc.get("tier"))); tier.valid() {
		above, err := layersAbove(filepath.Dir(file.full), tier, found)
		if err != nil {
			return nil, err
		}
		docs = append(docs, above...)
	}
	return finish(docs, file, o, found)
}

// realPath returns the absolute path of a vault.json. The links of its directory
// are resolved, not its own: a vault.json that is mounted as a link (a Kubernetes
// ConfigMap is) still belongs to the directory it is seen in.
func realPath(file string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("%s: cannot be made absolute: %w", file, err)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", fmt.Errorf("%s: cannot resolve the directory: %w", file, reason(err))
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
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
