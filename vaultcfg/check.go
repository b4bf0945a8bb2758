package vaultcfg

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/flexorhq/flexor-go/schema"
)

// checkSchema reports in found where doc breaks the schema of vault.json. The
// error it returns is not about the document.
func checkSchema(doc *node, found *findings) error {
	root, err := jsonschema.CompileString(schema.VaultID, schema.Vault())
	if err != nil {
		return err
	}
	err = root.Validate(doc.tree())
	var invalid *jsonschema.ValidationError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &invalid):
		return err
	}
	check := checker{root: root, doc: doc, found: found}
	check.report(invalid)
	return nil
}

// A checker puts the validator's findings into words. The validator says which
// keyword of the schema fails for which value; the facts come from the schema.
type checker struct {
	root  *jsonschema.Schema
	doc   *node
	found *findings
}

func (c checker) report(e *jsonschema.ValidationError) {
	if path.Base(e.KeywordLocation) == "oneOf" { // only a key rule has one
		if n, _ := c.locate(e.InstanceLocation); n.value == (object{}) {
			hint := ""
			if n.get("name") != nil {
				hint = "write two rules for two of them"
			}
			c.found.value(n, `must have either "name" or "pointer"`, hint)
		}
		return // of the wrong type, which is reported as such
	}
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			c.report(cause)
		}
		return
	}
	n, rule := c.locate(e.InstanceLocation)
	switch path.Base(e.KeywordLocation) {
	case "additionalProperties":
		c.unknownKeys(n, rule)
	case "required":
		c.missingKeys(n, rule)
	case "type":
		c.wrongType(n, rule)
	case "enum":
		c.wrongChoice(n, rule)
	case "pattern": // only names have one: that of the vault, and those of patterns
		hint := "use letters, digits and hyphens"
		if n.parent != c.doc {
			hint = "use letters, digits, hyphens and underscores"
		}
		c.found.value(n, fmt.Sprintf("%s has characters that are not allowed", n.describe()), hint)
	case "minLength":
		c.found.value(n, "must not be empty", "")
	case "maxLength":
		c.found.value(n, fmt.Sprintf("longer than %d characters", rule.MaxLength), "")
	case "minimum":
		c.found.value(n, fmt.Sprintf("must be at least %s, found %s", rule.Minimum.RatString(), n.describe()), "")
	case "maximum":
		c.found.value(n, fmt.Sprintf("must be at most %s, found %s", rule.Maximum.RatString(), n.describe()), "")
	default:
		// A keyword that the schema has come to use and this switch does not
		// know. References are not resolved yet, so the text holds no secret.
		c.found.value(n, e.Message, "")
	}
}

// locate follows a JSON Pointer, in the form the validator writes it, to the
// value and to the part of the schema that the value is under.
func (c checker) locate(pointer string) (*node, *jsonschema.Schema) {
	n, rule := c.doc, c.root
	if pointer == "" {
		return n, rule
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if i, err := strconv.Atoi(step); err == nil && n.value == (array{}) {
			n, rule = n.children[i], rule.Items2020
			continue
		}
		step, _ = url.PathUnescape(step)
		step = unescape.Replace(step)
		n, rule = n.byKey[step], rule.Properties[step]
	}
	return n, rule
}

func (c checker) unknownKeys(n *node, rule *jsonschema.Schema) {
	known := slices.Sorted(maps.Keys(rule.Properties))
	for key, child := range n.byKey {
		if _, ok := rule.Properties[key]; ok {
			continue
		}
		hint := ""
		if near, ok := nearest(key, known); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if section, ok := sectionWith(key, c.root); ok {
			hint = fmt.Sprintf("it belongs under %q", section)
		} else {
			hint = "known here: " + strings.Join(known, ", ")
		}
		c.found.key(child, "unknown key", hint)
	}
}

// sectionWith returns the section of vault.json that has a key.
func sectionWith(key string, root *jsonschema.Schema) (section string, ok bool) {
	for _, section := range slices.Sorted(maps.Keys(root.Properties)) {
		if _, ok := root.Properties[section].Properties[key]; ok {
			return section, true
		}
	}
	return "", false
}

func (c checker) missingKeys(n *node, rule *jsonschema.Schema) {
	for _, key := range rule.Required {
		if n.get(key) != nil {
			continue
		}
		hint := ""
		if sub := rule.Properties[key]; len(sub.Enum) > 0 {
			hint = choices(sub)
		}
		c.found.at(n.source(), n.start, n.child(key), "required key is missing", hint)
	}
}

func (c checker) wrongType(n *node, rule *jsonschema.Schema) {
	expected := make([]string, len(rule.Types))
	for i, name := range rule.Types {
		expected[i] = typeNames[name]
	}
	hint := ""
	switch v := n.value.(type) {
	case nil:
		if n.key != "" {
			hint = "leave the key out to get the default"
		}
	case string:
		if quotedByMistake(v, rule.Types) {
			hint = fmt.Sprintf("write %s without quotes", v)
		}
	}
	c.found.value(n, fmt.Sprintf("expected %s, found %s", strings.Join(expected, " or "), n.kind()), hint)
}

// typeNames are the types of JSON Schema in words.
var typeNames = map[string]string{
	"object":  "an object",
	"array":   "a list",
	"string":  "a string",
	"integer": "a whole number",
	"boolean": "true or false",
}

// quotedByMistake reports whether text is a literal of one of the types.
func quotedByMistake(text string, types []string) bool {
	switch {
	case slices.Contains(types, "boolean"):
		return text == "true" || text == "false"
	case slices.Contains(types, "integer"):
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	}
	return false
}

func (c checker) wrongChoice(n *node, rule *jsonschema.Schema) {
	text, ok := n.value.(string)
	if !ok {
		return // of the wrong type, which is reported as such
	}
	hint := choices(rule)
	if near, ok := nearest(text, values(rule)); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.found.value(n, fmt.Sprintf("unknown value %s", quote(text)), hint)
}

// choices lists the values that rule allows.
func choices(rule *jsonschema.Schema) string {
	return "one of " + strings.Join(values(rule), ", ")
}

func values(rule *jsonschema.Schema) []string {
	var list []string
	for _, v := range rule.Enum {
		list = append(list, fmt.Sprint(v))
	}
	return list
}

// kind returns what n is, in words.
func (n *node) kind() string {
	switch v := n.value.(type) {
	case object:
		return "an object"
	case array:
		return "a list"
	case string:
		return "a string"
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return "null"
	}
	return "the number " + n.describe()
}

// describe returns the value of n for a message about it.
func (n *node) describe() string {
	switch v := n.value.(type) {
	case string:
		return quote(v)
	case int64, float64:
		return fmt.Sprint(v)
	}
	return n.kind()
}
