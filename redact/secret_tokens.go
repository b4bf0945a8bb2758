package redact

// tokenKinds are, by detector, the tokens that their first characters give away. Sources: the
// providers' own documentation, and the rules of
// https://github.com/gitleaks/gitleaks. A checksum, where a provider has one, is
// not asked for: a token with a typing mistake still says most of the secret.
var tokenKinds = []struct {
	detector string
	tokens   []secretToken
}{
	{"aws_key", []secretToken{
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
		{provider: "AWS access key id", prefix: "AKIA", of: capitals, min: 16, max: 16},
		{provider: "AWS temporary access key id", prefix: "ASIA", of: capitals, min: 16, max: 16},
		{provider: "AWS bearer token id", prefix: "ABIA", of: capitals, min: 16, max: 16},
		{provider: "AWS context credential id", prefix: "ACCA", of: capitals, min: 16, max: 16},
		{provider: "AWS access key id of old", prefix: "A3T", of: capitals, min: 17, max: 17},
		{provider: "Amazon Bedrock key", prefix: "ABSK", of: base64Std, min: 109},
		{provider: "Amazon Bedrock key", prefix: "bedrock-api-key-", of: base64Std, min: 28},
	}},
	{"github_token", []secretToken{
		// https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
		{provider: "GitHub personal token", prefix: "ghp_", of: wordChars, min: 36, glued: true},
		{provider: "GitHub OAuth token", prefix: "gho_", of: wordChars, min: 36, glued: true},
		{provider: "GitHub user token", prefix: "ghu_", of: wordChars, min: 36, glued: true},
		{provider: "GitHub server token", prefix: "ghs_", of: urlDots, min: 36, glued: true},
		{provider: "GitHub refresh token", prefix: "ghr_", of: wordChars, min: 36, glued: true},
		{provider: "GitHub fine-grained token", prefix: "github_pat_", of: wordChars, min: 40, glued: true},
	}},
	{"gitlab_token", []secretToken{
		// https://docs.gitlab.com/security/tokens/#token-prefixes
		{provider: "GitLab personal token", prefix: "glpat-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab OAuth secret", prefix: "gloas-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab deploy token", prefix: "gldt-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab runner token", prefix: "glrt-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab runner token", prefix: "glrtr-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab job token", prefix: "glcbt-", of: urlDots, min: 17, glued: true},
		{provider: "GitLab trigger token", prefix: "glptt-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab feed token", prefix: "glft-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab mail token", prefix: "glimt-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab agent token", prefix: "glagent-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab workspace token", prefix: "glwt-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab SCIM token", prefix: "glsoat-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab feature flag token", prefix: "glffct-", of: urlDots, min: 20, glued: true},
		{provider: "GitLab registration token", prefix: "GR1348941", of: urlDots, min: 20, glued: true},
	}},
	{"slack_token", []secretToken{
		// https://docs.slack.dev/authentication/tokens
		{provider: "Slack bot token", prefix: "xoxb-", of: base64URL, min: 16, glued: true, ok: slackBody},
		{provider: "Slack user token", prefix: "xoxp-", of: base64URL, min: 16, glued: true, ok: slackBody},
		{provider: "Slack workspace token", prefix: "xoxa-", of: base64URL, min: 8, glued: true, ok: slackBody},
		{provider: "Slack refresh token", prefix: "xoxr-", of: base64URL, min: 8, glued: true, ok: slackBody},
		{provider: "Slack token of old", prefix: "xoxo-", of: base64URL, min: 16, glued: true, ok: slackBody},
		{provider: "Slack token of old", prefix: "xoxs-", of: base64URL, min: 16, glued: true, ok: slackBody},
		{provider: "Slack client token", prefix: "xoxc-", of: base64URL, min: 16, glued: true, ok: slackBody},
		{provider: "Slack cookie", prefix: "xoxd-", of: newAlphabet("0-9A-Za-z%+/=_-"), min: 20, glued: true, ok: slackBody},
		{provider: "Slack configuration token", prefix: "xoxe.xox", of: base64URL, min: 40, glued: true, ok: slackBody},
		{provider: "Slack configuration token", prefix: "xoxe-", of: base64URL, min: 28, glued: true, ok: slackBody},
		{provider: "Slack app token", prefix: "xapp-", of: base64URL, min: 14, glued: true, ok: slackBody},
		{provider: "Slack webhook", prefix: "hooks.slack.com/services/", of: newAlphabet("0-9A-Za-z+/"), min: 20, glued: true, keep: true},
		{provider: "Slack webhook", prefix: "hooks.slack.com/workflows/", of: newAlphabet("0-9A-Za-z+/"), min: 20, glued: true, keep: true},
		{provider: "Slack webhook", prefix: "hooks.slack.com/triggers/", of: newAlphabet("0-9A-Za-z+/"), min: 20, glued: true, keep: true},
	}},
	{"stripe_key", []secretToken{
		// https://docs.stripe.com/keys
		{provider: "Stripe secret key", prefix: "sk_live_", of: base62, min: 10},
		{provider: "Stripe secret key", prefix: "sk_test_", of: base62, min: 10},
		{provider: "Stripe secret key", prefix: "sk_prod_", of: base62, min: 10},
		{provider: "Stripe restricted key", prefix: "rk_live_", of: base62, min: 10},
		{provider: "Stripe restricted key", prefix: "rk_test_", of: base62, min: 10},
		{provider: "Stripe restricted key", prefix: "rk_prod_", of: base62, min: 10},
		{provider: "webhook secret", prefix: "whsec_", of: base64Std, min: 24},
	}},
	{"google_key", []secretToken{
		// https://cloud.google.com/docs/authentication/api-keys
		{provider: "Google API key", prefix: "AIza", of: base64URL, min: 35, max: 35},
		{provider: "Google access token", prefix: "ya29.", of: urlDots, min: 20},
		{provider: "Google client secret", prefix: "GOCSPX-", of: base64URL, min: 20},
		{provider: "Google refresh token", prefix: "1//0", of: base64URL, min: 36},
		{provider: "Firebase server key", prefix: ":APA91b", of: base64URL, min: 100, before: base64URL, beforeMin: 11, beforeMax: 64},
	}},
	{"openai_key", []secretToken{
		// https://platform.openai.com/docs/api-reference/authentication
		{provider: "OpenAI project key", prefix: "sk-proj-", of: base64URL, min: 20},
		{provider: "OpenAI service account key", prefix: "sk-svcacct-", of: base64URL, min: 20},
		{provider: "OpenAI admin key", prefix: "sk-admin-", of: base64URL, min: 20},
		{provider: "OpenAI key", prefix: "sk-None-", of: base64URL, min: 20},
		{provider: "OpenAI key", prefix: "sk-", of: base62, min: 32},
		{provider: "OpenRouter key", prefix: "sk-or-v1-", of: hexLower, min: 32},
	}},
	{"anthropic_key", []secretToken{
		// https://docs.claude.com/en/api/overview
		{provider: "Anthropic key", prefix: "sk-ant-", of: base64URL, min: 24},
	}},
	{"npm_token", []secretToken{
		// https://docs.npmjs.com/about-access-tokens
		{provider: "npm token", prefix: "npm_", of: base62, min: 36},
	}},
	{"sendgrid_key", []secretToken{
		// https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
		{provider: "SendGrid key", prefix: "SG.", of: urlPadded, min: 60},
	}},
	{"twilio_key", []secretToken{
		// https://www.twilio.com/docs/glossary/what-is-a-sid
		{provider: "Twilio key", prefix: "SK", of: hexAny, min: 32, max: 32},
		{provider: "Twilio account", prefix: "AC", of: hexLower, min: 32, max: 32},
	}},
	{"flexor_key", []secretToken{
		// A key of ours: key id, seed and CRC-32, 59 characters in all.
		{provider: "flexor user key", prefix: "flxu_", of: base62, min: 59},
		{provider: "flexor service key", prefix: "flxs_", of: base62, min: 59},
	}},
	{"provider_token", providerTokens},
}

// slackBody tells a token of Slack from words after "xoxo-": the numbers of the
// team and the user are in it.
func slackBody(b []byte) bool {
	digits := 0
	for _, c := range b {
		if decimal.has[c] {
			digits++
		}
	}
	return decimal.has[b[0]] && digits >= 3 || digits >= 6 || len(b) >= 100
}

// findAWSSecret appends the secret access keys of AWS, which have no prefix: forty
// characters of base64 not far behind a word that says AWS. From is where the finds
// of access key ids start in hits.
func findAWSSecret(d *detector, t *text, from int, hits []hit) []hit {
	const size, near = 40, 200
	b := t.b
	ids := hits[from:]
	word := -near - 1
	for i := 0; i < len(b); {
		if !awsSecretChars.has[b[i]] {
			i++
			continue
		}
		end := awsSecretChars.run(b, i)
		for len(ids) > 0 && ids[0].end <= i {
			word, ids = ids[0].end, ids[1:]
		}
		run := b[i:end]
		if len(run) == size && i-word <= near && startsWord(b, i) && endsWord(b, end) && mixed(run) && distinct(run) >= 16 {
			hits = append(hits, hit{start: i, end: end, d: d, why: "AWS secret access key"})
		}
		if at := indexFoldLast(run, "aws"); at >= 0 {
			word = i + at
		}
		i = end
	}
	return hits[:from+len(merged(hits[from:]))]
}

var awsSecretChars = newAlphabet("0-9A-Za-z+/")

// indexFoldLast returns where the lower case s stands last in b in any case, or -1.
func indexFoldLast(b []byte, s string) int {
	for i := len(b) - len(s); i >= 0; i-- {
		if hasFoldPrefix(b[i:], s) {
			return i
		}
	}
	return -1
}
