package lineage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// Every relation of a PROV document leads to what it has, and every name has a prefix
// that it declares, or is blank.
func TestPROV(t *testing.T) {
	m := &memory{}
	m.start("1")
	m.access(t, "1", audit.Access{Op: audit.OpRead, Record: "db://x/a"})
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/b"})
	m.end("1", audit.Success, audit.ByReturn)
	m.start("2")
	m.access(t, "2", audit.Access{Op: audit.OpRead, Record: "db://x/b"})
	m.access(t, "2", audit.Access{Op: audit.OpWrite, Record: "db://x/c", From: []string{"db://x/b", "db://x/outside"}})
	m.end("2", audit.Failed, audit.ByKill)
	raw, err := json.Marshal(ask(t, m, lineage.Query{Record: "db://x/b", Direction: lineage.Both}).PROV())
	require.NoError(t, err)
	var doc map[string]map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(strings.Replace(string(raw), `"prefix":{"flexor":"https://flexor.run/ns#"},`, "", 1)), &doc))
	assert.Len(t, doc["activity"], 2)
	assert.Len(t, doc["agent"], 2)
	assert.Len(t, doc["wasGeneratedBy"], 2)
	require.Len(t, doc["specializationOf"], 1)
	for _, s := range doc["specializationOf"] {
		assert.Equal(t, "flexor:version/2", s["prov:specificEntity"])
		assert.Contains(t, doc["entity"], s["prov:generalEntity"])
	}
	assert.Equal(t, "failed", doc["activity"]["flexor:2"]["flexor:status"])
	relations := 0
	for kind, members := range doc {
		for name, m := range members {
			assert.Regexp(t, `^(flexor:|_:)`, name)
			for _, end := range []string{"entity", "activity", "agent"} {
				if to, ok := m["prov:"+end]; ok && kind != "entity" {
					relations++
					assert.Contains(t, doc[end], to)
				}
			}
		}
	}
	assert.Equal(t, 2*(len(doc["used"])+len(doc["wasGeneratedBy"])+len(doc["wasAssociatedWith"])), relations)
	labels := map[any]bool{}
	for _, e := range doc["entity"] {
		labels[e["prov:label"]] = true
	}
	for _, record := range []string{"db://x/a", "db://x/b", "db://x/c"} {
		assert.True(t, labels[record], record)
	}
}
