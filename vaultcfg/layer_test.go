package vaultcfg_test

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// layered makes vaults below each other, the least specific first, and returns
// their directories. What each has besides its name begins on its second line.
func layered(t *testing.T, layers ...[2]string) (dirs []string) {
	t.Helper()
	dir := tempDir(t)
	for i, l := range layers {
		if i > 0 {
			dir = filepath.Join(dir, "below")
			require.NoError(t, os.Mkdir(dir, 0o700))
		}
		tier, more := l[0], l[1]
		if more != "" {
			more = ",\n" + more
		}
		writeFile(t, filepath.Join(dir, "vault.json"), `{"name": "`+strings.ToLower(tier)+`", "tier": "`+tier+`", "environment": "sandbox"`+more+"}")
		dirs = append(dirs, dir)
	}
	return dirs
}

func TestLayers(t *testing.T) {
	dirs := layered(t,
		[2]string{"L1", `"description": "platform", "data": {"catalog": "platform", "max_rows_per_query": 1}, "sync": {"auto": true}`},
		[2]string{"L2", `"notifications": {"slack_webhook": "env:HOOK"}, "data": {"catalog": "company"},
"audit": {"retention_days": 365, "pii_redaction": true, "pii_patterns": ["ACC-[0-9]+"], "pii_keys": ["*_token"],
"destination": "vault://trail/", "secondary_destination": "s3://firm/"}`},
		[2]string{"L3", ""},
		[2]string{"L4", `"data": {"max_rows_per_query": 4}, "permissions": {"who_can_create_agents": "nav"},
"audit": {"retention_days": 3650, "include_inputs": true, "pii_patterns": [{"regexp": "NAV-[0-9]+", "operator": "drop"}, "ACC-[0-9]+"],
"secondary_destination": ["file:///mnt/nav", "s3://firm/", "file:///mnt/archive/"]}`},
	)
	l2, l4 := filepath.Join(dirs[1], "vault.json"), filepath.Join(dirs[3], "vault.json")

	c, err := vaultcfg.Load(dirs[3], env(map[string]string{"HOOK": "https://hooks/T0"}))
	require.NoError(t, err)
	assert.Equal(t, "l4", c.Name)
	assert.Equal(t, dirs[3], c.Dir)
	assert.Equal(t, "company", c.Data.Catalog, "the more specific layer wins")
	assert.Equal(t, 4, c.Data.MaxRowsPerQuery)
	assert.True(t, c.Sync.Auto)
	assert.Equal(t, "https://hooks/T0", c.Notifications.SlackWebhook)
	assert.Empty(t, c.Description, "what a vault is for is not passed down")
	assert.Equal(t, []string{"nav"}, c.Permissions.WhoCanCreateAgents)
	assert.Equal(t, vaultcfg.Audit{
		Enabled: true, RetentionDays: 3650, IncludeInputs: true, PIIRedaction: true,
		PIIPatterns: []redact.Pattern{{Regexp: "ACC-[0-9]+"}, {Regexp: "NAV-[0-9]+", Operator: redact.Drop}},
		PIIKeys:     []redact.KeyRule{{Name: "*_token"}},
		Destination: vaultcfg.Location{Scheme: "vault", Host: "trail", Path: "/", Raw: "vault://trail/"},
		SecondaryDestinations: []vaultcfg.Location{
			{Scheme: "s3", Host: "firm", Path: "/", Raw: "s3://firm/"},
			{Scheme: "file", Path: "/mnt/nav", Raw: "file:///mnt/nav"},
			{Scheme: "file", Path: "/mnt/archive/", Raw: "file:///mnt/archive/"},
		},
	}, c.Audit)
	trail, err := c.Resolve(c.Audit.Destination)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dirs[3], "trail"), trail, "each vault has a log of its own")

	assert.Equal(t, []vaultcfg.Layer{
		{Path: l4, Name: "l4", Tier: vaultcfg.L4},
		{Path: filepath.Join(dirs[2], "vault.json"), Name: "l3", Tier: vaultcfg.L3},
		{Path: l2, Name: "l2", Tier: vaultcfg.L2},
		{Path: filepath.Join(dirs[0], "vault.json"), Name: "l1", Tier: vaultcfg.L1},
	}, c.Layers)
	assert.Equal(t, vaultcfg.Origin{Path: l4, Line: 3, Column: 29}, c.Origins["audit.retention_days"])
	assert.Equal(t, vaultcfg.Origin{Path: l2, Line: 3, Column: 51}, c.Origins["audit.pii_redaction"])
	assert.Equal(t, l2+":3:74", c.Origins["audit.pii_patterns[0]"].String())
	assert.Equal(t, l4, c.Origins["audit.pii_patterns[1]"].Path)
	assert.NotContains(t, c.Origins, "audit.pii_patterns[2]", "what a layer says again is there once")
	assert.Equal(t, l2, c.Origins["audit.pii_keys[0]"].Path)
	assert.Equal(t, l2+":4:59", c.Origins["audit.secondary_destination[0]"].String())
	assert.Equal(t, l4+":4:27", c.SecondaryOrigin(1).String())
	assert.Equal(t, l4+":4:60", c.SecondaryOrigin(2).String())
	assert.Equal(t, "default", c.Origins["audit.enabled"].String())

	// The layers below are no part of the one above.
	c, err = vaultcfg.Load(dirs[1], env(map[string]string{"HOOK": "https://hooks/T0"}))
	require.NoError(t, err)
	assert.Equal(t, 365, c.Audit.RetentionDays)
	assert.Equal(t, 1, c.Data.MaxRowsPerQuery)
	assert.Len(t, c.Layers, 2)
	assert.Equal(t, l2+":4:59", c.SecondaryOrigin(0).String(), "a single string")
}

func TestLayersNeverWeaken(t *testing.T) {
	const rule = "a lower layer may strengthen the audit of the layers above, never weaken it: "
	for name, test := range map[string]struct{ above, below, want string }{
		"turn off":              {`"audit": {"enabled": true}`, `"audit": {"enabled": false}`, `audit.enabled: must not be false, as the layer above has true (ABOVE:2:22) (` + rule + `remove it)`},
		"turn off by default":   {``, `"audit": {"enabled": false}`, `audit.enabled: must not be false, as the layer above has true by default (ABOVE:1:1) (` + rule + `remove it)`},
		"turn off in a section": {`"audit": {}`, `"audit": {"enabled": false}`, `audit.enabled: must not be false, as the layer above has true by default (ABOVE:2:10) (` + rule + `remove it)`},
		"inputs":                {`"audit": {"include_inputs": true}`, `"audit": {"include_inputs": false}`, `audit.include_inputs: must not be false, as the layer above has true (ABOVE:2:29) (` + rule + `remove it)`},
		"outputs":               {`"audit": {"include_outputs": true}`, `"audit": {"include_outputs": false}`, `audit.include_outputs: must not be false, as the layer above has true (ABOVE:2:30) (` + rule + `remove it)`},
		"redaction":             {`"audit": {"pii_redaction": true}`, `"audit": {"pii_redaction": false}`, `audit.pii_redaction: must not be false, as the layer above has true (ABOVE:2:28) (` + rule + `remove it)`},
		"retention":             {`"audit": {"retention_days": 365}`, `"audit": {"retention_days": 364}`, `audit.retention_days: 364 days is shorter than the 365 of the layer above (ABOVE:2:29) (` + rule + `write 365 or more, or remove it)`},
		"default retention":     {``, `"audit": {"retention_days": 89}`, `audit.retention_days: 89 days is shorter than the 90 of the layer above by default (ABOVE:1:1) (` + rule + `write 90 or more, or remove it)`},
		"destination":           {`"audit": {"destination": "env:A"}`, `"audit": {"destination": "s3://other/"}`, `audit.destination: is not that of the layer above, "env:A" (ABOVE:2:26) (` + rule + `remove it)`},
		"the same second place": {`"audit": {"secondary_destination": ["s3://firm/", "env:B"]}`, `"audit": {"secondary_destination": "s3://hunter2"}`, `audit.secondary_destination: the same place as "env:B" (ABOVE:2:51), so there would be no further copy (name another place, or remove it)`},
		"no second destination": {`"audit": {"secondary_destination": "s3://firm/"}`, `"audit": {"secondary_destination": null}`, `audit.secondary_destination: expected a string or a list, found null (leave the key out to get the default)`},
		"pattern by name":       {`"audit": {"pii_patterns": [{"name": "acc", "regexp": "ACC-[0-9]+"}]}`, `"audit": {"pii_patterns": [{"name": "acc", "regexp": "ACC-x"}]}`, `audit.pii_patterns[0]: defines "acc" anew in the layer above (ABOVE:2:28) (` + rule + `choose another name, or remove it)`},
		"pattern by expression": {`"audit": {"pii_patterns": ["b+", "a+"]}`, `"audit": {"pii_patterns": [{"regexp": "a+", "operator": "last4"}]}`, `audit.pii_patterns[0]: has operator "last4" for what has "mask" in the layer above (ABOVE:2:34) (` + rule + `remove it)`},
		"key rule":              {`"audit": {"pii_keys": [{"name": "DB-Password", "operator": "drop"}]}`, `"audit": {"pii_keys": ["user", "db_password"]}`, `audit.pii_keys[1]: has operator "mask" for what has "drop" in the layer above (ABOVE:2:24) (` + rule + `remove it)`},
		"weaker lock":           {`"audit": {"s3": {"object_lock": "compliance"}}`, `"audit": {"s3": {"object_lock": "governance"}}`, `audit.s3.object_lock: is weaker than "compliance" in the layer above (ABOVE:2:33) (` + rule + `remove it)`},
		"no lock":               {`"audit": {"s3": {"object_lock": "governance"}}`, `"audit": {"s3": {"object_lock": "none"}}`, `audit.s3.object_lock: is weaker than "governance" in the layer above (ABOVE:2:33) (` + rule + `remove it)`},
		"no hold":               {`"audit": {"s3": {"legal_hold": true}}`, `"audit": {"s3": {"legal_hold": false}}`, `audit.s3.legal_hold: must not be false, as there is true in the layer above (ABOVE:2:32) (` + rule + `remove it)`},
		"another server":        {`"audit": {"s3": {"endpoint": "https://firm"}}`, `"audit": {"s3": {"endpoint": "https://mine"}}`, `audit.s3.endpoint: is not that in the layer above (ABOVE:2:30) (` + rule + `remove it)`},
		"another encryption":    {`"audit": {"s3": {"sse": "aws:kms"}}`, `"audit": {"s3": {"sse": "AES256"}}`, `audit.s3.sse: is not that in the layer above (ABOVE:2:25) (` + rule + `remove it)`},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := layered(t, [2]string{"L2", test.above}, [2]string{"L4", test.below})
			_, err := vaultcfg.Load(dirs[1], env(map[string]string{"A": "s3://hunter2/", "B": "s3://hunter2/"}))
			require.ErrorIs(t, err, vaultcfg.ErrInvalid)
			assert.NotContains(t, err.Error(), "hunter2")
			file, above := filepath.Join(dirs[1], "vault.json"), filepath.Join(dirs[0], "vault.json")
			rest, ok := strings.CutPrefix(err.Error(), file+":2:")
			require.True(t, ok, err.Error())
			_, rest, _ = strings.Cut(rest, " ")
			assert.Equal(t, strings.ReplaceAll(test.want, "ABOVE", above), rest)
		})
	}
}

// TestLayersMayStrengthen has in a lower layer what is at least as strong.
func TestLayersMayStrengthen(t *testing.T) {
	const asked = `"audit": {"retention_days": 365, "include_inputs": true, "pii_redaction": true, "pii_patterns": [{"name": "a", "regexp": "a+"}],
"pii_keys": ["token"], "destination": "vault://audit-log/", "secondary_destination": "s3://firm/x"}`
	for name, test := range map[string]struct{ above, below string }{
		"the same":             {asked, asked},
		"nothing":              {asked, `"audit": {}`},
		"no pattern":           {asked, `"audit": {"pii_patterns": [], "pii_keys": []}`},
		"more":                 {asked, `"audit": {"retention_days": 366, "include_outputs": true, "secondary_destination": "file:///mnt/archive/"}`},
		"no more places":       {asked, `"audit": {"secondary_destination": []}`},
		"more patterns":        {asked, `"audit": {"pii_patterns": ["a+", "b+"], "pii_keys": ["TOKEN", {"pointer": "/a", "operator": "hmac"}]}`},
		"another default":      {`"audit": {"enabled": true}`, `"audit": {"destination": "vault://trail/", "secondary_destination": "s3://firm/"}`},
		"stronger lock":        {`"audit": {"s3": {"object_lock": "governance", "region": "a"}}`, `"audit": {"s3": {"object_lock": "compliance", "legal_hold": true}}`},
		"on":                   {`"audit": {"enabled": false}`, `"audit": {"enabled": true}`},
		"off as the one above": {`"audit": {"enabled": false}`, `"audit": {"enabled": false}`},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := layered(t, [2]string{"L2", test.above}, [2]string{"L4", test.below})
			c, err := vaultcfg.Load(dirs[1], nil)
			require.NoError(t, err)
			assert.Len(t, c.Layers, 2)
		})
	}
}

// TestProductionBelowALayer has rules broken by what is inherited.
func TestProductionBelowALayer(t *testing.T) {
	dirs := layered(t, [2]string{"L2", `"audit": {"enabled": false}`}, [2]string{"L4", ""})
	above, file := filepath.Join(dirs[0], "vault.json"), filepath.Join(dirs[1], "vault.json")
	writeFile(t, file, `{"name": "nav", "tier": "L4", "environment": "production"}`)
	_, err := vaultcfg.Load(dirs[1], nil)
	require.EqualError(t, err, above+":2:22: audit.enabled: must not be false in production (remove it, or choose another environment)")

	writeFile(t, above, `{"name": "firm", "tier": "L2", "environment": "sandbox", "audit": {"retention_days": 91}}`)
	c, err := vaultcfg.Load(dirs[1], nil)
	require.NoError(t, err)
	assert.Equal(t, []string{above + ":1:86: audit.retention_days: 91 days is short for production (keep at least 183 days; 365 for regulated work)"}, c.Warnings)

	writeFile(t, above, `{"name": "firm", "tier": "L2", "environment": "sandbox", "audit": {"retention_days": 365}}`)
	c, err = vaultcfg.Load(dirs[1], nil)
	require.NoError(t, err)
	assert.Empty(t, c.Warnings)
}

// TestNoLayer has a vault.json above that is no layer of the vault, whatever it
// holds.
func TestNoLayer(t *testing.T) {
	for name, tiers := range map[string][2]string{
		"of the same tier":        {"L2", "L2"},
		"of a more specific tier": {"L4", "L2"},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := layered(t, [2]string{tiers[0], `"audit": {"retention_days": 0, "destination": "env:MISSING"}, "nonsense": 1`}, [2]string{tiers[1], ""})
			c, err := vaultcfg.Load(dirs[1], nil)
			require.NoError(t, err)
			assert.Len(t, c.Layers, 1)
			assert.Empty(t, c.Warnings)
		})
	}
	t.Run("that everyone may write", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("package os does not know it there")
		}
		dirs := layered(t, [2]string{"L1", ""}, [2]string{"L2", `"audit": {"retention_days": 3650}`}, [2]string{"L4", ""})
		for _, path := range []string{dirs[1], filepath.Join(dirs[1], "vault.json")} {
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.Chmod(path, info.Mode().Perm()|0o002))
			c, err := vaultcfg.Load(dirs[2], nil)
			require.NoError(t, err)
			assert.Equal(t, 90, c.Audit.RetentionDays)
			assert.Equal(t, "l1", c.Layers[1].Name, "what is above it is still a layer")
			assert.Equal(t, []string{filepath.Join(dirs[1], "vault.json") + ": is not taken for a layer above this vault, because everyone may write the file or its directory (chmod o-w both, or move the vault)"}, c.Warnings)
			require.NoError(t, os.Chmod(path, info.Mode().Perm()))
		}
	})
	t.Run("that is no file, in a directory of everyone", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("package os does not know it there")
		}
		dirs := layered(t, [2]string{"L2", ""}, [2]string{"L4", ""})
		require.NoError(t, os.Remove(filepath.Join(dirs[0], "vault.json")))
		require.NoError(t, os.Mkdir(filepath.Join(dirs[0], "vault.json"), 0o700))
		require.NoError(t, os.Chmod(dirs[0], 0o777))
		c, err := vaultcfg.Load(dirs[1], nil)
		require.NoError(t, err)
		assert.Len(t, c.Warnings, 1)
	})
	t.Run("that only a link is below", func(t *testing.T) {
		dirs := layered(t, [2]string{"L2", `"audit": {"retention_days": 3650}`})
		elsewhere := vaultDir(t)
		symlink(t, elsewhere, filepath.Join(dirs[0], "link"))
		c, err := vaultcfg.Load(filepath.Join(dirs[0], "link"), nil)
		require.NoError(t, err)
		assert.Len(t, c.Layers, 1)
	})
}

// TestBrokenLayers reports what is wrong in every file, the vault's own first.
func TestBrokenLayers(t *testing.T) {
	dirs := layered(t,
		[2]string{"L1", `"audit": {"destination": "env:MISSING"}`},
		[2]string{"L2", `"audit": {"retention_dayz": 1}`},
		[2]string{"L4", `"audit": {"pii_patterns": ["("], "retention_days": 1}`},
	)
	file := func(i int) string { return filepath.Join(dirs[i], "vault.json") }
	_, err := vaultcfg.Load(dirs[2], env(nil))
	require.EqualError(t, err, strings.Join([]string{
		file(2) + `:2:28: audit.pii_patterns[0]: not a regular expression: missing closing ) (the syntax is RE2: https://github.com/google/re2/wiki/Syntax)`,
		file(2) + `:2:52: audit.retention_days: 1 days is shorter than the 90 of the layer above by default (` + file(1) + `:2:10) (a lower layer may strengthen the audit of the layers above, never weaken it: write 90 or more, or remove it)`,
		file(1) + `:2:11: audit.retention_dayz: unknown key (did you mean "retention_days"?)`,
		file(0) + `:2:26: audit.destination: the environment variable MISSING is not set (set it before starting)`,
	}, "\n"))

	for name, test := range map[string]struct{ data, want string }{
		"malformed": {"{", `:1:2: the file ends too early (is a closing quote, "}" or "]" missing?)`},
		"no object": {"[]", `:1:1: expected an object, found a list`},
		"no tier":   {`{"name": "a", "environment": "sandbox"}`, `:1:1: tier: required key is missing (one of L1, L2, L3, L4)`},
		"no name":   {`{"tier": "L1", "environment": "sandbox"}`, `:1:1: name: required key is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := layered(t, [2]string{"L1", ""}, [2]string{"L4", ""})
			above := filepath.Join(dirs[0], "vault.json")
			writeFile(t, above, test.data)
			_, err := vaultcfg.Load(dirs[1], nil)
			require.EqualError(t, err, above+test.want)
			assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
		})
	}
}

// TestHostileLayersAreQuick would not end if each pattern were compared with each of
// the layer above.
func TestHostileLayersAreQuick(t *testing.T) {
	n := 10000
	if testing.Short() {
		n = 1000
	}
	list := func(item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	dirs := layered(t,
		[2]string{"L2", `"audit": {"pii_patterns": ` + list(`{"name":"a","regexp":"a"}`) + `, "pii_keys": ` + list(`"a"`) + `}`},
		[2]string{"L4", `"audit": {"pii_patterns": ` + list(`{"name":"a","regexp":"b"}`) + `, "pii_keys": ` + list(`{"name":"A","operator":"drop"}`) + `}`},
	)
	_, err := vaultcfg.Load(dirs[1], nil)
	var errs vaultcfg.Errors
	require.ErrorAs(t, err, &errs)
	assert.Len(t, errs, 2*n)
}

func TestUnreadableLayers(t *testing.T) {
	dirs := layered(t, [2]string{"L1", ""}, [2]string{"L4", ""})
	above := filepath.Join(dirs[0], "vault.json")
	require.NoError(t, os.Remove(above))
	require.NoError(t, os.Mkdir(above, 0o700))
	_, err := vaultcfg.Load(dirs[1], nil)
	require.EqualError(t, err, above+": expected a file, found a directory (move the directory away)")

	require.NoError(t, os.Remove(above))
	symlink(t, filepath.Join(dirs[0], "nowhere"), above)
	_, err = vaultcfg.Load(dirs[1], nil)
	require.EqualError(t, err, above+": a symbolic link leads nowhere (remove it, or put back what it leads to)")
	assert.NotErrorIs(t, err, vaultcfg.ErrNotFound, "the vault itself is there")
}

// TestEverySettingIsPassedDown has each key of a section in the layer above only,
// which must come to the same as having it in the vault.
func TestEverySettingIsPassedDown(t *testing.T) {
	sections := func(c *vaultcfg.Config) []any {
		return []any{c.Data, c.Notifications, c.Audit, c.Sync, c.Permissions}
	}
	passed := 0
	for key, value := range otherValues {
		section, name, ok := strings.Cut(key, ".")
		if !ok || strings.Contains(name, "[]") {
			continue
		}
		inner, ends := strings.ReplaceAll(name, ".", `": {"`), strings.Repeat("}", strings.Count(name, "."))
		setting := `"` + section + `": {"` + inner + `": ` + value + ends + `}`
		above := layered(t, [2]string{"L2", setting}, [2]string{"L4", ""})
		inherited, err := vaultcfg.Load(above[1], nil)
		require.NoError(t, err)
		own, err := vaultcfg.Load(layered(t, [2]string{"L4", setting})[0], nil)
		require.NoError(t, err)
		assert.Equal(t, sections(own), sections(inherited), key)
		assert.Equal(t, filepath.Join(above[0], "vault.json"), cmp.Or(inherited.Origins[key], inherited.Origins[key+"[0]"]).Path, key)
		passed++
	}
	assert.Equal(t, 25, passed)
}

func TestInitBelowALayer(t *testing.T) {
	dirs := layered(t, [2]string{"L2", `"audit": {"retention_days": 100, "pii_redaction": true, "pii_patterns": ["a+"], "destination": "vault://trail/"}`})
	dir := filepath.Join(dirs[0], "projects", "nav")
	path, err := vaultcfg.Init(dir, "nav", vaultcfg.L4, vaultcfg.Staging)
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{
  "$schema": "https://flexor.run/schema/v1/vault.schema.json",
  "name": "nav",
  "tier": "L4",
  "environment": "staging"
}
`, string(data))
	c, err := vaultcfg.Load(dir, nil)
	require.NoError(t, err)
	assert.True(t, c.Audit.PIIRedaction)

	path, err = vaultcfg.Init(filepath.Join(dirs[0], "live"), "live", vaultcfg.L3, vaultcfg.Production)
	require.NoError(t, err)
	c, err = vaultcfg.Load(path, nil)
	require.NoError(t, err)
	assert.Equal(t, 365, c.Audit.RetentionDays)
	assert.Empty(t, c.Warnings)

	writeFile(t, filepath.Join(dirs[0], "vault.json"), "{")
	_, err = vaultcfg.Init(filepath.Join(dirs[0], "other"), "other", vaultcfg.L4, vaultcfg.Staging)
	require.ErrorIs(t, err, vaultcfg.ErrInvalid)
	assert.NoDirExists(t, filepath.Join(dirs[0], "other"))
}
