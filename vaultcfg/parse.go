package vaultcfg

import (
	"fmt"
	"path/filepath"
)

// Parse reads a vault.json that is in memory already. The path is where it is
// from: it names the file in errors, and gives [Config.Dir] and [Config.Path];
// empty, errors say vault.json. No file is touched. A nil o means the defaults.
//
// The error is [Errors], with everything that is wrong.
func Parse(data []byte, path string, o *Options) (*Config, error) {
	c := &Config{}
	shown := fileName
	if path != "" {
		shown = path
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("%s: cannot be made absolute: %w", path, err)
		}
		c.Path, c.Dir = abs, filepath.Dir(abs)
	}

	found := &findings{path: shown, data: data}
	if !checkSyntax(data, found) {
		return nil, found.errors()
	}
	doc := readDocument(data, found)
	if err := checkSchema(doc, found); err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	// A file that breaks the schema is decoded all the same: what breaks a rule
	// or names a missing variable is then reported in the same go.
	decoder{options: o, found: found}.config(doc, c)
	checkRules(doc, c, found)

	if len(found.list) > 0 {
		return nil, found.errors()
	}
	c.Warnings = found.warningTexts()
	return c, nil
}
