package vaultcfg

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLayers holds two files, one above the other, to what must be true of any:
// they do not panic, give the same answer twice and no value of the environment
// away, and what comes out is at least as strong as the file above by itself.
func FuzzLayers(f *testing.F) {
	const head = `{"name": "a", "tier": "L2", "environment": "sandbox", "audit": `
	for _, seed := range [][2]string{
		{`{"enabled": true, "retention_days": 365}`, `{"enabled": false, "retention_days": 1}`},
		{`{"pii_patterns": ["a+", {"name": "b", "regexp": "b+"}], "pii_keys": ["*_token"]}`, `{"pii_patterns": [{"name": "b", "regexp": "c"}], "pii_keys": [{"name": "*-TOKEN", "operator": "drop"}]}`},
		{`{"destination": "env:SECRET", "secondary_destination": "s3://b/"}`, `{"destination": "s3://b/", "secondary_destination": "env:SECRET"}`},
		{`[]`, `{"pii_patterns": {}, "pii_keys": [[]]}`},
		{`{"pii_patterns": 1, "pii_redaction": true}`, `{"pii_patterns": ["a"], "pii_redaction": "no"}`},
	} {
		f.Add([]byte(head+seed[0]+"}"), []byte(head+seed[1]+"}"))
	}
	f.Add([]byte("[]"), []byte("{}"))
	options := &Options{Getenv: func(name string) (string, bool) { return "s3://hunter2-correct-horse/", name == "SECRET" }}
	load := func(t *testing.T, files ...[]byte) (*Config, error) {
		found := &findings{}
		var docs []*node
		for i, data := range files {
			doc, err := readLayer(&source{path: fileName, data: data, layer: i}, found)
			require.NoError(t, err)
			if doc == nil {
				break
			}
			docs = append(docs, doc)
		}
		if len(docs) < len(files) {
			return nil, found.errors()
		}
		return finish(docs, docs[0].file, options, found)
	}
	f.Fuzz(func(t *testing.T, above, below []byte) {
		c, err := load(t, below, above)
		again, errAgain := load(t, below, above)
		require.Equal(t, c, again)
		require.Equal(t, err, errAgain)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			if !strings.Contains(string(above)+string(below), "hunter2") {
				require.NotContains(t, err.Error(), "hunter2")
			}
			return
		}
		upper, err := load(t, above)
		if err != nil {
			return // such as a file that is off in production, and turned on by the one below
		}
		require.True(t, c.Audit.Enabled || !upper.Audit.Enabled)
		require.True(t, c.Audit.PIIRedaction || !upper.Audit.PIIRedaction)
		require.True(t, c.Audit.IncludeInputs || !upper.Audit.IncludeInputs)
		require.True(t, c.Audit.IncludeOutputs || !upper.Audit.IncludeOutputs)
		require.GreaterOrEqual(t, c.Audit.RetentionDays, upper.Audit.RetentionDays)
		require.GreaterOrEqual(t, len(c.Audit.PIIPatterns), len(upper.Audit.PIIPatterns))
		require.Equal(t, upper.Audit.PIIPatterns, c.Audit.PIIPatterns[:len(upper.Audit.PIIPatterns):len(upper.Audit.PIIPatterns)])
		for i, rule := range upper.Audit.PIIKeys {
			require.Equal(t, rule, c.Audit.PIIKeys[i])
		}
		if _, given := upper.Origins["audit.destination"]; given {
			require.Equal(t, upper.Audit.Destination.place(), c.Audit.Destination.place())
		}
		require.Equal(t, upper.Audit.SecondaryDestinations, c.Audit.SecondaryDestinations[:len(upper.Audit.SecondaryDestinations):len(upper.Audit.SecondaryDestinations)])
	})
}
