package flexor_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/schema"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// validateEntries checks every entry of a log, as it stands there, against the
// published schema, and returns how many there are.
func validateEntries(t *testing.T, log *vault.Reader) (n int) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	require.NoError(t, compiler.AddResource(schema.EntryID, strings.NewReader(schema.Entry())))
	entry, err := compiler.Compile(schema.EntryID)
	require.NoError(t, err)
	for rec, err := range log.Records(t.Context(), 0) {
		require.NoError(t, err)
		line, err := audit.DecodeLine(rec.Line)
		require.NoError(t, err)
		if line.Kind != audit.KindRun {
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(rec.Line))
		dec.UseNumber()
		var value any
		require.NoError(t, dec.Decode(&value))
		require.NoError(t, entry.Validate(value), "%s", rec.Line)
		n++
	}
	return n
}
