package vaultcfg_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/schema"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// otherValues are values other than the defaults, for each key of the schema but
// $schema, which has no effect.
var otherValues = map[string]string{
	"$schema": ``, "name": `"other"`, "tier": `"L4"`, "environment": `"staging"`, "description": `"a"`,
	"data.catalog": `"a"`, "data.default_connection_timeout_ms": `1`, "data.max_rows_per_query": `1`,
	"notifications.default_channel": `"email"`, "notifications.slack_webhook": `"a"`, "notifications.email_from": `"a"`, "notifications.webhook_url": `"a"`,
	"audit.enabled": `false`, "audit.retention_days": `1`, "audit.include_inputs": `true`, "audit.include_outputs": `true`, "audit.pii_redaction": `true`,
	"audit.pii_patterns[].name": `"a"`, "audit.pii_patterns[].regexp": `"b(c)"`, "audit.pii_patterns[].group": `1`, "audit.pii_patterns[].operator": `"drop"`,
	"audit.pii_patterns[].keywords": `["a"]`, "audit.pii_patterns[].allow": `["a"]`,
	"audit.pii_keys[].name": `"b"`, "audit.pii_keys[].pointer": `"/a"`, "audit.pii_keys[].operator": `"drop"`,
	"audit.destination": `"s3://b"`, "audit.secondary_destination": `["s3://c/d?e=f", "file:///g"]`,
	"audit.s3.endpoint": `"http://a"`, "audit.s3.region": `"a"`, "audit.s3.path_style": `false`, "audit.s3.object_lock": `"governance"`,
	"audit.s3.legal_hold": `true`, "audit.s3.sse": `"aws:kms"`, "audit.s3.kms_key_id": `"a"`,
	"sync.auto": `true`, "sync.pre_run": `true`, "permissions.who_can_edit_l2": `"a"`, "permissions.who_can_create_agents": `"a"`,
}

// TestKeysAreTheSchemas gives each key of the schema by itself a value other than
// its default, which must show in the Config; and all of them together must leave
// no field of the Config without a value. So every key is read, and there is
// nothing to read that has no key.
func TestKeysAreTheSchemas(t *testing.T) {
	type property struct {
		Properties map[string]property `json:"properties"`
		Items      *property           `json:"items"`
	}
	var keys []string
	var list func(prefix string, p property)
	list = func(prefix string, p property) {
		for key, sub := range p.Properties {
			switch {
			case sub.Properties != nil:
				list(prefix+key+".", sub)
			case sub.Items != nil && sub.Items.Properties != nil:
				list(prefix+key+"[].", *sub.Items)
			default:
				keys = append(keys, prefix+key)
			}
		}
	}
	var root property
	require.NoError(t, json.Unmarshal([]byte(schema.Vault()), &root))
	list("", root)
	require.ElementsMatch(t, slices.Collect(maps.Keys(otherValues)), keys)

	base := func() map[string]any {
		return map[string]any{"name": "company", "tier": "L2", "environment": "sandbox"}
	}
	parse := func(file map[string]any) *vaultcfg.Config {
		data, err := json.Marshal(file)
		require.NoError(t, err)
		c, err := vaultcfg.Parse(data, "vault.json", nil)
		require.NoError(t, err, "%s", data)
		return withoutOrigins(c)
	}
	all := base()
	for _, key := range keys {
		if otherValues[key] == "" {
			continue // $schema has no effect
		}
		file, section, key := base(), "", key
		if section, key, _ = strings.Cut(key, "."); key == "" {
			file[section], all[section] = json.RawMessage(otherValues[section]), json.RawMessage(otherValues[section])
			assert.NotEqual(t, parse(base()), parse(file), section)
			continue
		}
		if all[section] == nil {
			all[section] = map[string]any{}
		}
		together := all[section].(map[string]any)
		if name, sub, ok := strings.Cut(key, "."); ok && !strings.Contains(name, "[]") { // a section in the section
			value := json.RawMessage(otherValues[section+"."+key])
			file[section] = map[string]any{name: map[string]any{sub: value}}
			assert.NotEqual(t, parse(base()), parse(file), key)
			if together[name] == nil {
				together[name] = map[string]any{}
			}
			together[name].(map[string]any)[sub] = value
			continue
		}
		if name, sub, ok := strings.Cut(key, "[]."); ok {
			item := map[string]any{"pii_patterns": map[string]any{"regexp": "a(b)"}, "pii_keys": map[string]any{"name": "a"}}[name].(map[string]any)
			plain := base()
			plain[section] = map[string]any{name: []any{maps.Clone(item)}}
			if sub == "pointer" {
				delete(item, "name")
			}
			value := json.RawMessage(otherValues[section+"."+key])
			item[sub] = value
			file[section] = map[string]any{name: []any{item}}
			assert.NotEqual(t, parse(plain), parse(file), key)
			together[name] = append(anyList(together[name]), item)
			continue
		}
		value := json.RawMessage(otherValues[section+"."+key])
		file[section] = map[string]any{key: value}
		assert.NotEqual(t, parse(base()), parse(file), key)
		together[key] = value
	}
	audit := all["audit"].(map[string]any)
	audit["enabled"] = true // for the look at what is left without a value
	c := parse(all)
	c.Warnings = nil
	checkFilled(t, reflect.ValueOf(*c), "Config", "Config.Warnings", "Config.Layers", "Config.Origins")
}

func anyList(v any) []any {
	list, _ := v.([]any)
	return list
}

// checkFilled fails for fields without a value; of the items of a list each must
// have one somewhere.
func checkFilled(t *testing.T, v reflect.Value, path string, except ...string) {
	for i := range v.NumField() {
		field, at := v.Field(i), path+"."+v.Type().Field(i).Name
		if field.Kind() == reflect.Struct && at != "Config.Audit.Destination" {
			checkFilled(t, field, at, except...)
			continue
		}
		if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct && !slices.Contains(except, at) {
			for j := range field.Type().Elem().NumField() {
				filled := false
				for k := range field.Len() {
					filled = filled || !field.Index(k).Field(j).IsZero()
				}
				assert.True(t, filled, "no key sets %s[].%s", at, field.Type().Elem().Field(j).Name)
			}
			continue
		}
		assert.True(t, !field.IsZero() || slices.Contains(except, at), "no key sets %s", at)
	}
}
