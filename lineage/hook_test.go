package lineage_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// accesses returns the accesses that were recorded, in order.
func accesses(t *testing.T, rec *audittest.Recorder) (out []audit.Access) {
	t.Helper()
	for _, r := range recorded(rec) {
		var a audit.Access
		require.NoError(t, json.Unmarshal(r.JSON, &a))
		out = append(out, a)
	}
	return out
}

// happened returns the accesses that were recorded, each as its operation and record.
func happened(t *testing.T, rec *audittest.Recorder) []string {
	t.Helper()
	out := []string{}
	for _, a := range accesses(t, rec) {
		out = append(out, string(a.Op)+" "+a.Record)
	}
	return out
}
