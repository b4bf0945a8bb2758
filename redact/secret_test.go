package redact

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A secretFinder is all detectors of secrets with what each needs to be called.
type secretFinder struct {
	detectors []*detector
	triggers  []*regexp.Regexp
}

func newSecretFinder() *secretFinder {
	f := &secretFinder{detectors: secretDetectors()}
	for _, d := range f.detectors {
		f.triggers = append(f.triggers, regexp.MustCompile("(?:"+strings.Join(d.triggers, ")|(?:")+")"))
	}
	return f
}

// find returns what stands in s, one after the other, and the bytes of it once. It
// fails the test if a detector breaks its contract.
func (f *secretFinder) find(t *testing.T, key, s string) []hit {
	t.Helper()
	var all []hit
	for i, d := range f.detectors {
		hits := d.find(&text{b: []byte(s), key: key}, nil)
		end := 0
		for _, h := range hits {
			require.True(t, end <= h.start && h.start < h.end && h.end <= len(s), "%s finds %d-%d in %q", d.name, h.start, h.end, s)
			require.Same(t, d, h.d)
			require.NotEmpty(t, h.why)
			end = h.end
		}
		if len(hits) > 0 && !secretName(key) {
			require.True(t, f.triggers[i].MatchString(s), "%s is not called for %q", d.name, s)
		}
		all = append(all, hits...)
	}
	return merged(all)
}

// mark returns s with what stands in it between ⟦ and ⟧.
func (f *secretFinder) mark(t *testing.T, key, s string) string {
	t.Helper()
	return replaceHits(s, f.find(t, key, s), func(h hit) string { return "⟦" + s[h.start:h.end] + "⟧" })
}

// mask returns s with what stands in it masked.
func (f *secretFinder) mask(t *testing.T, key, s string) string {
	t.Helper()
	return replaceHits(s, f.find(t, key, s), func(h hit) string { return "[" + h.d.label + "]" })
}

func replaceHits(s string, hits []hit, by func(hit) string) string {
	var sb strings.Builder
	done := 0
	for _, h := range hits {
		sb.WriteString(s[done:h.start])
		sb.WriteString(by(h))
		done = h.end
	}
	return sb.String() + s[done:]
}

var unmark = strings.NewReplacer("⟦", "", "⟧", "")

// fewer is n, or less where time is short.
func fewer(n int) int {
	if testing.Short() {
		return n / 6
	}
	return n
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	for _, want := range []string{
		// by the name they are given to
		"password=⟦hunter2⟧", "password: ⟦hunter2⟧", `"password": "⟦hunter2⟧"`, "'passwd' => '⟦hunter2⟧'", "DB_PASSWORD=⟦hunter2⟧ DB_USER=app",
		"pwd=⟦s3cr3t⟧;", "db_pass: ⟦correct-horse1⟧", "PGPASSWORD=⟦letmein⟧ psql -h db", "password: ⟦changeme⟧\nuser: app", `{\"password\":\"⟦hunter2⟧\",\"user\":\"app\"}`,
		"--password ⟦hunter2⟧ --user app", "--password=⟦hunter2⟧", "mysql --host=db --password='⟦a b;c⟧' x", "login(user=app, password=⟦hunter2⟧)",
		"https://example.com/cb?access_token=⟦a81bd0f32e6c4a7f⟧&state=3", "client_secret=⟦0afae57f3ccfd9d7⟧&grant_type=client_credentials",
		"<password>⟦hunter2⟧</password>", "<apiToken>\n  ⟦4e1243bd22c66e76⟧\n</apiToken>", `<add key="Password" value="⟦hunter2⟧" />`, `{"name":"db_password","value":"⟦hunter2⟧"}`,
		`System.setProperty("API_TOKEN", "⟦4e1243bd22c66e76⟧")`, `secret("⟦p4ss-w0rd⟧")`, `var apiToken string = "⟦4e1243bd22c66e76⟧"`, "api_key := `⟦4e1243bd22c66e76⟧`",
		`char secret[25] = "⟦hunter2⟧";`, "API key: ⟦4e1243bd22c66e76⟧", "token: |\n  ⟦4e1243bd22c66e76⟧\n", "secret = ⟦swordfish⟧", "passphrase=⟦correct⟧",
		"password=⟦pa$$w,o;r&d⟧ next", "password=⟦a<b>c⟧", "api_key=⟦dafa7817-e246-48f3-91a7-e87653d587b8⟧", "Enter password: ⟦Tr0ub4dor&3⟧", "ACCESS_KEY='⟦AbCdEf123456⟧'",
		"cloudflare: ⟦0574b9f43978174cc2cb9a1068681225433c4⟧", "SNYK=⟦12345678-abcd-abcd-abcd-1234567890ab⟧", "otp=⟦493027⟧", "secret_key: '⟦abc123⟧'", "stripe_key=⟦a8Zq01mmX7tYb9Lk2Pw4⟧",
		// of headers, cookies and commands
		"Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧", "authorization: Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧", `-H "Authorization: Token ⟦22cb987851bc5659⟧" x`,
		"X-Api-Key: ⟦Sk94HG7f6KB⟧", "got Bearer ⟦c2VjcmV0LXRva2VuLTE5⟧ from x", "Cookie: theme=dark; sessionid=⟦38afes7a8⟧; lang=en", "Set-Cookie: PHPSESSID=⟦r2t5uvjq435r4q7ib3vtdjq120⟧; Path=/",
		"curl -u elastic:⟦P@ssw0rd$1⟧ https://localhost:9200", "curl -X POST --user 'johns:⟦h0pk1ns~21s⟧' x", "curl -u ⟦sk_9a8b7c6d5e⟧: https://api",
		// in connection strings
		"postgres://app:⟦hunter2⟧@db:5432/prod", "redis://:⟦p@ss⟧@cache/0", "amqp://u:⟦a/b⟧@mq/v", "app:⟦hunter2⟧@tcp(db:3306)/prod", "jdbc:oracle:thin:scott/⟦tiger⟧@db:1521:x",
		"Server=db;User Id=sa;Password=⟦hunter 2⟧;Database=x", "Pwd=⟦{a;b}⟧;Uid=x", "mongodb+srv://u:⟦x9y8z7⟧@c.example.net/?w=1", "https://u:⟦hunter2⟧@example.com/a:b@c",
		"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=⟦lJzRc1YdHaAA2KCNJJ1tkYwF/+mKK6Ygw0NGe170Xu592euJv2wYUtBlV8z+qnlcNQSnIYVTkLWntUO1F8j8rQ==⟧;EndpointSuffix=core",
		"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=⟦abcdefghijklmnopqrstuvwx0123456789+/AAAAAAA=⟧",
		// by their first characters
		"key ⟦AKIAIOSFODNN7EXAMPLE⟧ used", "aws key AKIA0 and ⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧", "⟦ASIAY34FZKBOKMUTVV7A⟧,⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEK9⟧",
		"⟦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⟧", "\\n⟦glpat-hellOworld380_testin⟧.", "https://hooks.slack.com/services/⟦T0DCUJB1Q/B0DD08H5G/bJtrpFi1fO1JMCcwLx8uZyAg⟧",
		"bot ⟦110201543:AAHdqTcvCH1vGWJxfSe1ofSAs0K5PALDsaw⟧!", "⟦343ea45721923ed956e2b38c31db76aa-us30⟧", "⟦SK0123456789abcdef0123456789abcdef⟧", "⟦bP88Q~rcBcYjzzOhg1Hnn76Wm3jGgakZiZ.8vMgR⟧",
		"⟦MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs⟧", "⟦flxu_0123456789ABCDEFGHIJabcdefghijKLMNOPQRSTUVWXYZklmnopqrstuvw⟧",
		// JSON Web Tokens
		"⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U⟧.", "⟦eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0⟧.",
		"⟦eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZ.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT⟧ x",
		// keys
		"a\n⟦-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----⟧\nb", "⟦-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXkt\\n-----END OPENSSH PRIVATE KEY-----⟧\\n",
		"⟦-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQWGBGSVV4YBDAClvRnx\n=8xQN\n-----END PGP PRIVATE KEY BLOCK-----⟧", "x ⟦-----BEGIN RSA PRIVATE KEY-----\nMIIEpQIBAAKCAQEAn6/O8li+SX4m98LL⟧",
		"⟦---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAAgIAAAAm\n---- END SSH2 ENCRYPTED PRIVATE KEY ----⟧\n", "⟦PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 1\nAAAAgQDk\nPrivate-MAC: 50c45751d18d74c00fca395deb7b7695e3ed6f77⟧\n",
		"⟦AGE-SECRET-KEY-1QQPQYVYPNF8S6P5UUEJXT4DV2CYPMZJ6XQ9N4XSRD3NMJ4Q0A8AAQHRSQZ⟧ x",
		// Kubernetes
		"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  # comment\n  user: ⟦YWRtaW4=⟧\n  ca.pem: |\n    ⟦LS0tLS1CRUdJTiBD⟧\ntype: Opaque\n",
	} {
		assert.Equal(t, want, f.mark(t, "", unmark.Replace(want)))
	}
}

func TestNothingSecretIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	for _, s := range []string{
		"", "password", "password:", "password=", "password: \nuser: app", "token expired", "invalid token: signature mismatch", "password: incorrect", "the password is wrong",
		"tokens=512", "max_tokens: 4096", `"input_tokens": 1523, "output_tokens": 88`, "token_count=12", "tokenizer: cl100k_base", "token_type=bearer", "total tokens: 12", "tokens/s: 31.5",
		"primary_key=id", "key=value", "foreign_key: user_id", "cache_key=user:42:profile", "partition key: 2026-04-30", "key: 42", "sort_key=created_at", "keyboard=us", "monkey: business",
		"password=***", "password=********", "password=${DB_PASSWORD}", "password=$DB_PASSWORD", "password: <your-password>", "password=null", "secret: none", "token=%s", "token=<redacted>", "api_key=YOUR_API_KEY",
		"password = {{ .Values.password }}", "password=env:DB_PASSWORD", "token=xxxxxxxxxxxxxxxxxxxx", "token = os.environ['TOKEN']", "token=getToken()", "password: config.password", "secret=/run/secrets/db", "secret_name=db-credentials",
		"password_file=/etc/pw", "passwordExpiresAt=2026-04-30", "password_policy: strong", "secret: default/db-credentials", `secret="kube-system/coredns-token"`, "credentialsId: 'a1b2c3d4e5f6'", "auth: basic", "auth=oauth2", "author=jane", "authority: example.com",
		"Failed password for invalid user admin from 173.234.31.186 port 38926 ssh2", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=187.141.143.180  user=root",
		"Accepted publickey for app from 10.0.0.4 port 4242 ssh2: RSA SHA256:2jmj7l5rSw0yVb/vlWAYkK/YBwk", "Bad activity token: android.os.BinderProxy@2bd79ce", "AppWindowToken{df0e token=Token{0af0 ActivityRecord{0b0}}}",
		"sessionid:0x14ed93111f20027", "session=4", "unexpected token } in JSON at position 4", "SyntaxError: Unexpected token: punc (.)", "next_page_token=CAUQAA", "pageToken: eyJwYWdlIjoyfQ",
		"run_01jzq4v3n5e8rrb1v0p8m2c7d6", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "commit 3f786850e387550fdab836ed7e6dc881de23001b", "etag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
		"spark://CoarseGrainedScheduler@10.10.34.11:48069", "http://localhost:5000/x@y", "https://example.com:8080/path@v2", "git@github.com:a/b.git", "arn:aws:iam::123456789012:role/x", "s3://bucket/amazonaws/3f786850e387550fdab836ed7e6dc881de23001b",
		"https://app:${PASSWORD}@example.com", "postgres://app:***@db/prod", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "no -----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----=[SECRET]", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
		"AKIAXXXXXXXXXXXXXXXX", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "TODAYINASIAASACKOFRICEFELLOVER", "org.apache.hadoop.mapreduce.v2.app.job.impl.TaskAttemptImpl", "risk-assessment-2026-04-30-final-version", "task_test_7hjqqj6hm76hck2ki3yt452xc32foh",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "curl -u $USER:$PASS https://x", "curl -u user https://x", "Cookie: theme=dark; lang=en", "kind: Secret\nname: x", "Authorization: denied", "Bearer realm is missing", "basic auth: enabled",
		"decided: stale=true because age_minutes=31.0 > 30", "access denied for key alice@example.com", "rotated the api key of feed-monitor", "grant secret access to the ops team: approved", "keys: [a, b]", "redis key session:9f86d081884c7d659a2feaa0c55ad015 expired", "Authorization: role=operator action=deploy", "session=run_01jzq4v3n5e8rrb1v0p8m2c7d6", "otp=sent", "pass: 12, fail: 0",
		"cache miss for key: user:42:profile", "sha512-AbC123+/abcdefABCDEF", "stop token: <|endoftext|>", "signature=valid", "public_key=9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit",
	} {
		assert.Equal(t, s, f.mark(t, "", s))
	}
}

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"password", "Password", "PASSWORD", "db_password", "dbPassword", "DB-PASSWORD", "db.password", "passwd", "pwd", "pass", "passphrase", "password2", "password_hash",
		"secret", "clientSecret", "client_secret", "mySecretString", "token", "accessToken", "access-token", "refresh_token", "apikey", "apiKey", "API_KEY", "x-api-key", "IBMCLOUDIAMAPIKEY",
		"aws_secret_access_key", "private_key", "privateKey", "encryption_key", "AccountKey", "credentials", "creds", "auth", "Authorization", "jwt", "otp", "cvv", "awsSessionToken", "Cookie", "Set-Cookie",
	} {
		assert.True(t, secretName(name), name)
	}
	for _, name := range []string{
		"", "-", "user", "key", "primary_key", "public_key", "cache_key", "keyboard", "monkey", "tokens", "max_tokens", "input_tokens", "tokenCount", "token_type", "token_url", "tokenizer",
		"next_page_token", "pageToken", "password_policy", "passwordExpiresAt", "password_file", "secret_name", "secretId", "secretary", "author", "authority", "auth_method", "authenticated",
		"compass", "bypass", "passed", "credential_id", "session_id", "api_key_id", "keys", "signature", "access", "private",
	} {
		assert.False(t, secretName(name), name)
	}
}

func TestSecretsUnderAName(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	for _, c := range []struct{ key, want string }{
		{"password", "⟦hunter2⟧"}, {"password", "⟦correct horse battery staple⟧"}, {"password", " ⟦a⟧ "}, {"api_key", "⟦0afae57f3ccfd9d7f5767067bc48b30f719e271b⟧"}, {"apiKey", "⟦letmein⟧"},
		{"token", "⟦9f86d081-884c-7d65-9a2f-eaa0c55ad015⟧"}, {"Authorization", "Bearer ⟦mF_9.B5f-4.1JqM⟧"}, {"authorization", "Basic ⟦QWxhZGRpbjpv⟧"}, {"otp", "⟦493027⟧"},
		{"Cookie", "theme=dark; sid=⟦38afes7a8⟧"}, {"Set-Cookie", "csrf=⟦u32t4o3tb3gg43⟧; Path=/"}, {"client_secret", "⟦日本語の秘密⟧"},
		{"password", "[SECRET]"}, {"password", "[SECRET:k3:abcdefghij]"}, {"token", "[JWT]"}, {"key", "hunter2"}, {"password", ""}, {"password", "***"}, {"password", "${DB}"}, {"password", "vault://kv/db"},
		{"token", "unexpected end of input"}, {"token", "42"}, {"auth", "oauth2"}, {"auth", "none"}, {"credential", "default"}, {"secret_name", "db"}, {"token", "/var/run/secrets/token"}, {"password", "true"},
	} {
		assert.Equal(t, c.want, f.mark(t, c.key, unmark.Replace(c.want)), "under %s", c.key)
	}
}

func TestSecretPositives(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	found, all := map[string]int{}, map[string]int{}
	for _, p := range secretPositives() {
		all[p.detector]++
		for i, d := range f.detectors {
			if d.name != p.detector {
				continue
			}
			for _, h := range d.find(&text{b: []byte(p.text), key: p.key}, nil) {
				if p.text[h.start:h.end] == p.value {
					require.True(t, p.key != "" || f.triggers[i].MatchString(p.text), "%s is not called for %q", d.name, p.text)
					found[d.name]++
					break
				}
				t.Logf("%s: not %q but %q", d.name, p.value, p.text[h.start:h.end])
			}
		}
	}
	for _, d := range f.detectors {
		require.Positive(t, all[d.name], "no positives of %s", d.name)
		assert.GreaterOrEqual(t, float64(found[d.name]), 0.999*float64(all[d.name]), "%s: %d of %d", d.name, found[d.name], all[d.name])
	}
}

func TestMaskedSecretsAreNoSecrets(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	all := secretPositives()
	for _, p := range all[:fewer(len(all))] {
		once := f.mask(t, p.key, p.text)
		assert.Equal(t, once, f.mask(t, p.key, once))
	}
}

// Texts put together of what the detectors look for are nearer to a find than
// random bytes.
func TestSecretsAreIdempotent(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	parts := strings.Split("password|token|secret|api_key|key|auth|=|:| |\"|'|,|;|&|\n|{|}|<|>|\\|/|--|://|@|user|hunter2|0afae57f3ccfd9d7|Bearer |Basic |AKIAIOSFODNN7EXAMPLE|"+
		"aws|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY|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|eyJhbGciOiJIUzI1NiJ9|.|eyJzdWIiOiIxMjM0NTY3ODkwIn0|-----BEGIN PRIVATE KEY-----|-----END|"+
		"-----|Cookie: |sid=|kind: Secret|data:|curl | -u |Password=|[SECRET]|[JWT]|value|tcp(|postgres|:p@|xoxb-|123456789|null|***|${X}", "|")
	r := rand.New(rand.NewPCG(5, 6))
	for range fewer(8_000) {
		var sb strings.Builder
		for range 1 + r.IntN(10) {
			sb.WriteString(parts[r.IntN(len(parts))])
		}
		checkSecretsTwice(t, f, "", sb.String())
	}
}

// checkSecretsTwice checks that masking what was masked changes nothing.
func checkSecretsTwice(t *testing.T, f *secretFinder, key, s string) {
	t.Helper()
	once := f.mask(t, key, s)
	require.Equal(t, once, f.mask(t, key, once), "of %q", s)
}

// A text that is nothing but beginnings takes no longer than any other: with a step
// for each pair of bytes these would not end.
func TestHostileSecrets(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	for _, part := range []string{
		"password=", "password=\"", "token='", "token:", "secret ", "key\\", "api_key=x", "://", "://:", "://a:b/", "://a:b@", "@tcp(", ":@tcp(", "jdbc:oracle:/", "-", "----", "-----BEGIN PRIVATE KEY-----", "-- END",
		"eyJ", "eyJhbGciOiJIUzI1NiJ9.", "ZXlK", ".", "AKIA", "sk-", "SG.", "ghp_", "aws", "A", "a1", "0", ":A", "|", "Q~", "-us1", ".atlasv1.", "curl ", "curl -", "cookie:", "cookie: a=", "kind: Secret\n", "kind:", "data:\n",
		"Bearer ", "PuTTY-User-Key-File-", "AGE-SECRET-KEY-", "Password=;", "pwd={", "[", "[A", "é", "\\n", "<key>", "key,", "key(\"", "--token ", "=", "\x00", "a.b.", "/", "password:|\n",
	} {
		s := strings.Repeat(part, fewer(16<<10)/len(part))
		f.find(t, "", s)
		f.find(t, "password", s)
		f.find(t, "", "kind: Secret\ndata:\n"+s)
	}
}

func FuzzSecrets(f *testing.F) {
	for _, p := range secretPositives()[:200] {
		f.Add(p.key, p.text)
	}
	finder := newSecretFinder()
	f.Fuzz(func(t *testing.T, key, s string) {
		checkSecretsTwice(t, finder, strings.ToValidUTF8(key, ""), strings.ToValidUTF8(s, ""))
	})
}

// A secretPositive is a text, perhaps under a key, in which a detector must find value.
type secretPositive struct{ detector, key, text, value string }

// secretPositives are generated secrets of every kind in texts as agents, servers and
// configuration files hold them; the same ones each time.
func secretPositives() []secretPositive {
	g := secretGenerator{rand.New(rand.NewPCG(7, 8))}
	plain := []string{
		"%s", "using %s for the call", "key=%s, region=eu", "{\"key\":\"%s\"}", "'%s'", "TOKEN=%s\nOTHER=1", "https://example.com/?k=%s&v=2", "(%s)", "got %s.", "\\n%s\\n", "[%s]", "<k>%s</k>",
	}
	var all []secretPositive
	add := func(detector, value string, texts ...string) {
		for _, text := range texts {
			all = append(all, secretPositive{detector, "", strings.ReplaceAll(text, "%s", value), value})
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
			"app:%s@tcp(10.0.0.4:3306)/prod", "Server=db;User Id=sa;Password=%s;Database=x", "jdbc:oracle:thin:scott/%s@//db:1521/x")
		add("connection_string", g.of("0-9A-Za-z+/", 86)+"==", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=%s;EndpointSuffix=core.windows.net", "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=%s")
		add("secret_value", password, "password=%s", "password: %s", "\"password\": \"%s\"", "DB_PASSWORD=%s DB_USER=app", "--password %s --verbose", "--password=%s", "<password>%s</password>", "passwd = '%s'",
			"{\\\"password\\\":\\\"%s\\\"}", "curl -u app:%s https://example.com", "{\"name\":\"db_password\",\"value\":\"%s\"}")
		add("secret_value", g.of("0-9a-f", 30)+"a7", "api_key=%s", "client_secret: %s", "\"access_token\": \"%s\"", "?token=%s&x=1", "X-Api-Key: %s", "Authorization: Bearer %s", "Cookie: theme=1; session=%s; y=2",
			"app_secret := `%s`", "setProperty(\"API_TOKEN\", \"%s\")", "kind: Secret\ndata:\n  x: %s\n")
		all = append(all, secretPositive{"secret_value", "password", password, password}, secretPositive{"secret_value", "clientSecret", "a " + password, "a " + password})
	}
	return all
}

type secretGenerator struct{ *rand.Rand }

// of returns n characters of a class.
func (g secretGenerator) of(class string, n int) string {
	a := newAlphabet(class)
	var set []byte
	for c, has := range a.has {
		if has {
			set = append(set, byte(c))
		}
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = set[g.IntN(len(set))]
	}
	return string(out)
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
	kind := []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"}[g.IntN(7)]
	lines := []string{"-----BEGIN " + kind + "-----"}
	for range 1 + g.IntN(30) {
		lines = append(lines, g.of("0-9A-Za-z+/", 64))
	}
	return strings.Join(append(lines, "-----END "+kind+"-----"), newline)
}
