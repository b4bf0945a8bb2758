package lineage_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// maskNames removes names of persons, in any escape that a URI may have them in.
type maskNames struct{}

func (maskNames) Redact(field string, src []byte) ([]byte, []audit.Redaction) {
	out := bytes.ReplaceAll(src, []byte("alice@fund.com"), []byte("[EMAIL]"))
	if bytes.Equal(out, src) {
		return src, nil
	}
	return out, []audit.Redaction{{Field: field, Detector: "email", Count: 1}}
}

// What agents hand in as a record is recorded under a name by which it is found
// again, or refused with a reason that is an error of the run. No secret gets through.
func TestHostileURIs(t *testing.T) {
	for _, tc := range []struct{ uri, refused string }{
		{"postgres://bob:hunter2@db/prices", ""},
		{"https://api.example/prices?api_key=hunter2&day=1", ""},
		{"https://api.example/prices#access_token=hunter2", ""},
		{"crm://people/alice@fund.com/orders", ""},
		{`C:\Users\bob\Prices 2026.csv`, ""},
		{`\\server\share\x`, ""},
		{"file:///C:/%55sers/x", ""},
		{"db://x/é/価格/\u202egnp", ""},
		{"db://x/" + strings.Repeat("a/", 2000), ""},
		{"db://x/a b\"<>|", ""},
		{"db://x/../../etc/passwd", ""},
		{"urn:isbn:0451450523", ""},
		{"db://x/%", "escape"},
		{"db://x/%zz", "escape"},
		{"db://x/a\nb", "control character"},
		{"db://x/\x00", "control character"},
		{"db://x/\x1b[2J", "control character"},
		{"db://x/\xff\xfe", "UTF-8"},
		{"db://x/" + strings.Repeat("a", 10<<10), "4096"},
		{"prices.csv", "no scheme"},
		{"", "empty"},
		{"://", "no scheme"},
		{"db://h:port/", "port"},
	} {
		rec := audittest.New(t, func(c *audit.Config) { c.Redactor = maskNames{} })
		require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "s", tc.uri)
			lineage.Write(run, "s", "db://out/1", lineage.From(tc.uri))
			return nil
		}))
		for _, r := range rec.Records() {
			assert.NotContains(t, string(r.JSON), "hunter2")
			assert.NotContains(t, string(r.JSON), "alice")
		}
		res, err := lineage.Trace(t.Context(), of(rec.Records()), lineage.Query{Record: tc.uri, Redactor: maskNames{}})
		if tc.refused != "" {
			require.ErrorIs(t, err, audit.ErrInvalid, "%q", tc.uri)
			rec.Errors(tc.refused, tc.refused)
			assert.Equal(t, audit.Partial, rec.Entry().Status)
			assert.Equal(t, 2, rec.Entry().Accesses.Dropped)
			continue
		}
		require.NoError(t, err, "%q", tc.uri)
		rec.Errors()
		require.Len(t, res.Versions, 1, "%q is found again", tc.uri)
		again, err := lineage.Trace(t.Context(), of(rec.Records()), lineage.Query{Record: res.Record, Redactor: maskNames{}})
		require.NoError(t, err)
		assert.Equal(t, res, again, "what the answer calls it finds it too")
	}
}
