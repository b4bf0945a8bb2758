package control

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/flexorhq/flexor-go/rbac"
)

func TestReadManifest(t *testing.T) {
	want := Manifest{"feed-monitor", "1.10", rbac.Production}
	for _, text := range []string{
		"name: feed-monitor\nversion: 1.10\nenvironment: production\n",
		"\ufeff---\n# of the desk\nname:   feed-monitor  # who\r\nversion: '1.10'\r\nenvironment: \"production\"\r\n",
		`environment: production
description: |
  name: not this
  environment: sandbox
trigger:
  type: schedule
  cron: "0 6 * * *"
tasks:
- skill: data-freshness-check
  args: {environment: staging}
- condition: stale
"version": 1.10
name: feed-monitor`,
		"note: \"\n  name: no\n  \"\nname: feed-monitor\nversion: 1.10\nenvironment: production",
	} {
		m, err := ReadManifest([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, m, text)
	}
	for text, says := range map[string]string{
		"":                           "name is empty",
		"name: a\nenvironment: prod": "sandbox, staging or production",
		"name: a\nname: b\nenvironment: production":                        "line 2: name is there twice",
		"name: a\nenvironment: production\n---\nname: b":                   "line 3",
		"name: a\nenvironment: production\n...\n":                          "line 3",
		"{name: a, environment: production}":                               "line 1",
		"name: &a a\nenvironment: production":                              "line 1: name",
		"name: a\nenvironment: *e":                                         "environment",
		"name: a\nenvironment:\n  production":                              "line 2",
		"name: a\nenvironment: production\n  and more":                     "goes on in another line",
		"name: a\nenvironment: !!str production":                           "environment",
		"name: a\nenvironment: \"pro\\x64uction\"":                         "more than plain text",
		"name: a\nenvironment: >\n  production":                            "environment",
		"<<: *base\nname: a\nenvironment: production":                      "line 1",
		"? name\n: a\nenvironment: production":                             "line 1",
		"name: a b\nenvironment: production":                               "name",
		"name: a\nversion: \nenvironment: production":                      "version",
		"name: a: b\nenvironment: production":                              "colon",
		"name:a\nenvironment: production":                                  "line 1",
		"- name: a\n  environment: production":                             "line 1: it stands below no key",
		"---\n -\nname: a\nenvironment: production":                        "line 2: it stands below no key",
		"name # x: a\nenvironment: production":                             "line 1",
		"name: a\nx: y\rversion: 9\nenvironment: production":               "line 2: YAML breaks",
		"name: a\nx: y\u2028version: 9\nenvironment: production":           "line 2: YAML breaks",
		"name: 'a''b'\nenvironment: production":                            "name",
		"name: a\nenvironment: production\n\"environ\\u006dent\": staging": "key",
	} {
		_, err := ReadManifest([]byte(text))
		require.ErrorContains(t, err, says, "%q", text)
	}
}

// What is read is what a YAML library reads: this one may refuse more, but never sees
// something else. The library also lets a quoted text or a list in brackets go on at the
// margin, where by YAML 1.2.2, section 7.3, it has to be indented: such texts do not count.
func FuzzManifest(f *testing.F) {
	f.Add("name: feed-monitor\nversion: 1.10\nenvironment: production\n")
	f.Add("---\nname: 'a' # x\nnote: |\n  b\nenvironment: sandbox")
	f.Add("a: [\nname: a\n]\nname: b\nenvironment: sandbox")
	f.Add("a: \"\nname: a\n\"\nname: b\nenvironment: sandbox")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ReadManifest([]byte(text))
		if err != nil {
			return
		}
		var top yaml.Node
		if yaml.Unmarshal([]byte(text), &top) != nil {
			return // no YAML: whoever runs the agent will say so
		}
		if len(top.Content) != 1 || top.Content[0].Kind != yaml.MappingNode {
			t.Fatalf("%q is no mapping", text)
		}
		got, begins := map[string]string{}, map[int]bool{}
		for i := 0; i+1 < len(top.Content[0].Content); i += 2 {
			key, value := top.Content[0].Content[i], top.Content[0].Content[i+1]
			got[key.Value], begins[key.Line] = strings.TrimSpace(value.Value), true
		}
		for i, line := range strings.Split(text, "\n") {
			atMargin := strings.Trim(line, " \t\r") != "" && !strings.ContainsAny(line[:1], " \t#\ufeff") && line != "---" && !isItem(line)
			if atMargin && !begins[i+1] {
				return
			}
		}
		if got["name"] != m.Name || got["environment"] != string(m.Environment) || got["version"] != m.Version {
			t.Fatalf("%q: read as %+v, is %v", text, m, got)
		}
	})
}
