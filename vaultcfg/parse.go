package vaultcfg

import (
	"fmt"
	"path/filepath"
)

// Parse reads a vault.json that is in memory already. The path is where it is
// from: it names the file in errors, and gives [Config.Dir] and [Config.Path];
// empty, errors say vault.json. No file is touched, so there are no layers above;
// see [Load]. A nil o means the defaults.
//
// The error is [Errors], with everything that is wrong.
func Parse(data []byte, path string, o *Options) (*Config, error) {
	file := &source{path: fileName, data: data}
	if path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("%s: cannot be made absolute: %w", path, err)
		}
		file.path, file.full = path, abs
	}
	found := &findings{}
	doc, err := readLayer(file, found)
	if err != nil {
		return nil, err
	}
	return finish([]*node{doc}, file, o, found)
}

// finish returns the configuration that the documents of a vault and its layers
// make, or what was found to be wrong with them. That of the vault, which is from
// file, may be nil.
func finish(docs []*node, file *source, o *Options, found *findings) (*Config, error) {
	if docs[0] == nil {
		return nil, found.errors()
	}
	c := resolve(docs, o, found)
	if len(found.list) > 0 {
		return nil, found.errors()
	}
	if file.full != "" {
		c.Path, c.Dir = file.full, filepath.Dir(file.full)
	}
	return c, nil
}
