package vaultcfg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// readLayer returns the document of a file, and reports in found where it breaks
// the syntax or the schema of vault.json. It is nil when there is no reading it.
// The error is not about the file.
func readLayer(file *source, found *findings) (*node, error) {
	if !checkSyntax(file, found) {
		return nil, nil
	}
	doc := readDocument(file, found)
	if err := checkSchema(doc, found); err != nil {
		return nil, fmt.Errorf("%s: %w", file.path, err)
	}
	return doc, nil
}

// layersAbove returns the documents of the layers above a vault of a tier in dir:
// each vault.json in a directory above whose tier is less specific than those
// below it. What is wrong with them is reported in found.
//
// A vault.json that everyone may write is no layer: anyone could take back what it
// asks for, or send what is recorded elsewhere. Without this rule a file in /tmp
// would bind every vault below it.
func layersAbove(dir string, tier Tier, found *findings) (docs []*node, err error) {
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		file := &source{path: filepath.Join(dir, fileName), layer: len(docs) + 1}
		file.full = file.path
		if _, err := os.Lstat(file.path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		own := &findings{} // of a file that may turn out to be no layer
		doc, err := readAbove(file, own)
		its := Tier(literal(doc.get("tier")))
		switch {
		case its.valid() && its >= tier:
			continue
		case writableByAll(dir) || writableByAll(file.path):
			found.warn(file, place{}, "", "is not taken for a layer above this vault, because everyone may write the file or its directory",
				"chmod o-w both, or move the vault")
			continue
		case err != nil:
			return nil, err
		}
		found.add(own)
		if doc == nil {
			return docs, nil // nothing can be made of the layers, and found says why
		}
		docs = append(docs, doc)
		if its.valid() {
			tier = its
		}
	}
	return docs, nil
}

func (t Tier) valid() bool { return t == L1 || t == L2 || t == L3 || t == L4 }

// readAbove returns the document of a file that stands above a vault, like
// [readLayer].
func readAbove(file *source, found *findings) (*node, error) {
	_, err := locate(file.path)
	if errors.Is(err, ErrNotFound) { // there is something of that name
		found.at(file, place{}, "", "a symbolic link leads nowhere", "remove it, or put back what it leads to")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if file.data, err = read(file.path); err != nil {
		return nil, err
	}
	return readLayer(file, found)
}

// writableByAll reports whether everyone may write what is at path, as far as that
// can be seen. Package os does not know that of Windows.
func writableByAll(path string) bool {
	info, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0
}

// resolve puts a configuration together from the documents of its layers, the
// most specific first.
func resolve(docs []*node, o *Options, found *findings) *Config {
	var whole *node // of the layers so far
	var c *Config
	for _, doc := range slices.Backward(docs) {
		above, upper := c, whole
		if whole = doc; upper != nil {
			whole = merge(doc, upper)
		}
		c = &Config{}
		// A file that breaks the schema is decoded all the same: what breaks a
		// rule or names a missing variable is then reported in the same go.
		decoder{options: o, found: found}.config(whole, c)
		if above != nil {
			checkStrength(doc, upper, c.Audit, above.Audit, found)
		}
	}
	checkRules(whole, c, found)
	c.Origins = origins(whole)
	for _, doc := range docs {
		c.Layers = append(c.Layers, Layer{originOf(doc).Path, literal(doc.get("name")), Tier(literal(doc.get("tier")))})
	}
	c.Warnings = found.warningTexts()
	return c
}

// merge returns the lower of two documents with the settings that it leaves to the
// upper one. Only settings in sections are passed down: the others say what one
// vault is. The nodes stay those of their files, and know where they stand.
func merge(lower, upper *node) *node {
	merged := *lower
	merged.byKey = maps.Clone(lower.byKey)
	for key, up := range upper.byKey {
		if up.value != (object{}) {
			continue
		}
		switch low := merged.byKey[key]; {
		case low == nil && merged.byKey != nil:
			merged.byKey[key] = up
		case low != nil && low.value == (object{}):
			merged.byKey[key] = mergeSection(low, up)
		}
	}
	return &merged
}

func mergeSection(lower, upper *node) *node {
	merged := *lower
	merged.byKey = maps.Clone(lower.byKey)
	for key, up := range upper.byKey {
		switch low := merged.byKey[key]; {
		case low == nil:
			merged.byKey[key] = up
		case appended[key]:
			merged.byKey[key] = appendList(low, up)
		case low.value == (object{}) && up.value == (object{}): // a section in the section
			merged.byKey[key] = mergeSection(low, up)
		}
	}
	return &merged
}

// appended are the settings of which every layer adds to those above it.
var appended = map[string]bool{"pii_patterns": true, "pii_keys": true, "secondary_destination": true}

// appendList returns a list of the items of upper, and then those of lower that
// are not just as well in upper.
func appendList(lower, upper *node) *node {
	there := make(map[string]bool)
	for _, item := range upper.items() {
		there[item.identity()] = true
	}
	var more []*node
	for _, item := range lower.items() {
		if !there[item.identity()] {
			more = append(more, item)
		}
	}
	if len(more) == 0 {
		return upper
	}
	merged := *lower
	merged.value = array{}
	merged.children = slices.Concat(upper.items(), more)
	return &merged
}

// identity returns a text that equal values have in common.
func (n *node) identity() string {
	text, _ := json.Marshal(n.tree()) // of what JSON was decoded to: it cannot fail
	return string(text)
}
