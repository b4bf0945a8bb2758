package redact

import (
	"encoding/json"
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
		"password=⟦pa$$w,o;r&d⟧ next", "password=⟦x[AB]y⟧ next", "password=⟦[AB]⟧", `"password": "⟦[AB]hunter2⟧"`, "password=⟦a<b>c⟧", "api_key=⟦dafa7817-e246-48f3-91a7-e87653d587b8⟧", "Enter password: ⟦Tr0ub4dor&3⟧", "ACCESS_KEY='⟦AbCdEf123456⟧'",
		"cloudflare: ⟦0574b9f43978174cc2cb9a1068681225433c4⟧", "SNYK=⟦12345678-abcd-abcd-abcd-1234567890ab⟧", "otp=⟦493027⟧", "secret_key: '⟦abc123⟧'", "stripe_key=⟦a8Zq01mmX7tYb9Lk2Pw4⟧",
		"<password>⟦correct horse battery staple⟧</password>", "<secret>⟦{vault AQAAABAAA TKymDGZ62qKyWXsq00Nyp}⟧</secret>", "<appToken>\n  ⟦a0fb035073039fd855d3b585618b688a⟧\n</appToken>", "Using Key=⟦mlhekyjhs96mx0r2cxbzky4jzr83fw1q⟧",
		"token = '⟦8vr0j5458z4xq57qkozagbt2l6nnjetq⟧' | '⟦8vr0j5458z4xq57qkozagbt2l6nnjetq⟧'", "⟦dafa7817-e246-48f3-91a7-e87653d587b8⟧ as token=⟦dafa7817-e246-48f3-91a7-e87653d587b8⟧", "database password=⟦database⟧",
		"client_token=⟦8vr0j5458z4xq57qkozagbt2l6nnjetq⟧",
		// said in a sentence
		"the password is ⟦hunter2⟧", "Your password was: ⟦Tr0ub4dor&3⟧.", "bad password '⟦hunter2⟧' for joe", "login as joe with password ⟦hunter2⟧", "secret key is ⟦4e1243bd22c66e76f00d⟧", "cvv=⟦123⟧", "CVC: ⟦1234⟧",
		"the password for joe is ⟦hunter2⟧", "Password for joe: ⟦hunter2⟧", "enable secret 5 ⟦$1$mERr$hx5rVt7rPNoS4wqbXKX7m0⟧", "username joe password 7 ⟦0822455D0A16⟧",
		// in SQL, and files of other programs
		"CREATE USER joe IDENTIFIED BY '⟦swordfish⟧'", "create user joe identified by ⟦hunter2⟧;", "CREATE USER 'joe'@'%' IDENTIFIED WITH mysql_native_password BY '⟦it''s x⟧';", "ALTER USER joe IDENTIFIED BY ⟦tiger⟧",
		"GRANT ALL ON *.* TO joe IDENTIFIED BY PASSWORD '⟦*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19⟧'", "ALTER ROLE joe PASSWORD '⟦swordfish⟧';", "SET PASSWORD FOR 'joe'@'h' = PASSWORD('⟦swordfish⟧');",
		"ALTER LOGIN sa WITH PASSWORD = N'⟦Hunt3r!x⟧' OLD_PASSWORD = '⟦older1⟧'", "machine h login joe password ⟦48151623⟧", "machine h\n login joe\n password ⟦swordfish⟧\n",
		"- name: DB_PASSWORD\n  value: ⟦hunter2⟧\n", "- name: \"DB_PASSWORD\"\r\n  value: '⟦hunter2⟧'\n", "<property><name>db.password</name>\n <value>⟦swordfish⟧</value></property>", "<entry key=\"db.password\">⟦swordfish⟧</entry>",
		"<key>password</key>\n\t<string>⟦swordfish⟧</string>", "<param name='password'>⟦swordfish⟧</param>", "password: &pw ⟦hunter2⟧\nother: *pw", "token: !!str ⟦a8Zq01mmX7tYb9Lk2Pw4⟧", "const apiKey =\n  \"⟦a8Zq01mmX7tYb9Lk2Pw4⟧\"",
		"db.example.com:5432:prod:joe:⟦hunter2⟧\n*:*:*:ann:⟦x1y2⟧", "::add-mask::⟦hunter2⟧", "wifi.psk=⟦swordfish⟧",
		"ConvertTo-SecureString -String '⟦Hunt3r!⟧' -AsPlainText", "$password = ConvertTo-SecureString \"⟦Hunt3r!⟧\" -AsPlainText", "joe:⟦$2y$10$abcdefghijklmnopqrstuuK8a7Zq01mmX7tYb9Lk2Pw4ab1cd2ef3⟧:1",
		"https://api.example.com/v1/user?key=⟦9e4635bc-28dc-25d3-8546-2b30115d9a7b⟧", "request to the x API\nusing key=⟦eccb41cc2d4dab96b748ed040e9b3081⟧", "Ocp-Apim-Subscription-Key: ⟦0123456789abcdef0123456789abcdef⟧",
		// of headers, cookies and commands
		"Authorization: Negotiate ⟦YIIJvwYGKwYBBQUCoIIJszCC⟧", "curl -su joe:⟦hunter2⟧ https://db", "mongosh --host h -u joe -p ⟦hunter2⟧", "podman login -p ⟦hunter2⟧ r && mkdir -p /x", "sqlcmd -S h -P ⟦Hunt3r!⟧", "keytool -storepass ⟦hunter2⟧ -list",
		"unzip -P ⟦hunter2⟧ x.zip", "7z x -p⟦hunter2⟧ x.7z",
		"mysql -u root -p⟦hunter2⟧ -h db", "mysqldump -p'⟦a b⟧' db", "sshpass -p ⟦hunter2⟧ ssh h", "sshpass -p⟦hunter2⟧ ssh h", "redis-cli -h c -a ⟦hunter2⟧ ping", "docker login -u joe -p ⟦hunter2⟧",
		"Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧", "authorization: Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧", `-H "Authorization: Token ⟦22cb987851bc5659⟧" x`,
		"X-Api-Key: ⟦Sk94HG7f6KB⟧", "got Bearer ⟦c2VjcmV0LXRva2VuLTE5⟧ from x", "sent Basic ⟦am9lOmh1bnRlcjI=⟧ to x", "Cookie: theme=dark; sessionid=⟦38afes7a8⟧; lang=en", "Set-Cookie: PHPSESSID=⟦r2t5uvjq435r4q7ib3vtdjq120⟧; Path=/",
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
		"password: !Sub '${Env}-db'", "token: !Ref DbToken1", "auth: ntlm fallback2 used", "<string name=\"forgot_password\">Forgot it?</string>", "password: never",
		"CREATE TABLE users (password varchar(60), token varchar(128))", "ALTER ROLE joe PASSWORD NULL", "create user request identified by correlation", "records are identified by isin US0378331005",
		"db.example.com:5432:prod:joe:idle", "at db:5432:prod:joe:x1y2 now", "db:5432:prod", "db:5432::joe:x1y2", "::add-mask::***", "a:*:b:c:1234:5",
		"patients are identified by 'name'", "we create users identified by email address", "could not set password 'must have a digit'", "<label for=\"password\">Password</label>", "<a id=\"password\">Forgot it?</a>",
		"docker run --name mysql -p3306:3306 -d mysql:8", "mongo is up; mkdir -p data7", "- name: DB_PASSWORD\n  valueFrom: x7y8", "login joe password policy", "https://api.example.com/v1/user?key=status", "https://example.com/cache?key=eccb41cc2d4dab96b748ed040e9b3081",
		"API response cached using key=eccb41cc2d4dab96b748ed040e9b3081", "IDENTIFIED EXTERNALLY", "password for the account: see wiki", "enable secret 5 times", "zip -r x.zip -P",
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
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "curl -u $USER:$PASS https://x", "curl -u user https://x", "Cookie: theme=dark; lang=en", "kind: Secret\nname: x", "Authorization: denied", "Bearer realm is missing", "basic auth: enabled", "basic authentication", "Basic c2VjcmV0LXRva2VuLTE5", "basic understanding",
		"decided: stale=true because age_minutes=31.0 > 30", "access denied for key alice@example.com", "rotated the api key of feed-monitor", "grant secret access to the ops team: approved", "keys: [a, b]", "redis key session:9f86d081884c7d659a2feaa0c55ad015 expired", "Authorization: role=operator action=deploy", "session=run_01jzq4v3n5e8rrb1v0p8m2c7d6", "otp=sent", "pass: 12, fail: 0",
		"password for root", "public key  flexor/company/audit-log+0d667657+Aa5BAxDaGXbWculXstrgYBYoMcVWv", "key 4e1243bd22c66e76f00d was evicted", "GET /etc/passwd HTTP/1.1", "(with or without PWD set).", "password v2", "the password was reset on 2026-04-30", "password is ${DB_PASSWORD}", "this pass is 12x faster", "this pass is x264crf18", "token is abc123", "password sha256", "password 12345 times", "max pass 3",
		"mysql -p db", "mysql -P3306", "mysql\n-p1", "mysqldump -p$PASS db", "sshpass -e ssh h", "sshpass -p", "redis-cli -a -h", "docker login -p ${TOKEN}", "mysql-proxy",
		"<password>not set</password>", "<token>is expired</token>", "key=0fd87cfb1ca6c38c5f1ae5be7b0e395e", "key=part-00000-8af2-c000.snappy.parquet", "clientToken=dafa7817-e246-48f3-91a7-e87653d587b8",
		`"clientSecret": "HIDDEN_DUE_TO_SECURITY_REASONS"`, "PASSWORD = '☺☺☺☺☺'", "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod-db-ab12cd", "AROAZBD2CNPWD5DHZ366F:EKS", `"Password Spray": "MEDIUM"`,
		`"authorization.k8s.io/reason": "RBAC: allowed by ClusterRoleBinding \"system:coredns\""`,
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
		{"token", "⟦9f86d081-884c-7d65-9a2f-eaa0c55ad015⟧"}, {"Authorization", "Bearer ⟦mF_9.B5f-4.1JqM⟧"}, {"authorization", "Basic ⟦QWxhZGRpbjpv⟧"}, {"otp", "⟦493027⟧"}, {"cvv", "⟦123⟧"}, {"cvv", "12"}, {"otp", "123"},
		{"Cookie", "theme=dark; sid=⟦38afes7a8⟧"}, {"Set-Cookie", "csrf=⟦u32t4o3tb3gg43⟧; Path=/"}, {"client_secret", "⟦日本語の秘密⟧"},
		{"password", "[SECRET]"}, {"password", "⟦[AB]⟧"}, {"password", "⟦[hunter2]⟧"}, {"password", "⟦x[SECRET]y⟧"}, {"password", "[not set]"}, {"password", "[password]"}, {"password", "[SECRET:k3:abcdefghijklmnopabcdefghijklmnop]"}, {"token", "[JWT]"}, {"key", "hunter2"}, {"password", ""}, {"password", "***"}, {"password", "${DB}"}, {"password", "vault://kv/db"},
		{"clientToken", "fleet-180da986-0bb4-c936-0c9a-0e20a0c6d1aa-0"}, {"client_token", "⟦8vr0j5458z4xq57qkozagbt2l6nnjetq⟧"},
		{"token", "unexpected end of input"}, {"token", "42"}, {"auth", "oauth2"}, {"auth", "none"}, {"credential", "default"}, {"secret_name", "db"}, {"token", "/var/run/secrets/token"}, {"password", "true"},
	} {
		assert.Equal(t, c.want, f.mark(t, c.key, unmark.Replace(c.want)), "under %s", c.key)
	}
}

func TestMaskedSecretsAreNoSecrets(t *testing.T) {
	t.Parallel()
	f := newSecretFinder()
	all := secretPositives(rand.New(rand.NewPCG(7, 8)))
	for _, p := range all[:fewer(len(all))] {
		once := f.mask(t, p.key, p.text)
		assert.Equal(t, once, f.mask(t, p.key, once))
	}
}

// Texts put together of what the detectors look for are nearer to a find than
// random bytes.
func TestSecretsAreIdempotent(t *testing.T) {
	t.Parallel()
	redactor, err := New(Config{Detectors: []string{groupSecrets}})
	require.NoError(t, err)
	parts := strings.Split("password|token|secret|api_key|key|auth|=|:| |\"|'|,|;|&|\n|{|}|<|>|\\|/|--|://|@|user|hunter2|0afae57f3ccfd9d7|Bearer |Basic |AKIAIOSFODNN7EXAMPLE|"+
		"aws|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY|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|eyJhbGciOiJIUzI1NiJ9|.|eyJzdWIiOiIxMjM0NTY3ODkwIn0|-----BEGIN PRIVATE KEY-----|-----END|"+
		"-----|Cookie: |sid=|kind: Secret|data:|curl | -u |Password=|[SECRET]|[JWT]|value|tcp(|postgres|:p@|xoxb-|123456789|null|***|${X}", "|")
	r := rand.New(rand.NewPCG(5, 6))
	for range fewer(50_000) {
		var sb strings.Builder
		for range 1 + r.IntN(10) {
			sb.WriteString(parts[r.IntN(len(parts))])
		}
		checkSecretsTwice(t, redactor, "", sb.String())
	}
}

// checkSecretsTwice checks that redacting what was redacted changes nothing.
func checkSecretsTwice(t *testing.T, r *Redactor, key, s string) {
	t.Helper()
	src, err := json.Marshal(map[string]string{key: s})
	require.NoError(t, err)
	once, _ := r.JSON(src)
	twice, _ := r.JSON(once)
	require.Equal(t, string(once), string(twice), "of %q under %q", s, key)
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
	for _, p := range secretPositives(rand.New(rand.NewPCG(7, 8)))[:200] {
		f.Add(p.key, p.text)
	}
	redactor, err := New(Config{Detectors: []string{groupSecrets}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, key, s string) {
		checkSecretsTwice(t, redactor, strings.ToValidUTF8(key, ""), strings.ToValidUTF8(s, ""))
	})
}
