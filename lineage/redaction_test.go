package lineage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/redact"
)

// What the redactor of a vault leaves of URIs: names that join, in any escape, and
// that it leaves alone when they come back. Dates, ids and paths stay as they are.
func TestRedactedURIs(t *testing.T) {
	all, err := redact.New(redact.Config{Detectors: []string{"all"}})
	require.NoError(t, err)
	for uri, want := range map[string]string{
		"plexifact://prod/catalog/equity-prices/2026-04-30":         "",
		"warehouse://fund/recon-summary/2012-04-21/2012-04-27":      "",
		"s3://b/part-00000-0f8fad5b-d9cb-469f-a165-70867728950e.gz": "",
		"db://x/orders/20260430123456":                              "",
		"file:///C:/Users/bob/x":                                    "",
		"crm://prod/people/alice@fund.com/orders":                   "crm://prod/people/%5BEMAIL%5D/orders",
		"crm://prod/people/alice%40fund.com/orders":                 "crm://prod/people/%5BEMAIL%5D/orders",
		"crm://prod/+442071838750":                                  "crm://prod/%5BPHONE%5D",
		"crm://prod/%2B442071838750":                                "crm://prod/%5BPHONE%5D",
		"mailto:alice@fund.com":                                     "mailto:%5BEMAIL%5D",
		"s3://b/x?email=alice@fund.com&day=1":                       "s3://b/x?email=%5BEMAIL%5D&day=1",
		"s3://b/4111111111111111.csv":                               "s3://b/%5BCARD%5D.csv",
		"http://192.168.0.1:8080/x":                                 "http://[ip]:8080/x",
		"s3://b/AKIAIOSFODNN7EXAMPLE/x":                             "s3://b/%5BSECRET%5D/x",
		"http://h-AKIAIOSFODNN7EXAMPLE.example/x":                   "",
	} {
		if want == "" {
			want, err = audit.RecordURI(uri, nil)
			require.NoError(t, err)
		}
		got, err := audit.RecordURI(uri, all)
		require.NoError(t, err, uri)
		assert.Equal(t, want, got, uri)
		again, err := audit.RecordURI(got, all)
		require.NoError(t, err)
		assert.Equal(t, got, again, uri)
	}
}
