package redact_test

import (
	"fmt"

	"github.com/flexorhq/flexor-go/redact"
)

func Example() {
	r, err := redact.New(redact.Config{Detectors: []string{"all"}})
	if err != nil {
		panic(err)
	}
	line, found := r.JSON([]byte(`{"to":"alice@fund.com","db":{"password":"hunter2-hunter2"},"rows":41}`))
	fmt.Println(string(line))
	for _, f := range found {
		fmt.Println(f.Field, f.Detector, f.Count)
	}
	// Output:
	// {"to":"[EMAIL]","db":{"password":"[SECRET]"},"rows":41}
	// to email 1
	// db.password secret_value 1
}

// Text that is not JSON is an error message, a URL, a line of another log.
func ExampleRedactor_Text() {
	r, err := redact.New(redact.Config{Detectors: []string{"pii"}})
	if err != nil {
		panic(err)
	}
	text, _ := r.Text("no answer from +1 415 555 2671, see https://help.example/?user=bob%40fund.com")
	fmt.Println(text)
	// Output:
	// no answer from [PHONE], see https://help.example/?user=%5BEMAIL%5D
}

// A pattern finds what only this firm knows. Its group is what is replaced.
func ExamplePattern() {
	r, err := redact.New(redact.Config{Patterns: []redact.Pattern{{
		Name:     "account",
		Regexp:   `\bACC-([0-9]{8})\b`,
		Group:    1,
		Keywords: []string{"account"},
		Allow:    []string{"00000000"},
	}}})
	if err != nil {
		panic(err)
	}
	for _, s := range []string{"account ACC-00012345", "the house account is ACC-00000000", "part ACC-00012345"} {
		text, _ := r.Text(s)
		fmt.Println(text)
	}
	// Output:
	// account ACC-[ACCOUNT]
	// the house account is ACC-00000000
	// part ACC-00012345
}

// A rule removes what stands under a name, whatever it is.
func ExampleKeyRule() {
	r, err := redact.New(redact.Config{Keys: []redact.KeyRule{
		{Name: "*_token"},
		{Name: "salary", Operator: redact.Drop},
		{Pointer: "/people/*/name"},
	}})
	if err != nil {
		panic(err)
	}
	line, _ := r.JSON([]byte(`{"accessToken":[1,true],"people":[{"name":"Ann","salary":17}],"env":[{"name":"api-token","value":"x"}]}`))
	fmt.Println(string(line))
	// Output:
	// {"accessToken":["[REDACTED]","[REDACTED]"],"people":[{"name":"[REDACTED]","salary":null}],"env":[{"name":"api-token","value":"[REDACTED]"}]}
}

// Equal values have equal pseudonyms, so that entries can still be joined and
// searched, by those who have the key.
func ExampleRedactor_Pseudonym() {
	r, err := redact.New(redact.Config{
		Detectors:  []string{"email"},
		Operators:  map[string]redact.Operator{"email": redact.Pseudonym},
		Pseudonyms: redact.StaticKey("k3", []byte("a key from a key store")),
	})
	if err != nil {
		panic(err)
	}
	text, _ := r.Text("sent to Alice@Fund.com")
	search, err := r.Pseudonym("email", "alice@fund.com")
	if err != nil {
		panic(err)
	}
	fmt.Println(text)
	fmt.Println(text == "sent to "+search)
	// Output:
	// sent to [EMAIL:k3:ofioddnailcjcjiojmdkdcpmpikebofc]
	// true
}

// Explain tells why something is found, never what.
func ExampleRedactor_Explain() {
	r, err := redact.New(redact.Config{Detectors: []string{"all"}})
	if err != nil {
		panic(err)
	}
	_, found := r.Explain("card 4111 1111 1111 1111 of alice@fund.com")
	for _, f := range found {
		fmt.Printf("at %d: %s (%s), becomes %s\n", f.Offset, f.Detector, f.Why, f.Replacement)
	}
	// Output:
	// at 5: credit_card (Luhn, Visa), becomes [CARD]
	// at 28: email (local part and domain), becomes [EMAIL]
}
