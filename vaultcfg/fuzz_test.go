package vaultcfg_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

// FuzzParse holds Parse to what must be true of any file: it does not panic, it
// gives the same answer twice, it takes nothing that is not JSON, its errors are
// one a line and point into the file, and no value of the environment shows.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"{" + head + "}",
		live(`"audit": {"retention_days": 1e2, "pii_patterns": ["a|b", {"regexp": "(x)", "group": 1}]}`),
		with(`"notifications": {"slack_webhook": "env:SECRET"}, "data": {"catalog": "env:MISSING"}`),
		with(`"audit": {"destination": "env:SECRET", "secondary_destination": "s3://b/%2e"}`),
		with(`"audit": {"destination": "vault://a/../%5c"}, "audit": {}`),
		with(`"permissions": {"who_can_edit_l2": ["a", "env:SECRET"]}, "retention_dayz": null`),
		"\ufeff{}", "{} //", "[[[[", `{"a":1,}`, "{\"a\": \"\n", "\xff", "",
	} {
		f.Add([]byte(seed))
	}
	const secret = "vault://../hunter2-correct-horse"
	options := env(map[string]string{"SECRET": secret})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := vaultcfg.Parse(data, "", options)
		again, errAgain := vaultcfg.Parse(bytes.Clone(data), "", options)
		require.Equal(t, c, again)
		require.Equal(t, err, errAgain)
		if err == nil {
			require.True(t, json.Valid(data))
			return
		}
		require.Nil(t, c)
		var errs vaultcfg.Errors
		require.ErrorAs(t, err, &errs)
		require.NotEmpty(t, errs)
		require.Equal(t, len(errs), strings.Count(err.Error(), "\n")+1, "one line per error")
		if !bytes.Contains(data, []byte("hunter2")) {
			require.NotContains(t, err.Error(), "hunter2")
		}
		for _, e := range errs {
			require.ErrorIs(t, e, vaultcfg.ErrInvalid)
			require.True(t, 1 <= e.Line && e.Line <= bytes.Count(data, []byte("\n"))+1, "line %d", e.Line)
			line := bytes.Split(data, []byte("\n"))[e.Line-1]
			require.True(t, 1 <= e.Column && e.Column <= len(line)+1, "column %d", e.Column)
		}
	})
}
