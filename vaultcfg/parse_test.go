package vaultcfg_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/schema"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// head is what every vault.json must have, in the two environments that matter.
const (
	head       = `"name": "company", "tier": "L2", "environment": "sandbox"`
	production = `"name": "company", "tier": "L2", "environment": "production"`
)

// with makes a vault.json with more keys, which begin on its second line.
func with(more string) string { return "{" + head + ",\n" + more + "}" }

// live does so for production.
func live(more string) string { return "{" + production + ",\n" + more + "}" }

// env makes Options with these variables set, and no others.
func env(vars map[string]string) *vaultcfg.Options {
	return &vaultcfg.Options{Getenv: func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}}
}

func TestParseDefaults(t *testing.T) {
	c, err := vaultcfg.Parse([]byte("{"+head+"}"), "", nil)
	require.NoError(t, err)
	assert.Equal(t, &vaultcfg.Config{
		Name:          "company",
		Tier:          vaultcfg.L2,
		Environment:   vaultcfg.Sandbox,
		Data:          vaultcfg.Data{ConnectionTimeout: 5 * time.Second, MaxRowsPerQuery: 10000},
		Notifications: vaultcfg.Notifications{DefaultChannel: vaultcfg.ChannelSlack},
		Audit: vaultcfg.Audit{
			Enabled:       true,
			RetentionDays: 90,
			Destination:   vaultcfg.Location{Scheme: "vault", Host: "audit-log", Path: "/", Raw: "vault://audit-log/"},
		},
	}, withoutOrigins(c))
}

// withoutOrigins removes what says where the settings are from, to compare them.
func withoutOrigins(c *vaultcfg.Config) *vaultcfg.Config {
	c.Layers, c.Origins = nil, nil
	return c
}

// TestDefaultsAreTheSchemas writes the defaults of the schema into a vault.json,
// which must come out like one that leaves them all away.
func TestDefaultsAreTheSchemas(t *testing.T) {
	type property struct {
		Default    any                 `json:"default"`
		Properties map[string]property `json:"properties"`
	}
	var root property
	require.NoError(t, json.Unmarshal([]byte(schema.Vault()), &root))
	file, count := map[string]any{"name": "company", "tier": "L2", "environment": "sandbox"}, 0
	for section, p := range root.Properties {
		values := map[string]any{}
		for key, p := range p.Properties {
			if p.Default != nil {
				values[key] = p.Default
				count++
			}
		}
		if len(p.Properties) > 0 {
			file[section] = values
		}
	}
	require.Equal(t, 13, count, "defaults in the schema")
	data, err := json.Marshal(file)
	require.NoError(t, err)
	explicit, err := vaultcfg.Parse(data, "", nil)
	require.NoError(t, err)
	implicit, err := vaultcfg.Parse([]byte("{"+head+"}"), "", nil)
	require.NoError(t, err)
	assert.Equal(t, withoutOrigins(implicit), withoutOrigins(explicit))
}

func TestParseEverything(t *testing.T) {
	c, err := vaultcfg.Parse([]byte(`{
		"$schema": "https://flexor.run/schema/v1/vault.schema.json",
		"name": "nav-recon", "tier": "L4", "environment": "staging", "description": "Reconciles the NAV",
		"data": {"catalog": "plexifact", "default_connection_timeout_ms": 1500, "max_rows_per_query": 7},
		"notifications": {"default_channel": "email", "slack_webhook": "env:HOOK", "email_from": "a@fund.com", "webhook_url": "https://fund.com"},
		"audit": {
			"enabled": false, "retention_days": 3.65e2, "include_inputs": true, "include_outputs": true, "pii_redaction": true,
			"pii_patterns": ["ACC-[0-9]+", {"name": "iban", "regexp": "(DE)([0-9]+)", "group": 2, "operator": "mask", "keywords": ["iban"], "allow": ["DE0"]}],
			"pii_keys": ["*_token", {"name": "phone", "operator": "last4"}, {"pointer": "/a~1b/*", "operator": "drop"}],
			"destination": "env:DEST", "secondary_destination": "file:///var/log/a%20b/?rotate=1d"
		},
		"sync": {"auto": true, "pre_run": true},
		"permissions": {"who_can_edit_l2": ["platform", "env:TEAM"], "who_can_create_agents": "research"}
	}`), "", env(map[string]string{"HOOK": "https://hooks/T0", "DEST": "S3://bucket/x/", "TEAM": "risk"}))
	require.NoError(t, err)
	assert.Equal(t, &vaultcfg.Config{
		Name:        "nav-recon",
		Tier:        vaultcfg.L4,
		Environment: vaultcfg.Staging,
		Description: "Reconciles the NAV",
		Data:        vaultcfg.Data{Catalog: "plexifact", ConnectionTimeout: 1500 * time.Millisecond, MaxRowsPerQuery: 7},
		Notifications: vaultcfg.Notifications{
			DefaultChannel: vaultcfg.ChannelEmail,
			SlackWebhook:   "https://hooks/T0",
			EmailFrom:      "a@fund.com",
			WebhookURL:     "https://fund.com",
		},
		Audit: vaultcfg.Audit{
			RetentionDays:  365,
			IncludeInputs:  true,
			IncludeOutputs: true,
			PIIRedaction:   true,
			PIIPatterns: []redact.Pattern{
				{Regexp: "ACC-[0-9]+"},
				{Name: "iban", Regexp: "(DE)([0-9]+)", Group: 2, Operator: redact.Mask, Keywords: []string{"iban"}, Allow: []string{"DE0"}},
			},
			PIIKeys:     []redact.KeyRule{{Name: "*_token"}, {Name: "phone", Operator: redact.LastFour}, {Pointer: "/a~1b/*", Operator: redact.Drop}},
			Destination: vaultcfg.Location{Scheme: "s3", Host: "bucket", Path: "/x/", Raw: "env:DEST"},
			SecondaryDestinations: []vaultcfg.Location{
				{Scheme: "file", Path: "/var/log/a b/", Query: "rotate=1d", Raw: "file:///var/log/a%20b/?rotate=1d"},
			},
		},
		Sync:        vaultcfg.Sync{Auto: true, PreRun: true},
		Permissions: vaultcfg.Permissions{WhoCanEditL2: []string{"platform", "risk"}, WhoCanCreateAgents: []string{"research"}},
	}, withoutOrigins(c))
	assert.Equal(t, "s3://bucket/x/", c.Audit.Destination.String())
	assert.Equal(t, "file:///var/log/a%20b/?rotate=1d", c.Audit.SecondaryDestinations[0].String())
}

// TestParseCompliance reads the audit block that is recommended for regulated
// environments, letter for letter.
func TestParseCompliance(t *testing.T) {
	c, err := vaultcfg.Parse([]byte(`{
  "name": "company", "tier": "L2", "environment": "production",
  "audit": {
    "enabled": true,
    "retention_days": 365,
    "include_inputs": true,
    "include_outputs": true,
    "pii_redaction": true,
    "destination": "vault://audit-log/",
    "secondary_destination": "s3://your-compliance-bucket/flexor-audit/"
  }
}`), "", nil)
	require.NoError(t, err)
	assert.Equal(t, vaultcfg.Audit{
		Enabled:        true,
		RetentionDays:  365,
		IncludeInputs:  true,
		IncludeOutputs: true,
		PIIRedaction:   true,
		Destination:    vaultcfg.Location{Scheme: "vault", Host: "audit-log", Path: "/", Raw: "vault://audit-log/"},
		SecondaryDestinations: []vaultcfg.Location{
			{Scheme: "s3", Host: "your-compliance-bucket", Path: "/flexor-audit/", Raw: "s3://your-compliance-bucket/flexor-audit/"},
		},
	}, c.Audit)
	assert.Empty(t, c.Warnings)
}

func TestParseSyntaxErrors(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"empty":             {"", `vault.json:1:1: the file is empty ("name", "tier" and "environment" are required)`},
		"white space":       {" \n\t", `vault.json:1:1: the file is empty ("name", "tier" and "environment" are required)`},
		"too large":         {strings.Repeat(" ", 1<<20) + "{}", `vault.json:1:1: the file is larger than 1 MiB (is it the right file?)`},
		"BOM":               {"\ufeff{}", `vault.json:1:1: the file begins with a byte order mark (save it as UTF-8 without BOM)`},
		"UTF-16":            {"\xff\xfe{\x00}\x00", `vault.json:1:1: the file is in UTF-16 (save it as UTF-8 without BOM)`},
		"Latin-1":           {"{\n  \"name\": \"\xe9\"\n}", `vault.json:2:12: byte 0xe9 is not valid UTF-8 (save the file as UTF-8)`},
		"too deep":          {strings.Repeat("[", 65), `vault.json:1:65: nested deeper than 64 (a vault.json nests four deep)`},
		"10 MB of brackets": {strings.Repeat("[", 10<<20), `vault.json:1:1: the file is larger than 1 MiB (is it the right file?)`},
		"far too deep":      {strings.Repeat(`{"a":`, 20000), `vault.json:1:321: nested deeper than 64 (a vault.json nests four deep)`},
		"line comment":      {"{\n  // the firm\n}", `vault.json:2:3: comments are not allowed in JSON (remove it; there is "description" for a remark)`},
		"block comment":     {"/* the firm */ {}", `vault.json:1:1: comments are not allowed in JSON (remove it; there is "description" for a remark)`},
		"shell comment":     {"{\n# the firm\n}", `vault.json:2:1: comments are not allowed in JSON (remove it; there is "description" for a remark)`},
		"comment behind":    {"{} // the firm", `vault.json:1:4: comments are not allowed in JSON (remove it; there is "description" for a remark)`},
		"trailing comma":    {"{\n  \"name\": \"a\",\n}", `vault.json:2:14: comma before the closing '}' (remove the comma)`},
		"comma in list":     {"[1, ]", `vault.json:1:3: comma before the closing ']' (remove the comma)`},
		"missing comma":     {"{\"name\": \"a\"\n \"tier\": \"L2\"}", `vault.json:2:2: unexpected '"' (is a "," or a ":" missing before it?)`},
		"missing colon":     {`{"name" "a"}`, `vault.json:1:9: unexpected '"' (is a "," or a ":" missing before it?)`},
		"missing value":     {`{"name": }`, `vault.json:1:10: unexpected '}'`},
		"single quotes":     {`{'name': 'a'}`, `vault.json:1:2: unexpected '\'' (strings and keys stand in double quotes ("))`},
		"curly quotes":      {`{"name": “a”}`, `vault.json:1:10: unexpected '“' (strings and keys stand in double quotes ("))`},
		"open string":       {"{\"name\": \"a,\n}", `vault.json:1:13: the line ends inside a string (is a closing quote missing?)`},
		"tab in string":     {"{\"name\": \"\t\"}", `vault.json:1:11: control character U+0009 (in a string write it as an escape, such as \t for a tab)`},
		"ends early":        {"{\n  \"name\": \"a\"\n", `vault.json:3:1: the file ends too early (is a closing quote, "}" or "]" missing?)`},
		"trailing data":     {"{}\n{}", `vault.json:2:1: unexpected '{' after the end of the JSON document (a vault.json holds a single object)`},
		"extra bracket":     {"{}}", `vault.json:1:3: unexpected '}' after the end of the JSON document (a vault.json holds a single object)`},
		"Python literal":    {`{"a": True}`, `vault.json:1:7: unexpected 'T'`},
	} {
		t.Run(name, func(t *testing.T) { checkError(t, test.data, test.want) })
	}
}

func TestParseSchemaErrors(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"not an object":  {"[]", `vault.json:1:1: expected an object, found a list`},
		"null":           {"null", `vault.json:1:1: expected an object, found null`},
		"nothing in it":  {"{}", "vault.json:1:1: name: required key is missing\nvault.json:1:1: tier: required key is missing (one of L1, L2, L3, L4)\nvault.json:1:1: environment: required key is missing (one of sandbox, staging, production)"},
		"typo":           {"{\n" + head + ",\n  \"audit\": {\n    \"retention_dayz\": 365\n  }\n}", `vault.json:4:5: audit.retention_dayz: unknown key (did you mean "retention_days"?)`},
		"swapped":        {with(`"snyc": {}`), `vault.json:2:1: snyc: unknown key (did you mean "sync"?)`},
		"upper case":     {with(`"Audit": {}`), `vault.json:2:1: Audit: unknown key (did you mean "audit"?)`},
		"short":          {with(`"desc": ""`), `vault.json:2:1: desc: unknown key (did you mean "description"?)`},
		"wrong section":  {with(`"retention_days": 365`), `vault.json:2:1: retention_days: unknown key (it belongs under "audit")`},
		"far off":        {with(`"sync": {"color": 1}`), `vault.json:2:10: sync.color: unknown key (known here: auto, pre_run)`},
		"odd key":        {with(`"sync": {"a\u001b\u202eb": 1}`), `vault.json:2:10: sync["a\x1b\u202eb"]: unknown key (known here: auto, pre_run)`},
		"long key":       {with(`"sync": {"` + strings.Repeat("é", 41) + `": 1}`), `vault.json:2:10: sync["` + strings.Repeat("é", 40) + `"…]: unknown key (known here: auto, pre_run)`},
		"duplicate":      {"{" + head + ",\n\"n\\u0061me\": \"other\"}", `vault.json:2:1: name: duplicate key (it is first given on line 1)`},
		"quoted number":  {with(`"audit": {"retention_days": "365"}`), `vault.json:2:29: audit.retention_days: expected a whole number, found a string (write 365 without quotes)`},
		"quoted boolean": {with(`"audit": {"enabled": "false"}`), `vault.json:2:22: audit.enabled: expected true or false, found a string (write false without quotes)`},
		"a yes":          {with(`"audit": {"enabled": "yes"}`), `vault.json:2:22: audit.enabled: expected true or false, found a string`},
		"fraction":       {with(`"audit": {"retention_days": 1.5}`), `vault.json:2:29: audit.retention_days: expected a whole number, found the number 1.5`},
		"boolean":        {with(`"audit": true`), `vault.json:2:10: audit: expected an object, found true`},
		"null value":     {with(`"audit": {"secondary_destination": null}`), `vault.json:2:36: audit.secondary_destination: expected a string or a list, found null (leave the key out to get the default)`},
		"list or string": {with(`"permissions": {"who_can_edit_l2": {}}`), `vault.json:2:36: permissions.who_can_edit_l2: expected a list or a string, found an object`},
		"zero days":      {with(`"audit": {"retention_days": 0}`), `vault.json:2:29: audit.retention_days: must be at least 1, found 0`},
		"many days":      {with(`"audit": {"retention_days": 1e6}`), `vault.json:2:29: audit.retention_days: must be at most 36500, found 1e+06`},
		"vast number":    {with(`"audit": {"retention_days": 1e999999999}`), `vault.json:2:29: audit.retention_days: number out of range`},
		"bad name":       {`{"name": "my vault", "tier": "L2", "environment": "sandbox"}`, `vault.json:1:10: name: "my vault" has characters that are not allowed (use letters, digits and hyphens)`},
		"name with \\n":  {`{"name": "vault\n", "tier": "L2", "environment": "sandbox"}`, `vault.json:1:10: name: "vault\n" has characters that are not allowed (use letters, digits and hyphens)`},
		"long name":      {`{"name": "` + strings.Repeat("a", 65) + `", "tier": "L2", "environment": "sandbox"}`, `vault.json:1:10: name: longer than 64 characters`},
		"empty name":     {`{"name": "", "tier": "L2", "environment": "sandbox"}`, `vault.json:1:10: name: must not be empty`},
		"short value":    {`{"name": "a", "tier": "L2", "environment": "prod"}`, `vault.json:1:44: environment: unknown value "prod" (did you mean "production"?)`},
		"unknown value":  {`{"name": "a", "tier": "L5", "environment": "sandbox"}`, `vault.json:1:23: tier: unknown value "L5" (one of L1, L2, L3, L4)`},
		"lower case":     {`{"name": "a", "tier": "l2", "environment": "sandbox"}`, `vault.json:1:23: tier: unknown value "l2" (did you mean "L2"?)`},
		"number as tier": {`{"name": "a", "tier": 2, "environment": "sandbox"}`, `vault.json:1:23: tier: expected a string, found the number 2`},
		"pattern type":   {with(`"audit": {"pii_patterns": ["a", 7]}`), `vault.json:2:33: audit.pii_patterns[1]: expected a string or an object, found the number 7`},
		"pattern key":    {with(`"audit": {"pii_patterns": [{"regex": "a"}]}`), "vault.json:2:28: audit.pii_patterns[0].regexp: required key is missing\nvault.json:2:29: audit.pii_patterns[0].regex: unknown key (did you mean \"regexp\"?)"},
		"operator":       {with(`"audit": {"pii_patterns": [{"regexp": "a", "operator": "hash"}]}`), `vault.json:2:56: audit.pii_patterns[0].operator: unknown value "hash" (one of mask, last4, hmac, drop)`},
		"operator typo":  {with(`"audit": {"pii_keys": [{"name": "a", "operator": "mac"}]}`), `vault.json:2:50: audit.pii_keys[0].operator: unknown value "mac" (did you mean "hmac"?)`},
		"pattern name":   {with(`"audit": {"pii_patterns": [{"name": "an account", "regexp": "a"}]}`), `vault.json:2:37: audit.pii_patterns[0].name: "an account" has characters that are not allowed (use letters, digits, hyphens and underscores)`},
		"key rule type":  {with(`"audit": {"pii_keys": [7]}`), `vault.json:2:24: audit.pii_keys[0]: expected a string or an object, found the number 7`},
		"key rule empty": {with(`"audit": {"pii_keys": ["", {}]}`), "vault.json:2:24: audit.pii_keys[0]: must not be empty\nvault.json:2:28: audit.pii_keys[1]: must have either \"name\" or \"pointer\""},
		"key rule twice": {with(`"audit": {"pii_keys": [{"name": "a", "pointer": "/a"}]}`), `vault.json:2:24: audit.pii_keys[0]: must have either "name" or "pointer" (write two rules for two of them)`},
		"several": {"{\n  \"name\": \"a b\",\n  \"environment\": \"env:E\",\n  \"audit\": {\"enabled\": 1, \"destination\": \"env:NONE\"}\n}",
			"vault.json:1:1: tier: required key is missing (one of L1, L2, L3, L4)\n" +
				"vault.json:2:11: name: \"a b\" has characters that are not allowed (use letters, digits and hyphens)\n" +
				"vault.json:3:18: environment: unknown value \"env:E\" (one of sandbox, staging, production)\n" +
				"vault.json:4:24: audit.enabled: expected true or false, found the number 1\n" +
				"vault.json:4:42: audit.destination: the environment variable NONE is not set (set it before starting)"},
	} {
		t.Run(name, func(t *testing.T) { checkError(t, test.data, test.want) })
	}
}

func TestParseRuleErrors(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"audit off in production":   {live(`"audit": {"enabled": false}`), `vault.json:2:22: audit.enabled: must not be false in production (remove it, or choose another environment)`},
		"pattern does not compile":  {with(`"audit": {"pii_patterns": ["a(b"]}`), `vault.json:2:28: audit.pii_patterns[0]: not a regular expression: missing closing ) (the syntax is RE2: https://github.com/google/re2/wiki/Syntax)`},
		"pattern has no such group": {with(`"audit": {"pii_patterns": [{"regexp": "a(b)", "group": 2}]}`), `vault.json:2:56: audit.pii_patterns[0].group: there is no capture group 2 (the regular expression has 1)`},
		"pattern can be empty":      {with(`"audit": {"pii_patterns": ["a*"]}`), `vault.json:2:28: audit.pii_patterns[0]: can match the empty string, which stands everywhere (make a part of it required: a+ in place of a*)`},
		"group can be empty":        {with(`"audit": {"pii_patterns": [{"regexp": "(a)(b*)", "group": 2}]}`), `vault.json:2:59: audit.pii_patterns[0].group: capture group 2 can match the empty string (make a part of it required: (a+) in place of (a*))`},
		"key without a name":        {with(`"audit": {"pii_keys": ["_", {"name": "*-*"}]}`), "vault.json:2:24: audit.pii_keys[0]: \"_\" has neither letters nor digits (write the name of a field, such as \"password\" or \"*_token\"; \"*\" means any name)\nvault.json:2:38: audit.pii_keys[1].name: \"*-*\" has neither letters nor digits (write the name of a field, such as \"password\" or \"*_token\"; \"*\" means any name)"},
		"relative pointer":          {with(`"audit": {"pii_keys": [{"pointer": "a/b"}]}`), `vault.json:2:36: audit.pii_keys[0].pointer: a JSON pointer begins with "/" (write the names from the top, each after a "/", with * for any one: "/customers/*/phone")`},
		"tilde in a pointer":        {with(`"audit": {"pii_keys": [{"pointer": "/a~b"}]}`), `vault.json:2:36: audit.pii_keys[0].pointer: in a JSON pointer a "~" is written ~0 (and a "/" in a name ~1)`},
		"endpoint":                  {with(`"audit": {"s3": {"endpoint": "minio:9000"}}`), `vault.json:2:30: audit.s3.endpoint: not the URL of a server (write for example "https://minio.fund.com:9000")`},
		"KMS key without KMS":       {with(`"audit": {"s3": {"sse": "AES256", "kms_key_id": "a"}}`), `vault.json:2:49: audit.s3.kms_key_id: has no use with sse "AES256" (write "aws:kms" there, or remove it)`},
		"no second copy":            {with(`"audit": {"secondary_destination": "vault://audit-log"}`), `vault.json:2:36: audit.secondary_destination: the same as the destination, so there would be no second copy (name another place, or remove it)`},
		"second copy twice":         {with(`"audit": {"secondary_destination": ["s3://a/b", "s3://c", "S3://a/b/"]}`), `vault.json:2:59: audit.secondary_destination[2]: the same place as "s3://a/b" (vault.json:2:37), so there would be no further copy (name another place, or remove it)`},
		"second copy to nowhere":    {with(`"audit": {"secondary_destination": ["s3://a", "archive"]}`), `vault.json:2:47: audit.secondary_destination[1]: not a URL with a scheme (write "vault://audit-log/" for a directory in the vault, and "file:///mnt/archive/" or "s3://bucket/prefix/" for a place elsewhere)`},
		"second copy of no type":    {with(`"audit": {"secondary_destination": ["s3://a", 7]}`), `vault.json:2:47: audit.secondary_destination[1]: expected a string, found the number 7`},
		"governance log":            {with(`"audit": {"destination": "vault://Governance-Log/a"}`), `vault.json:2:26: audit.destination: vault://governance-log/ holds the governance log (write another directory, such as "vault://audit-log/")`},
		"no scheme":                 {with(`"audit": {"destination": "audit-log/"}`), `vault.json:2:26: audit.destination: not a URL with a scheme (write "vault://audit-log/" for a directory in the vault, and "file:///mnt/archive/" or "s3://bucket/prefix/" for a place elsewhere)`},
		"reference without name":    {with(`"data": {"catalog": "env:"}`), `vault.json:2:21: data.catalog: "env:" names no environment variable (write env: and a name of letters, digits and underscores, such as env:SLACK_WEBHOOK)`},
		"reference with odd name":   {with(`"data": {"catalog": "env:A B"}`), `vault.json:2:21: data.catalog: "env:A B" names no environment variable (write env: and a name of letters, digits and underscores, such as env:SLACK_WEBHOOK)`},
		"variable not set":          {with(`"notifications": {"slack_webhook": "env:HOOK"}`), `vault.json:2:36: notifications.slack_webhook: the environment variable HOOK is not set (set it before starting)`},
		"variable empty":            {with(`"notifications": {"slack_webhook": "env:EMPTY"}`), `vault.json:2:36: notifications.slack_webhook: the environment variable EMPTY is empty (give it a value)`},
		"variable in a list":        {with(`"permissions": {"who_can_edit_l2": ["a", "env:TEAM"]}`), `vault.json:2:42: permissions.who_can_edit_l2[1]: the environment variable TEAM is not set (set it before starting)`},
	} {
		t.Run(name, func(t *testing.T) { checkError(t, test.data, test.want) })
	}
}

func checkError(t *testing.T, data, want string) {
	t.Helper()
	c, err := vaultcfg.Parse([]byte(data), "", env(map[string]string{"EMPTY": ""}))
	require.EqualError(t, err, want)
	assert.Nil(t, c)
	assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
	var errs vaultcfg.Errors
	assert.ErrorAs(t, err, &errs)
	var one *vaultcfg.Error
	assert.ErrorAs(t, err, &one)
}

// TestValuesStaySecret gives a destination every fault it can have by way of the
// environment, whose value must not show in the error.
func TestValuesStaySecret(t *testing.T) {
	data := []byte(with(`"audit": {"destination": "env:DEST"}`))
	for _, value := range []string{
		"hunter2", "C://hunter2", "s3://user:hunter2@bucket/", "s3://hunter2 /", "s3://bucket/#hunter2", "s3://%hunter2/",
		"vault://hunter2?", "vault://hunter2/../..", "vault://hunter2%zz", `vault://hunter2\`, "vault:///hunter2", "vault://hunter2//a",
		"vault://hunter2/con", "vault://hunter2 ", "vault://hunter2.", "vault://hunter2/" + strings.Repeat("a", 256), "://hunter2",
	} {
		_, err := vaultcfg.Parse(data, "", env(map[string]string{"DEST": value}))
		require.ErrorIs(t, err, vaultcfg.ErrInvalid, value)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestWarnings(t *testing.T) {
	const text = "90 days is short for production (keep at least 183 days; 365 for regulated work)"
	for name, test := range map[string]struct {
		data string
		want []string
	}{
		"no audit block":  {"{" + production + "}", []string{"vault.json:1:1: audit.retention_days: " + text}},
		"by default":      {live(`"audit": {}`), []string{"vault.json:2:10: audit.retention_days: " + text}},
		"too short":       {live(`"audit": {"retention_days": 90}`), []string{"vault.json:2:29: audit.retention_days: " + text}},
		"six months":      {live(`"audit": {"retention_days": 183}`), nil},
		"not production":  {with(`"audit": {"retention_days": 1}`), nil},
		"one day too few": {live(`"audit": {"retention_days": 182}`), []string{"vault.json:2:29: audit.retention_days: 182" + text[2:]}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := vaultcfg.Parse([]byte(test.data), "", nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, c.Warnings)
		})
	}
}

// TestHostileFilesAreQuick would not end with a checker that goes through the
// file, or its error so far, once per error.
func TestHostileFilesAreQuick(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := 0; b.Len() < 1<<20-20; i++ {
		b.WriteString(`"` + strings.Repeat("k", i%3) + strings.ToUpper(strings.Repeat("z", i%5)) + string(rune('a'+i%26)) + `":0,`)
	}
	b.WriteString(`"":0}`)
	_, err := vaultcfg.Parse([]byte(b.String()), "", nil)
	require.ErrorIs(t, err, vaultcfg.ErrInvalid)

	deep := strings.Repeat(`{"`+strings.Repeat("k", 1<<13)+`":`, 60) + `[` + strings.Repeat("1,", 1<<17) + `1]` + strings.Repeat("}", 60)
	_, err = vaultcfg.Parse([]byte(deep), "", nil)
	require.ErrorIs(t, err, vaultcfg.ErrInvalid)
}

func TestParsePath(t *testing.T) {
	_, err := vaultcfg.Parse([]byte("{}"), "vaults/company/vault.json", nil)
	assert.ErrorContains(t, err, "vaults/company/vault.json:1:1: name: required key is missing")
}

func TestParseReadsTheEnvironment(t *testing.T) {
	t.Setenv("FLEXOR_TEST_CATALOG", "plexifact")
	for _, o := range []*vaultcfg.Options{nil, {}} {
		c, err := vaultcfg.Parse([]byte(with(`"data": {"catalog": "env:FLEXOR_TEST_CATALOG"}`)), "", o)
		require.NoError(t, err)
		assert.Equal(t, "plexifact", c.Data.Catalog)
	}
}
