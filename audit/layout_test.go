package audit_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// Types to embed, with names that meet in many ways.
type (
	EmbedA struct{ A, B int }
	EmbedB struct {
		A int `json:"A"`
		C string
	}
	EmbedC struct {
		EmbedA
		*EmbedB
		D int `json:"B"`
	}
	EmbedD struct {
		*EmbedD
		X int `json:",omitempty"`
		A float64
	}
	EmbedE struct {
		EmbedC
		EmbedD
		Q []int `json:"q,omitzero"`
	}
)

// Structs of random fields, with a tag that only the recorder knows, are encoded byte
// for byte as encoding/json does.
func TestLayoutOracle(t *testing.T) {
	const seed = 17
	random := rand.New(rand.NewPCG(seed, seed))
	compared := 0
	for range 2000 {
		v := reflect.New(randomStruct(random)).Elem()
		fill(random, v, 3)
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if enc.Encode(v.Interface()) != nil {
			continue // what it refuses is encoded in part
		}
		compared++
		require.Equal(t, want.String(), string(audit.Encode(v.Interface()))+"\n", "seed %d: %v", seed, v.Type())
	}
	require.Greater(t, compared, 1000)
}

// randomStruct returns a type with some fields and embedded structs.
func randomStruct(random *rand.Rand) reflect.Type {
	embedded := []any{EmbedA{}, EmbedB{}, EmbedC{}, EmbedD{}, EmbedE{}, &EmbedA{}, &EmbedC{}, &EmbedE{}}
	plain := []any{0, "", new(int), []int{}, map[string]int{}, new(any), float32(0), false, [2]int{}, struct{}{}, json.Number("")}
	names := []string{"A", "B", "C", "D", "X", "Q", "Z"}
	tags := []string{"", "", "", `json:"A"`, `json:"x"`, `json:"q,omitempty"`, `json:"-"`, `json:"-,"`, `json:",omitzero"`, `json:",string"`, `json:"C,omitempty,string"`}
	fields := []reflect.StructField{{Name: "Hidden", Type: reflect.TypeFor[int](), Tag: `json:"-" redact:"mask"`}}
	taken := map[string]bool{}
	for range 1 + random.IntN(5) {
		f := reflect.StructField{
			Name: names[random.IntN(len(names))], Type: reflect.TypeOf(plain[random.IntN(len(plain))]),
			Tag: reflect.StructTag(tags[random.IntN(len(tags))]),
		}
		if random.IntN(2) == 0 {
			f.Anonymous, f.Type = true, reflect.TypeOf(embedded[random.IntN(len(embedded))])
			if f.Name = f.Type.Name(); f.Name == "" {
				f.Name = f.Type.Elem().Name()
			}
		}
		if !taken[f.Name] {
			taken[f.Name] = true
			fields = append(fields, f)
		}
	}
	return reflect.StructOf(fields)
}

// fill sets what is in v at random, so deep.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	if !v.CanSet() || depth == 0 || random.IntN(3) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(random.Int64N(3))
	case reflect.String:
		v.SetString("12.50") // which is a json.Number, too
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(random, v.Elem(), depth-1)
	case reflect.Interface:
		v.Set(reflect.ValueOf(3))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), random.IntN(2), 2))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(random, v.Field(i), depth)
		}
	}
}
