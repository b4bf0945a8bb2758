package vaultcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Resolve returns the directory that a vault:// location names, absolute and
// with symbolic links resolved. The directory need not exist; it is always below
// the vault, never the vault itself. The vault must exist.
//
// A location of another scheme, one that leaves the vault by ".." or by a
// symbolic link, and one that meets a file on the way are an [*Error].
//
// Resolve looks at the links that are there when it is called. It guards against
// a wrong vault.json and against a vault that was tampered with, not against
// someone who can change the vault's directories while it is in use.
func (c *Config) Resolve(loc Location) (dir string, err error) {
	if loc.Scheme != schemeVault {
		return "", c.refuse(loc, "not a vault:// location, so it has no directory in the vault", "")
	}
	elements, bad := vaultElements(loc.Host + loc.Path)
	if bad != nil {
		return "", c.refuse(loc, bad.msg, bad.hint)
	}
	root, err := c.root()
	if err != nil {
		return "", err
	}
	dir = root
	for i, element := range elements {
		next, bad, err := step(root, filepath.Join(dir, element))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// What is not there leads nowhere, and nor does what follows.
			return filepath.Join(dir, filepath.Join(elements[i:]...)), nil
		case err != nil:
			return "", fmt.Errorf("%s: cannot resolve %s: %w", c.Path, loc.shown(), reason(err))
		case bad != nil:
			return "", c.refuse(loc, bad.msg, bad.hint)
		}
		dir = next
	}
	return dir, nil
}

// step returns the directory that path is or, if it is a link, leads to. The
// error is fs.ErrNotExist when there is nothing at path.
func step(root, path string) (dir string, bad *complaint, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if path, bad, err = follow(root, path); bad != nil || err != nil {
			return "", bad, err
		}
		if info, err = os.Stat(path); err != nil {
			return "", nil, err
		}
	}
	// A junction of Windows is neither a directory nor a link to package os, so
	// it ends here too.
	if !info.IsDir() {
		return "", &complaint{"meets something that is not a directory", "move it away, or name another directory"}, nil
	}
	return path, nil, nil
}

// follow returns where a link leads, which must be below root.
func follow(root, link string) (target string, bad *complaint, err error) {
	const hint = "put a directory in the place of the link"
	target, err = filepath.EvalSymlinks(link)
	if errors.Is(err, fs.ErrNotExist) {
		// A link to nothing is not the same as nothing: whoever creates the
		// directory would create it where the link leads.
		return "", &complaint{"a symbolic link leads nowhere", hint}, nil
	}
	if err != nil {
		return "", nil, err
	}
	rel, err := filepath.Rel(root, target)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return "", &complaint{"a symbolic link leads out of the vault", hint}, nil
	case rel == ".":
		return "", &complaint{"a symbolic link leads to the vault itself", hint}, nil
	}
	return target, nil, nil
}

// root returns the vault's directory without symbolic links. After [Load] it is
// c.Dir; after [Parse] it may not be.
func (c *Config) root() (string, error) {
	if c.Dir == "" {
		return "", &Error{Path: fileName, Msg: "the directory of the vault is not known", Hint: "give Parse a path, or use Load"}
	}
	root, err := filepath.EvalSymlinks(c.Dir)
	if err != nil {
		return "", fmt.Errorf("%s: cannot resolve the directory: %w", c.Path, reason(err))
	}
	return root, nil
}

// refuse returns an error about a location.
func (c *Config) refuse(loc Location, msg, hint string) error {
	return &Error{Path: c.Path, Msg: loc.shown() + ": " + msg, Hint: hint}
}

// shown returns the location in a form that gives nothing away: as vault.json has
// it. A Location that was put together by hand is not shown at all.
func (l Location) shown() string {
	if l.Raw == "" {
		return "the location"
	}
	return quote(l.Raw)
}
