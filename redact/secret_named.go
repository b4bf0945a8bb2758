package redact

// A namedToken is a kind of token that only the name of its provider, in the name
// of what it is given to, tells from other values of its shape.
type namedToken struct {
	word     string // in the name, in any case
	prefix   string // of the value
	of       *alphabet
	min, max int
}

// namedTokens are the tokens whose names need not say "key" or "token". Source:
// the rules of https://github.com/gitleaks/gitleaks.
var namedTokens = []namedToken{
	{word: "cloudflare", of: hexLower, min: 37, max: 37},
	{word: "cloudflare", of: base64URL, min: 40, max: 40},
	{word: "heroku", of: hexDashes, min: 36, max: 36},
	{word: "hubspot", of: hexDashes, min: 36, max: 36},
	{word: "messagebird", of: hexDashes, min: 36, max: 36},
	{word: "snyk", of: hexDashes, min: 36, max: 36},
	{word: "contribsys", of: newAlphabet("0-9a-f:"), min: 17, max: 17},
	{word: "sonar", of: base64URL, min: 40, max: 44},
	{word: "sourcegraph", of: hexAny, min: 40, max: 40},
	{word: "artifactory", of: base62, min: 64, max: 73},
	{word: "jfrog", of: base62, min: 64, max: 73},
	{word: "sumo", prefix: "su", of: base62, min: 14, max: 14},
	{word: "scraping", of: capitals, min: 80, max: 80},
	{word: "meraki", of: hexLower, min: 40, max: 40},
}

// named reports whether value is a token of the provider in name.
func named(name, value []byte) bool {
	for i := range namedTokens {
		n := &namedTokens[i]
		if len(value) >= n.min && len(value) <= n.max && n.of.run(value, 0) == len(value) &&
			string(value[:len(n.prefix)]) == n.prefix && indexFold(name, n.word) >= 0 && distinct(value) > 5 {
			return true
		}
	}
	return false
}
