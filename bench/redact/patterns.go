package main

import "fmt"

// builtin are regular expressions for what twelve of the built-in detectors find, as a
// team would write them that has none. They stand for those detectors with the
// peers, which can say no better what they look for.
var builtin = []string{
	`[\w.+-]+@[\w-]+\.[\w.-]+`, // email
	`\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,3}`, // phone
	`\b(?:\d[ -]?){12,18}\d\b`,                                        // credit_card
	`\b[A-Z]{2}\d{2}[ ]?[A-Z0-9]{4}(?:[ ]?[A-Z0-9]{4}){2,7}`,          // iban
	`\b\d{3}-\d{2}-\d{4}\b`,                                           // us_ssn
	`\b\d{3} \d{3} \d{4}\b`,                                           // uk_nhs
	`\b(?:\d{1,3}\.){3}\d{1,3}\b`,                                     // ip_address
	`\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b`,                     // mac_address
	`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,                                   // aws_key
	`\bgh[pousr]_[A-Za-z0-9]{36}\b`,                                   // github_token
	`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`, // jwt
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,                              // private_key
}

// detectors are the names of the built-in detectors of those patterns.
var detectors = []string{
	"email", "phone", "credit_card", "iban", "us_ssn", "uk_nhs", "ip_address", "mac_address",
	"aws_key", "github_token", "jwt", "private_key",
}

// custom returns n patterns as users write them for the ids of their own house.
func custom(n int) []string {
	out := make([]string, n)
	for i := range out {
		switch a, b := 'A'+rune(i%26), 'A'+rune(i*7%26); i % 4 {
		case 0:
			out[i] = fmt.Sprintf(`\bEMP-%c%c\d{6}\b`, a, b)
		case 1:
			out[i] = fmt.Sprintf(`\b%c%cCUST[0-9]{8}\b`, a, b)
		case 2:
			out[i] = fmt.Sprintf(`(?i)\bpolicy[- ]%c%c[- ]?\d{4,9}\b`, a, b)
		case 3:
			out[i] = fmt.Sprintf(`\b%c%c-[A-Z]{3}-\d{3,5}-[A-Z]\b`, a, b)
		}
	}
	return out
}
