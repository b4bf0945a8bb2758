package redact

import ("testing";"fmt")

func TestSmoke(t *testing.T) {
	r, err := New(Config{Detectors: []string{"all"}, Keys: []KeyRule{{Name:"*_token"},{Name:"pin",Operator:LastFour},{Pointer:"/outputs/*/x",Operator:Drop}, {Name:"hm",Operator:Pseudonym}}, Operators: map[string]Operator{"credit_card":LastFour}, Keep: []string{"/run_id"},
		Patterns: []Pattern{{Name:"emp-id", Regexp:`EMP-(\d+)`, Group:1}}, Pseudonyms: StaticKey("k3", []byte("0123456789abcdef"))})
	if err != nil { t.Fatal(err) }
	for _, s := range []string{
		`{"a":"bob@x.com","n":4111111111111111,"b":[1,true,null,"x"]}`,
		`{"a":"{\"e\":\"bob@x.com\",\"k\":\"{\\\"z\\\":\\\"q\\\",\\\"y\\\":\\\"bob@x.com\\\"}\"}"}`,
		`{"api-token":"x","t":{"API_TOKEN":[1,true,{"a":"b"}]}}`,
		`{"pin":1234567890,"outputs":[{"x":"y"},{"z":1,"x":false}],"hm":"hello"}`,
		`{"run_id":"bob@x.com","bob@x.com":"bob%40x.com","b":"Ym9iQHguY29tIGlzIG1l"}`,
		`{"name":"user_token","value":"z","k":"\u0062ob\u0040x.com\ud83d\ude00 \/ ok"}`,
		`{"value":"z","NAME":"user_token","k":"EMP-1234"}`,
		`{"a":`, `"bob@x.com"`, `[]`, `bob@x.com EMP-77 [EMAIL]`, `{"a":"bob@x.com"}{}`,
	} {
		out, found := r.JSON([]byte(s))
		fmt.Printf("%s\n  %s %v\n", s, out, found)
		out2, f2 := r.JSON(out)
		if string(out2) != string(out) || len(f2) > 0 { fmt.Println("  NOT IDEMPOTENT", string(out2), f2) }
		tx, fi := r.Explain(s)
		fmt.Printf("  T %s %v\n", tx, fi)
	}
	fmt.Println(r.Redact("decisions.values.user_token", []byte(`123`)))
	o, f := r.Redact("outputs.list", []byte(`[{"x":1}]`)); fmt.Println(string(o), f)
}
