package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// secretPositives are generated secrets of every kind in texts as agents, servers and
// configuration files hold them.
func secretPositives(r *rand.Rand) []positive {
	g := secretGenerator{r}
	plain := []string{
		"%s", "using %s for the call", "key=%s, region=eu", "{\"key\":\"%s\"}", "'%s'", "TOKEN=%s\nOTHER=1", "https://example.com/?k=%s&v=2", "(%s)", "got %s.", "\\n%s\\n", "[%s]", "<k>%s</k>",
	}
	var all []positive
	add := func(detector, value string, texts ...string) {
		for _, text := range texts {
			all = append(all, placed(detector, "", text, value))
		}
	}
	for range 2 {
		for _, k := range tokenKinds {
			for i := range k.tokens {
				switch whole, value := g.token(&k.tokens[i]); {
				case k.tokens[i].before != nil: // the n of \n would be a part of it
					add(k.detector, value, plain[:8]...)
				case whole == value:
					add(k.detector, value, plain...)
				default:
					add(k.detector, value, strings.ReplaceAll("https://"+whole, value, "%s"))
				}
			}
		}
	}
	for range 25 {
		add("aws_key", g.of("0-9A-Za-z+/", 38)+"a7", "aws_secret_access_key = %s", "AWS_SECRET_ACCESS_KEY=\"%s\"", "[aws] AKIA… %s", "aws configure set aws_secret_access_key %s")
		add("jwt", g.jwt(), plain...)
		add("private_key", g.pem("\n"), "%s", "cert\n%s\nend")
		add("private_key", g.pem("\\n"), "{\"private_key\":\"%s\"}")
		password := g.of("0-9A-Za-z!$%^*_+.~-", 8+g.IntN(16)) + "a1"
		add("connection_string", password, "postgres://app:%s@db.internal:5432/prod?sslmode=require", "mongodb+srv://app:%s@c0.example.net", "redis://:%s@cache:6379/0", "amqps://u:%s@mq/vhost",
			"app:%s@tcp(db:3306)/prod", "Server=db;User Id=sa;Password=%s;Database=x", "jdbc:oracle:thin:scott/%s@//db:1521/x")
		add("connection_string", g.of("0-9A-Za-z+/", 86)+"==", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=%s;EndpointSuffix=core.windows.net", "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=%s")
		add("secret_value", password, "password=%s", "password: %s", "\"password\": \"%s\"", "DB_PASSWORD=%s DB_USER=app", "--password %s --verbose", "--password=%s", "<password>%s</password>", "passwd = '%s'",
			"{\\\"password\\\":\\\"%s\\\"}", "curl -u app:%s https://example.com", "{\"name\":\"db_password\",\"value\":\"%s\"}")
		add("secret_value", g.of("0-9a-f", 30)+"a7", "api_key=%s", "client_secret: %s", "\"access_token\": \"%s\"", "?token=%s&x=1", "X-Api-Key: %s", "Authorization: Bearer %s", "Cookie: theme=1; session=%s; y=2",
			"app_secret := `%s`", "setProperty(\"API_TOKEN\", \"%s\")", "kind: Secret\ndata:\n  x: %s\n")
		all = append(all, placed("secret_value", "password", "%s", password), placed("secret_value", "clientSecret", "%s", "a "+password))
	}
	return all
}

// secretGenerator makes secrets at random.
type secretGenerator struct{ *rand.Rand }

// of returns n characters of a class.
func (g secretGenerator) of(class string, n int) string {
	var set strings.Builder
	for c, has := range newAlphabet(class).has {
		if has {
			set.WriteByte(byte(c))
		}
	}
	return chars(g.Rand, set.String(), n)
}

// token returns a token of kind k, and the part of it that is secret.
func (g secretGenerator) token(k *secretToken) (whole, secret string) {
	class := strings.Trim(k.of.class, "[]")
	n := k.min
	if k.max > k.min {
		n += g.IntN(k.max - k.min + 1)
	} else if k.max == 0 {
		n += g.IntN(20)
	}
	body := g.body(class, n)
	switch {
	case k.provider == "Discord":
		body = g.of("0-9A-Za-z", 22) + "." + g.of("0-9A-Za-z", 6) + "." + g.of("0-9A-Za-z_-", 26) + "a"
	case k.ok != nil && !k.ok([]byte(body)):
		body = "123-456-" + body + "A1a"
		body = body[:n-3] + "A1a"
	}
	if k.before != nil {
		body = g.body(strings.Trim(k.before.class, "[]"), k.beforeMin) + k.prefix + body
	} else if !k.keep {
		body = k.prefix + body
	} else {
		return k.prefix + body, body
	}
	return body, body
}

// body is of, but with letters and digits at both ends, and with dots and dashes as in the
// tokens that have parts.
func (g secretGenerator) body(class string, n int) string {
	switch {
	case n == 0:
		return ""
	case n < 3:
		return g.of(class, n)
	}
	alnum := "0-9a-z"
	for _, narrow := range []string{"0-9", "0-9a-f", "0-9A-Z", "0-9A-Z-", "0-9A-F"} {
		if class == narrow {
			alnum = strings.TrimSuffix(narrow, "-")
		}
	}
	if strings.Contains(class, "0-9a-f") || strings.Contains(class, "0-9A-Fa-f") {
		alnum = "0-9a-f"
	}
	return g.of(alnum, 1) + g.of(class, n-2) + g.of(alnum, 1)
}

func (g secretGenerator) jwt() string {
	return fmt.Sprintf("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOi%s.%s", g.of("0-9A-Za-z_-", 30+g.IntN(200)), g.of("0-9A-Za-z_-", 42)+"a")
}

// pem returns a private key whose lines end with newline.
func (g secretGenerator) pem(newline string) string {
	kind := pick(g.Rand, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK")
	lines := []string{"-----BEGIN " + kind + "-----"}
	for range 1 + g.IntN(30) {
		lines = append(lines, g.of("0-9A-Za-z+/", 64))
	}
	return strings.Join(append(lines, "-----END "+kind+"-----"), newline)
}
