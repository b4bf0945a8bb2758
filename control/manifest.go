package control

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// A Manifest is what a deployment needs to know of an agent's file.
type Manifest struct {
	Name        string           // required
	Version     string           // empty: not stated
	Environment rbac.Environment // required
}

// maxManifest is the size in bytes that no agent's file exceeds.
const maxManifest = 1 << 20

// manifestIn returns the function that reads the files of agents in a vault.
func manifestIn(dir string) func(agent string) (Manifest, bool, error) {
	return func(agent string) (Manifest, bool, error) {
		if !filepath.IsLocal(filepath.FromSlash(agent)) {
			return Manifest{}, false, nil // such as a/../../b: no name of a file in the vault
		}
		path := filepath.Join(dir, "agents", filepath.FromSlash(agent)+".yaml")
		data, err := durable.ReadFile(durable.Disk{}, path, maxManifest)
		if errors.Is(err, fs.ErrNotExist) {
			return Manifest{}, false, nil
		}
		if err != nil {
			return Manifest{}, false, err
		}
		m, err := ReadManifest(data)
		if err != nil {
			return Manifest{}, false, fmt.Errorf("%s: %w", path, err)
		}
		return m, true, nil
	}
}

// ReadManifest reads the file of an agent, agents/<name>.yaml: the keys name,
// version and environment at its top level, each with a plain or quoted scalar on
// the same line. It looks at nothing else in the file. YAML has many ways to say the
// same, and more to say what looks the same; what this does not understand for
// certain is an error with the number of the line.
func ReadManifest(data []byte) (Manifest, error) {
	values := map[string]string{}
	open := ""                   // the key whose value must not go on
	began, keyed := false, false // there was a line, and one with a key
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		n++
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		bad := func(why string) (Manifest, error) {
			return Manifest{}, fmt.Errorf("line %d: %s; write name, version and environment as plain keys at the beginning of a line", n, why)
		}
		if strings.ContainsAny(text, "\r\u0085\u2028\u2029") {
			return bad("YAML breaks this line in the middle")
		}
		switch content := strings.TrimLeft(text, " \t"); {
		case content == "" || content[0] == '#':
			continue
		case !keyed && (len(content) < len(text) || isItem(text)):
			return bad("it stands below no key")
		case len(content) < len(text): // below some key
			if open != "" {
				return bad("the value of " + open + " goes on in another line")
			}
			continue
		case text == "---" && !began:
			began = true
			continue
		}
		began, open = true, ""
		if isItem(text) {
			continue // an item of the list that is the value of the key before
		}
		key, value, ok := strings.Cut(text, ":")
		if !ok || value != "" && value[0] != ' ' && value[0] != '\t' || strings.ContainsAny(key, "{}[]?&*!|>%@`<,#") {
			return bad("this is not the form key: value")
		}
		keyed = true
		key, err := scalar(key)
		if err != nil {
			return bad("the key: " + err.Error())
		}
		if key != "name" && key != "version" && key != "environment" {
			continue
		}
		if _, twice := values[key]; twice {
			return bad(key + " is there twice")
		}
		if values[key], err = scalar(value); err != nil {
			return bad(key + ": " + err.Error())
		}
		open = key
	}
	return manifestOf(values)
}

// isItem reports whether a line begins an item of a list.
func isItem(line string) bool { return line == "-" || strings.HasPrefix(line, "- ") }

func manifestOf(values map[string]string) (Manifest, error) {
	m := Manifest{values["name"], values["version"], rbac.Environment(values["environment"])}
	if err := ident.Name(m.Name); err != nil {
		return Manifest{}, fmt.Errorf("name %w", err)
	}
	if _, stated := values["version"]; stated {
		if err := ident.Version(m.Version); err != nil {
			return Manifest{}, fmt.Errorf("version %w", err)
		}
	}
	switch m.Environment {
	case rbac.Sandbox, rbac.Staging, rbac.Production:
		return m, nil
	}
	return Manifest{}, errors.New("environment must be sandbox, staging or production")
}

// scalar returns what a plain or quoted scalar with nothing but a comment behind it
// says.
func scalar(text string) (string, error) {
	text = strings.Trim(text, " \t")
	if text == "" {
		return "", errors.New("there is no value in this line")
	}
	quote := text[0]
	if quote != '"' && quote != '\'' {
		if strings.IndexByte("{}[]&*!|>%@`#,?-", quote) >= 0 {
			return "", fmt.Errorf("a value that begins with %q", quote)
		}
		if i := strings.Index(text, " #"); i >= 0 {
			text = text[:i]
		}
		text = strings.TrimRight(text, " \t")
		if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
			return "", errors.New("a second colon")
		}
		return text, nil
	}
	inner, rest, ok := strings.Cut(text[1:], text[:1])
	rest = strings.TrimLeft(rest, " \t")
	if !ok || strings.ContainsRune(inner, '\\') || rest != "" && rest[0] != '#' {
		return "", errors.New("a quoted value with more than plain text in it")
	}
	return inner, nil
}
