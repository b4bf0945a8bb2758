package ident

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		check func(string) error
		name  string
		ok    bool
	}{
		{Name, "data-freshness-check", true},
		{Name, "core.notify.slack", true},
		{Name, "team/feed_monitor", true},
		{Name, "7", true},
		{Name, "load-2026-04-30", true},
		{Name, "load-219-09-9999", false},
		{Name, "a4111111111111111", false},
		{Token, "wrt_01jabcdefgh1234567890", true},
		{Token, "a b", false},
		{Name, strings.Repeat("a", 128), true},
		{Name, strings.Repeat("a", 129), false},
		{Name, "", false},
		{Name, "-x", false},
		{Name, ".x", false},
		{Name, "/etc", false},
		{Name, "a b", false},
		{Name, "a@b", false},
		{Name, "a+b", false},
		{Name, "a\n", false},
		{Name, "é", false},
		{Name, "a\xff", false},
		{Version, "1.4.2", true},
		{Version, "v2.0.0-rc.1+build.5", true},
		{Version, "sha256:abc", true},
		{Version, "", false},
		{Version, "1@2", false},
		{Principal, "alice@fund.com", true},
		{Principal, "Zoë Müller <z@fund.com>", true},
		{Principal, strings.Repeat("a", 256), true},
		{Principal, strings.Repeat("a", 257), false},
		{Principal, "", false},
		{Principal, " a", false},
		{Principal, "a\tb", false},
		{Principal, "a\u202eb", false},
		{Principal, "a\u200bb", false},
		{Principal, "a\xffb", false},
		{Principal, "a\x00", false},
	} {
		err := tc.check(tc.name)
		if tc.ok {
			require.NoError(t, err, "%q", tc.name)
			continue
		}
		require.Error(t, err, "%q", tc.name)
		assert.Less(t, len(err.Error()), 400)
		assert.NotContains(t, err.Error(), "\u202e", "an error shows what it is about, escaped")
	}
}
