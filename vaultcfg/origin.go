package vaultcfg

import (
	"cmp"
	"fmt"
	"strconv"
)

// An Origin is the place of a setting. The zero value is that of a default, which
// is in no file.
type Origin struct {
	// Path is the vault.json, absolute; as given to [Parse] when it was given no
	// directory.
	Path string

	// Line and Column say where in the file the value begins, from 1, the column
	// counted in characters.
	Line, Column int
}

// String returns the origin as path:line:column, and "default" for the zero value.
func (o Origin) String() string {
	if o == (Origin{}) {
		return "default"
	}
	return fmt.Sprintf("%s:%d:%d", o.Path, o.Line, o.Column)
}

// SecondaryOrigin returns the place of the secondary destination with that number in the
// order of [Audit.SecondaryDestinations].
func (c *Config) SecondaryOrigin(i int) Origin {
	const key = "audit.secondary_destination"
	if from, ok := c.Origins[key]; ok {
		return from // a single string
	}
	return c.Origins[key+"["+strconv.Itoa(i)+"]"]
}

func originOf(n *node) Origin {
	file := n.source()
	return Origin{cmp.Or(file.full, file.path), n.start.line, n.start.column}
}

// origins returns where the settings of a document are from.
func origins(doc *node) map[string]Origin {
	from := make(map[string]Origin)
	addOrigins(from, "", doc)
	delete(from, "$schema") // it has no effect, so it is no setting
	return from
}

func addOrigins(from map[string]Origin, prefix string, section *node) {
	for key, n := range section.byKey {
		path := prefix + key
		switch {
		case n.value == (object{}):
			addOrigins(from, path+".", n)
		case appended[key] && n.value == (array{}):
			for i, item := range n.list() {
				from[path+"["+strconv.Itoa(i)+"]"] = originOf(item)
			}
		default:
			from[path] = originOf(n)
		}
	}
}
