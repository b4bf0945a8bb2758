package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPairs is on values whose names stand beside them, or further out.
func TestPairs(t *testing.T) {
	r, err := New(Config{Detectors: []string{groupAll}, Keys: []KeyRule{{Name: "x_pin"}}})
	require.NoError(t, err)
	for src, want := range map[string]string{
		// Arguments of commands.
		`["--password","hunter2"]`:                         `["--password","[SECRET]"]`,
		`{"args":["login","--api-key","swordfish7","-v"]}`: `{"args":["login","--api-key","[SECRET]","-v"]}`,
		`["-token","k3yk3yk3yk3yk3y9","--region","eu-1"]`:  `["-token","[SECRET]","--region","eu-1"]`,
		`["--password",48151623]`:                          `["--password","[SECRET]"]`,
		`{"cmd":"[\"--password\",\"hunter2\"]"}`:           `{"cmd":"[\"--password\",\"[SECRET]\"]"}`,
		`["--x-pin",1234]`:                                 `["--x-pin",1234]`,
		`["--x-pin","1234","--pass","hunter2"]`:            `["--x-pin","1234","--pass","[SECRET]"]`,
		// Arguments of commands whose flags do not say so.
		`["sshpass","-p","hunter2","ssh","db"]`:                  `["sshpass","-p","[SECRET]","ssh","db"]`,
		`["sshpass","-p",48151623]`:                              `["sshpass","-p","[SECRET]"]`,
		`["sudo","/usr/bin/mysql","-u","root","-phunter2"]`:      `["sudo","/usr/bin/mysql","-u","root","[SECRET]"]`,
		`["docker","--debug","login","-u","joe","-p","hunter2"]`: `["docker","--debug","login","-u","joe","-p","[SECRET]"]`,
		`["curl","-su","joe:hunter2","https://db"]`:              `["curl","-su","joe:[SECRET]","https://db"]`,
		`["curl.exe","-ujoe:hunter2","--user=ann:swordfish"]`:    `["curl.exe","-ujoe:[SECRET]","--user=ann:[SECRET]"]`,
		`{"command":"sshpass","args":["-p","hunter2","ssh"]}`:    `{"command":"sshpass","args":["-p","[SECRET]","ssh"]}`,
		`{"cmd":"ls","args":["redis-cli","-a","hunter2","-n"]}`:  `{"cmd":"ls","args":["redis-cli","-a","[SECRET]","-n"]}`,
		// Arguments under a name that says more than the flag, and under one that says less.
		`{"secret":["--password","hunter2"]}`:            `{"secret":["[SECRET]","[SECRET]"]}`,
		`{"password":["--auth","swordfish"]}`:            `{"password":["[SECRET]","[SECRET]"]}`,
		`{"password":{"values":["--auth","swordfish"]}}`: `{"password":{"values":["[SECRET]","[SECRET]"]}}`,
		`{"credentials":["--password","hunter2"]}`:       `{"credentials":["--password","[SECRET]"]}`,
		`{"credentials":["--db1password","swordfish"]}`:  `{"credentials":["[SECRET]","[SECRET]"]}`,
		// Names further out.
		`{"password":{"value":"hunter2"}}`:              `{"password":{"value":"[SECRET]"}}`,
		`{"api_key":{"version":3,"data":"swordfish7"}}`: `{"api_key":{"version":3,"data":"[SECRET]"}}`,
		`{"password":["hunter2","letmein22"]}`:          `{"password":["[SECRET]","[SECRET]"]}`,
		`{"password":{"values":["hunter2"]}}`:           `{"password":{"values":["[SECRET]"]}}`,
		`{"passwords":[{"value":"hunter2"}]}`:           `{"passwords":[{"value":"[SECRET]"}]}`,
		`{"db":{"password":{"value":48151623}}}`:        `{"db":{"password":{"value":"[SECRET]"}}}`,
		`{"password":{"secret":"hunter2"}}`:             `{"password":{"secret":"[SECRET]"}}`,
		`{"phone":{"number":"089123456"}}`:              `{"phone":{"number":"[PHONE]"}}`,
		`{"phone":{"number":89123456789}}`:              `{"phone":{"number":"[PHONE]"}}`,
		`{"ssn":{"value":"219099999"}}`:                 `{"ssn":{"value":"[SSN]"}}`,
		`{"customer":{"text":"0891234567"}}`:            `{"customer":{"text":"[PHONE]"}}`, // who says nothing of what it is
		`{"birthday":{"value":"1980-02-03"}}`:           `{"birthday":{"value":"[DOB]"}}`,
		// Names beside the value.
		`{"type":"phone","value":"089123456"}`:                                    `{"type":"phone","value":"[PHONE]"}`,
		`{"value":"089123456","kind":"mobile"}`:                                   `{"value":"[PHONE]","kind":"mobile"}`,
		`{"system":"phone","use":"home","value":"5550100"}`:                       `{"system":"phone","use":"home","value":"[PHONE]"}`,
		`{"type":"password","value":"hunter2"}`:                                   `{"type":"password","value":"[SECRET]"}`,
		`{"header":"Authorization","value":"Basic Ym9iOmh1bnRlcjI="}`:             `{"header":"Authorization","value":"Basic [SECRET]"}`,
		`{"header":"X-Api-Key","value":"swordfish7"}`:                             `{"header":"X-Api-Key","value":"[SECRET]"}`,
		`{"headers":[["Authorization","Bearer k3y"],["X-Api-Key","swordfish7"]]}`: `{"headers":[["Authorization","Bearer [SECRET]"],["X-Api-Key","[SECRET]"]]}`,
		`{"kind":"api_key=12345","value":"born 12/13/1964"}`:                      `{"kind":"api_key=[SECRET]","value":"born [DOB]"}`,
		`{"displayName":"Password","oldValue":"hunter1","newValue":"hunter2"}`:    `{"displayName":"Password","oldValue":"[SECRET]","newValue":"[SECRET]"}`,
		`{"name":"password","value":"hunter2","value":"swordfish"}`:               `{"name":"password","value":"[SECRET]","value":"[SECRET]"}`,
		// All of a value that is named so.
		`{"name":"password","value":{"a":"hunter2","b":["x1",["y2"]],"c":{"d":48151623}}}`: `{"name":"password","value":{"a":"[SECRET]","b":["[SECRET]",["[SECRET]"]],"c":{"d":"[SECRET]"}}}`,
		`{"value":{"a":"hunter2","policy":"strong-12"},"name":"password"}`:                 `{"value":{"a":"[SECRET]","policy":"strong-12"},"name":"password"}`,
		`{"key":"db.password","value":{"stringValue":"hunter2"}}`:                          `{"key":"db.password","value":{"stringValue":"[SECRET]"}}`,
		`{"name":"password","value":{"phone":"089123456","q":"hunter2"}}`:                  `{"name":"password","value":{"phone":"[PHONE]","q":"[SECRET]"}}`,
		`{"name":"order","value":{"number":"0891234567"}}`:                                 `{"name":"order","value":{"number":"[PHONE]"}}`,
		`{"password":"{\"a\":\"hunter2\",\"b\":[{\"c\":\"x1\"}]}"}`:                        `{"password":"{\"a\":\"[SECRET]\",\"b\":[{\"c\":\"[SECRET]\"}]}"}`,
		`{"name":"password","value":"{\"a\":\"hunter2\"}"}`:                                `{"name":"password","value":"{\"a\":\"[SECRET]\"}"}`,
		`{"kind":"Secret","data":{"user":"am9l","name":"bm8x"},"stringData":{"a":["x1"]}}`: `{"kind":"Secret","data":{"user":"[SECRET]","name":"[SECRET]"},"stringData":{"a":["[SECRET]"]}}`,
		`{"items":[{"data":{"a":"x1"},"type":"Opaque","kind":"Secret"}]}`:                  `{"items":[{"data":{"a":"[SECRET]"},"type":"Opaque","kind":"Secret"}]}`,
		`{"db_passwords":{"prod":"hunter2","count":"1234"}}`:                               `{"db_passwords":{"prod":"[SECRET]","count":"1234"}}`,
		// A key in lines.
		`["-----BEGIN RSA PRIVATE KEY-----","MIIEpQIBAAKCAQEAn6","q1w2",12345678,"-----END RSA PRIVATE KEY-----","x1y2"]`:  `["-----BEGIN RSA PRIVATE KEY-----","[SECRET]","[SECRET]","[SECRET]","-----END RSA PRIVATE KEY-----","x1y2"]`,
		`{"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}`: `{"kty":"EC","d":"[SECRET]","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}`,
		`{"mfaCode":"493027","recovery_codes":["a1b2-c3d4"],"seed_phrase":"legal winner thank year"}`:                      `{"mfaCode":"[SECRET]","recovery_codes":["[SECRET]"],"seed_phrase":"[SECRET]"}`,
		// Cookies, headers in turn, values that are marked.
		`{"cookies":[{"name":"sessionid","value":"a8Zq01mm"},{"name":"theme","value":"dark12"}]}`: `{"cookies":[{"name":"sessionid","value":"[SECRET]"},{"name":"theme","value":"dark12"}]}`,
		`{"cookies":{"sessionid":"a8Zq01mm","theme":"dark12"}}`:                                   `{"cookies":{"sessionid":"[SECRET]","theme":"dark12"}}`,
		`{"headers":["Authorization","Bearer k3yk3y","X-Api-Key","swordfish7"]}`:                  `{"headers":["Authorization","Bearer [SECRET]","X-Api-Key","[SECRET]"]}`,
		`{"rawHeaders":["Host","db1x","Cookie","sid=a8Zq01mm"]}`:                                  `{"rawHeaders":["Host","db1x","Cookie","sid=[SECRET]"]}`,
		`{"conn":{"value":"swordfish7","sensitive":true}}`:                                        `{"conn":{"value":"[SECRET]","sensitive":true}}`,
		`{"masked":true,"key":"x","value":["y1y2",{"a":"z1z2"}]}`:                                 `{"masked":true,"key":"x","value":["[SECRET]",{"a":"[SECRET]"}]}`,
		`{"secured":true,"key":"x_pin","value":"12"}`:                                             `{"secured":true,"key":"x_pin","value":"[REDACTED]"}`,
		`{"ParameterKey":"DBPassword","ParameterValue":"hunter2"}`:                                `{"ParameterKey":"DBPassword","ParameterValue":"[SECRET]"}`,
		// What it was, and what it is.
		`{"field":"password","old":"hunter2","new":"hunter3"}`:             `{"field":"password","old":"[SECRET]","new":"[SECRET]"}`,
		`{"password":{"from":"hunter1","to":"hunter2","policy":"long"}}`:   `{"password":{"from":"[SECRET]","to":"[SECRET]","policy":"long"}}`,
		`{"phone":{"before":["089123456"],"after":["089123457"],"n":"1"}}`: `{"phone":{"before":["[PHONE]"],"after":["[PHONE]"],"n":"1"}}`,
		// Of several, what says more.
		`{"Name":"/db/password","Type":"SecureString","Value":"hunter2"}`: `{"Name":"/db/password","Type":"SecureString","Value":"[SECRET]"}`,
		`{"key":"password","value":"hunter2","type":"text"}`:              `{"key":"password","value":"[SECRET]","type":"text"}`,
		`{"type":"password","name":"field1","value":"hunter2"}`:           `{"type":"password","name":"field1","value":"[SECRET]"}`,
		`{"name":"phone","type":"password","value":"hunter2"}`:            `{"name":"phone","type":"password","value":"[SECRET]"}`,
		`{"type":"phone","name":"password","value":"hunter2"}`:            `{"type":"phone","name":"password","value":"[SECRET]"}`,
		`{"name":"password","key":"k1","value":"hunter2"}`:                `{"name":"password","key":"k1","value":"[SECRET]"}`,
		`{"type":"password","kind":"thing","value":"hunter2"}`:            `{"type":"password","kind":"thing","value":"[SECRET]"}`,
		`{"type":"thing","kind":"password","value":"hunter2"}`:            `{"type":"thing","kind":"password","value":"[SECRET]"}`,
		`{"name":"x_pin","type":"password","value":"12"}`:                 `{"name":"x_pin","type":"password","value":"[REDACTED]"}`,
		`{"headers":[["x-x-pin","1"],["x_pin","22"]]}`:                    `{"headers":[["x-x-pin","1"],["x_pin","[REDACTED]"]]}`,
	} {
		got, found := r.JSON([]byte(src))
		assert.Equal(t, want, string(got))
		assert.Equal(t, src != want, len(found) > 0, src)
		again, _ := r.JSON(got)
		assert.Equal(t, string(got), string(again), "redacting twice")
	}
}

// TestNoPairs is on what looks like a pair and is none.
func TestNoPairs(t *testing.T) {
	r, err := New(Config{Detectors: []string{groupAll}})
	require.NoError(t, err)
	for _, src := range []string{
		`["--password","--user","bob"]`,
		`["--password-file","/run/secrets/db"]`,
		`["--password-stdin","registry.example.com"]`,
		`["--token-count","1024"]`,
		`["--password=${DB_PASSWORD}","staging"]`,
		`["--password",null,"staging"]`,
		`["--password",["staging"],"eu-west-1"]`,
		`["password","staging7"]`, // a row of a table, such as of the names of columns
		`["-v","staging7"]`, `["-p","8080"]`,
		`{"name":"token","value":{"symbol":"USDX2"}}`, `{"name":"secret scanning","value":{"alerts":"1234"}}`, `{"type":"transfer","from":"ACC-1001","to":"ACC-1002"}`,
		`{"kind":"ConfigMap","data":{"a":"staging7"}}`, `{"kind":"SecretList","data":{"a":"staging7"}}`, `{"data":{"a":"staging7","n":{"b":"x1"}},"type":"event"}`,
		`["-----BEGIN CERTIFICATE-----","MIIEpQIBAAKCAQEAn6"]`, `{"d":"2026-04-30","p":"3f786850e387550fdab836ed7e6dc881de23001bab12","q":"select a1 from b2 where c3"}`,
		`{"verification_status":"done1","backup_count":"1234","recovery_time":"12345s","search_phrase":"x1 y2","status_code":"E1234"}`,
		`{"headers":["user","password","email","name"]}`, `{"headers":["X-Api-Key","staging7","x"]}`, `{"headers":["X-Request-Id","a1b2c3d4e5"]}`,
		`{"sensitive":false,"value":"staging7"}`, `{"sensitive":"high","value":"staging7"}`, `{"sensitive":true,"n":"staging7"}`, `{"masked":true,"of":{"value":"staging7"}}`,
		`["docker","run","-p","8080:80","nginx7"]`, `["mysql","-p","db7","-P","3306"]`, `["curl","-u","joe","https://db"]`, `["sshpass","-p","-e","staging7"]`,
		`["sshpass","-p",null,"staging7"]`, `["mkdir","-p","data7"]`, `["a","b","c","d","e","f","g","h","i","sshpass","-p","staging7"]`,
		`{"command":"sshpass","env":{"args":["-p","staging7"]}}`, `{"args":["-p","staging7"],"command":"sshpass"}`,
		`{"name":"password","value":{"expires_at":"2031-01-02","min_length":"1234"}}`, `{"name":"order","value":{"a":"staging7"}}`, `{"old":{"a":"staging7"},"new":{"value":"staging7"}}`,
		`{"password":"{\"policy\":\"strong-12\"}"}`,
		`{"type":"token","value":"identifier1"}`,
		`{"type":"key","value":"Enter2"}`,
		`{"tokens":[{"type":"keyword","value":"return1"}]}`,
		`{"type":"order","value":"089123456"}`,
		`{"order":{"number":"089123456"}}`,
		`{"password":{"policy":"strong-12"}}`,
		`{"password_policy":{"value":"strong-12"}}`,
		`{"price":{"value":"1222.53"}}`,
		`{"columns":[["password","staging7"]]}`,
		`{"headers":[["Accept","text/html1"],["X-Request-Id","a1b2c3d4e5"]]}`,
		`{"headers":[["Authorization","X-Api-Key","swordfish7"]]}`,
		`{"phone":{"status":"89123456"}}`,
	} {
		got, found := r.JSON([]byte(src))
		assert.Equal(t, src, string(got))
		assert.Empty(t, found)
	}
}

// TestPairsOfShapes is on lines that take part of their shape from one that came before, and part from
// another, and that together are a pair.
func TestPairsOfShapes(t *testing.T) {
	r, err := New(Config{Detectors: []string{groupAll}})
	require.NoError(t, err)
	for range 3 {
		for _, src := range []string{
			`{"name":"password","n":1,"m":2}`, `{"n":1,"value":"hunter2","m":2}`, `{"n":1,"m":2,"value":"hunter2"}`, `{"value":"hunter2","m":2}`, `{"m":1,"name":"password"}`,
			`{"o":{"name":"password","p":{"q":1}},"m":1}`, `{"o":{"p":{"q":1},"value":"hunter2"}}`,
			`{"kind":"ConfigMap","data":{"a":"x1"}}`, `{"data":{"a":"x1"},"kind":"List"}`, `{"n":1,"value":"x1"}`, `{"sensitive":true,"n":1}`, `{"sensitive":false,"n":1,"value":"x1"}`, `{"cookies":{"a":"x1y2z3"}}`,
			`{"args":["sshpass","-q","a"]}`, `{"args":["ls","-p","a"]}`, `{"command":"ls","args":["-p","a"]}`, `{"o":{"value":{"a":"hunter2"},"n":1}}`,
			`{"args":["-----END","b","a"]}`, `{"args":["a","b"]}`, `{"args":["hunter2"]}`, `{"headers":[["a"]]}`, `{"headers":[["a","b","c"]]}`,
		} {
			got, _ := r.JSON([]byte(src))
			require.Equal(t, src, string(got))
		}
		for src, want := range map[string]string{
			`{"name":"password","n":1,"value":"hunter2","m":2}`:       `{"name":"password","n":1,"value":"[SECRET]","m":2}`,
			`{"value":"hunter2","m":1,"name":"password"}`:             `{"value":"[SECRET]","m":1,"name":"password"}`,
			`{"o":{"name":"password","p":{"q":1},"value":"hunter2"}}`: `{"o":{"name":"password","p":{"q":1},"value":"[SECRET]"}}`,
			`{"args":["--password","hunter2"]}`:                       `{"args":["--password","[SECRET]"]}`,
			`{"kind":"Secret","data":{"a":"x1"}}`:                     `{"kind":"Secret","data":{"a":"[SECRET]"}}`,
			`{"data":{"a":"x1"},"kind":"Secret"}`:                     `{"data":{"a":"[SECRET]"},"kind":"Secret"}`,
			`{"sensitive":true,"n":1,"value":"x1"}`:                   `{"sensitive":true,"n":1,"value":"[SECRET]"}`,
			`{"cookies":{"sid":"x1y2z3"}}`:                            `{"cookies":{"sid":"[SECRET]"}}`,
			`{"args":["-----BEGIN PRIVATE KEY-----","b1x","a1"]}`:     `{"args":["-----BEGIN PRIVATE KEY-----","[SECRET]","[SECRET]"]}`,
			`{"args":["sshpass","-p","a"]}`:                           `{"args":["sshpass","-p","[SECRET]"]}`,
			`{"command":"sshpass","args":["-p","a"]}`:                 `{"command":"sshpass","args":["-p","[SECRET]"]}`,
			`{"o":{"value":{"a":"hunter2"},"name":"password"}}`:       `{"o":{"value":{"a":"[SECRET]"},"name":"password"}}`,
			`{"headers":[["password","hunter2"]]}`:                    `{"headers":[["password","[SECRET]"]]}`,
		} {
			got, _ := r.JSON([]byte(src))
			require.Equal(t, want, string(got))
		}
	}
}
