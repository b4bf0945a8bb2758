package file

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

func TestSettings(t *testing.T) {
	c, err := Settings("kinds=run,decision,governance&max_size=1048576&daily=true&compress=zst&perm=0640")
	require.NoError(t, err)
	require.Equal(t, &Config{Kinds: []audit.Kind{audit.KindRun, audit.KindDecision, KindGovernance}, MaxSize: 1 << 20, Daily: true, Compress: Zstd, Perm: 0o640}, c)
	c, err = Settings("")
	require.NoError(t, err)
	require.Equal(t, &Config{}, c)
	for query, says := range map[string]string{
		"kinds=runs":            `setting kinds: no record has the kind "runs"; there are ["start" `,
		"kinds=":                "setting kinds: ",
		"max_size=1MB":          "setting max_size: ",
		"daily=weekly":          "setting daily: ",
		"compress=zip":          `setting compress: no way to compress is called "zip"; there are "gz" and "zst"`,
		"perm=0888":             "setting perm: ",
		"perm=7777":             "setting perm: ",
		"Daily=true":            "setting Daily: there is none of that name; there are kinds, max_size, daily, compress and perm",
		"daily=true&daily=true": "setting daily: it is there 2 times",
		"daily=%zz":             "settings: ",
	} {
		_, err := Settings(query)
		require.ErrorContains(t, err, says, query)
	}
}
