package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/schema"
)

func TestSchemasCompile(t *testing.T) {
	for id, text := range map[string]string{
		schema.VaultID: schema.Vault(),
		schema.EntryID: schema.Entry(),
	} {
		t.Run(id, func(t *testing.T) {
			compile(t, id, text)
			var head struct {
				Schema string `json:"$schema"`
				ID     string `json:"$id"`
			}
			require.NoError(t, json.Unmarshal([]byte(text), &head))
			assert.Equal(t, id, head.ID)
			assert.Equal(t, "https://json-schema.org/draft/2020-12/schema", head.Schema)
		})
	}
}

// TestVaultIsFinished holds the schema to what an editor shows: every key is
// described and has examples, objects are closed, and what the schema itself
// offers as an example or a default is valid.
func TestVaultIsFinished(t *testing.T) {
	checkObject(t, "", compile(t, schema.VaultID, schema.Vault()))
}

func checkObject(t *testing.T, path string, s *jsonschema.Schema) {
	assert.Equal(t, false, s.AdditionalProperties, "%s: unknown keys must be refused", path)
	for key, sub := range s.Properties {
		at := strings.TrimPrefix(path+"."+key, ".")
		assert.NotEmpty(t, sub.Description, "%s has no description", at)
		if sub.Default != nil {
			assert.NoError(t, sub.Validate(sub.Default), "default of %s", at)
		}
		for i, example := range sub.Examples {
			assert.NoError(t, sub.Validate(example), "example %d of %s", i, at)
		}
		assert.NotEmpty(t, sub.Examples, "%s has no example", at)
		if sub.Properties != nil {
			checkObject(t, at, sub)
		}
		if sub.Items2020 != nil && sub.Items2020.Properties != nil {
			checkObject(t, at+"[]", sub.Items2020)
		}
	}
}

func compile(t *testing.T, id, text string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.ExtractAnnotations = true
	require.NoError(t, c.AddResource(id, strings.NewReader(text)))
	s, err := c.Compile(id)
	require.NoError(t, err)
	return s
}

func ExampleVault() {
	s, err := jsonschema.CompileString(schema.VaultID, schema.Vault())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("required:", s.Required)
	// Output:
	// required: [name tier environment]
}
