package redact

import "bytes"

const secretValue = "secret_value"

// toSecureString is how PowerShell takes a secret.
const toSecureString = "convertto-securestring"

// newSecretValueDetector returns the detector of secrets that have no shape of their
// own, but a name: values that are given to "password", "api_key" and their like,
// values whose own name is such (see [secretName]), the credentials of HTTP headers,
// cookies and curl.
func newSecretValueDetector() *detector {
	d := newSecretDetector(secretValue, labelSecret)
	for _, w := range secretWords {
		d.triggers = append(d.triggers, w.trigger())
	}
	d.triggers = append(d.triggers, literals(true, "cookie"), commandTriggers, jwkTrigger)
	d.find = func(t *text, hits []hit) []hit { return findSecretValues(d, t, hits) }
	return d
}

// A secretWord is a part of the name of a secret.
type secretWord struct {
	word string
	ends bool // only at the end of a name: it is part of too many other words
}

func (w secretWord) trigger() string {
	s := literals(true, w.word)
	if w.ends {
		s += `(?:["'\x60\])\\ \t=:,>(!?+.|\[]|$)` // at the end of a text, which may be a name
	}
	return s
}

// secretWords are in the name of everything that nameOf takes for a secret's name
// in running text. A word that another one begins with comes behind it.
var secretWords = []secretWord{
	{word: "passw"}, {word: "passphrase"}, {word: "passcode"}, {word: "pass", ends: true},
	{word: "pwd"}, {word: "pw", ends: true}, {word: "secret"}, {word: "token"}, {word: "key"}, {word: "cred"},
	{word: "authorization"}, {word: "auth", ends: true}, {word: "bearer"}, {word: "basic", ends: true}, {word: "jwt", ends: true},
	{word: "signature", ends: true}, {word: "sig", ends: true}, {word: "session", ends: true}, {word: "sessid", ends: true},
	{word: "otp", ends: true}, {word: "otp_code"}, {word: "otpcode"}, {word: "cvv", ends: true}, {word: "cvc", ends: true},
	{word: "cloudflare"}, {word: "heroku"}, {word: "hubspot"}, {word: "messagebird"}, {word: "snyk"}, {word: "contribsys"},
	{word: "psk", ends: true}, {word: "mfa"}, {word: "2fa"}, {word: "verification"}, {word: "recovery"}, {word: "backup"}, {word: "phrase"}, {word: "identified"}, {word: "securestring"}, {word: "sonar"}, {word: "sourcegraph"}, {word: "artifactory"}, {word: "jfrog"}, {word: "sumo"}, {word: "meraki"}, {word: "scraping"},
	{word: "contrasena"}, {word: "motdepasse"}, {word: "kennwort"}, {word: "wachtwoord"}, {word: "senha", ends: true},
}

// secretWordsBy are the secret words by their first letter, small or capital.
var secretWordsBy = func() (by [256][]secretWord) {
	for _, w := range secretWords {
		small := w.word[0]
		capital := small - 'a' + 'A'
		by[small] = append(by[small], w)
		by[capital] = append(by[capital], w)
	}
	return by
}()

// secretWordAt returns the size of the secret word at i, or 0.
func secretWordAt(b []byte, i int) int {
	for _, w := range secretWordsBy[b[i]] {
		if !hasFoldPrefix(b[i:], w.word) {
			continue
		}
		end := i + len(w.word)
		if w.ends && (end == len(b) || !wordSign.has[b[end]]) {
			continue
		}
		return len(w.word)
	}
	return 0
}

// wordSign are the characters behind a word that must end its name.
var wordSign = newAlphabet("\"'`])\\ \t=:,>(!?+.|[")

func findSecretValues(d *detector, t *text, hits []hit) []hit {
	b := t.b
	if t.key == userArgument {
		start, end, ok := userPassword(b, 0, len(b))
		if !ok {
			return hits
		}
		return append(hits, hit{start: start, end: end, d: d, why: "password of a command"})
	}
	if start, end, ok := valueUnderName(b, []byte(t.key)); ok {
		return append(hits, hit{start: start, end: end, d: d, why: "under a secret's name"})
	}
	if cookieHeader(t.key) {
		hits, _ = findCookies(d, b, 0, hits)
		return hits
	}
	from := len(hits)
	hits = findAssignedSecrets(d, b, hits)
	if secretManifest(b) {
		hits = findManifestSecrets(d, b, hits)
	}
	hits = findCopies(d, b, hits, from)
	return hits[:from+len(merged(hits[from:]))]
}

// findCopies appends the other places of b at which the first few of hits[from:] stand, which were found for
// their names: "token abc… is not abc…".
func findCopies(d *detector, b []byte, hits []hit, from int) []hit {
	const few, shortCopy = 8, 16
	for _, h := range hits[from:min(len(hits), from+few)] {
		value := b[h.start:h.end]
		if len(value) < shortCopy || wordy(value) || numeric(value, 2*shortCopy) {
			continue
		}
		for at := 0; ; {
			i := bytes.Index(b[at:], value)
			if i < 0 {
				break
			}
			if at += i; at != h.start {
				hits = append(hits, hit{start: at, end: at + len(value), d: d, why: "a secret, once more"})
			}
			at += len(value)
		}
	}
	return hits
}

// findAssignedSecrets appends the secrets that are given to a name in b, as
// programs, files, commands and headers do.
func findAssignedSecrets(d *detector, b []byte, hits []hit) []hit {
	done := 0    // the end of the last find
	cookies := 0 // the end of the cookies that were looked at
	command := 0 // the end of the last command
	for i := 0; i < len(b); i++ {
		n := secretWordAt(b, i)
		if n == 0 {
			switch {
			case b[i]|0x20 == 'c' && i >= cookies && hasFoldPrefix(b[i:], "cookie"):
				n := len(hits)
				if hits, cookies = findCookies(d, b, i+len("cookie"), hits); len(hits) > n {
					done = hits[len(hits)-1].end
					i = done - 1
				}
			default:
				if start, end, ok := commandSecret(b, i, &command); ok && start >= done {
					hits = append(hits, hit{start: start, end: end, d: d, why: "password of a command"})
					done, i = end, end-1
				}
			}
			continue
		}
		start := max(done, nameChars.before(b, i, nameMost))
		end := nameChars.run(b, i+n)
		i = end - 1
		if from, to, why, ok := secretAt(b, start, end); ok {
			hits = append(hits, hit{start: from, end: to, d: d, why: why})
			done, i = to, max(i, to-1)
		}
	}
	return hits
}

// keyKind says what the word "key" from start to end in b promises, which is too many things without the words before.
func keyKind(b []byte, start, end int) nameKind {
	const near, wordMost = 128, 16
	before := b[max(0, start-near):start]
	if len(before) == 0 {
		return likelySecret
	}
	switch before[len(before)-1] {
	case '?', '&': // https://api.example.com/v1/user?key=…
		if at := bytes.LastIndex(before, []byte("://")); at >= 0 && hasFoldPrefix(before[at+len("://"):], "api.") {
			return tokenSecret
		}
	case ' ':
		word := letters.before(b, start-1, wordMost)
		if kind := nameOf(b[word:end]); kind > likelySecret { // "API key: …"
			return kind
		}
		// "Request to the API, using key=…", or whose key
		using := hasFoldPrefix(b[word:], "using ") || word > 0 && hasFoldPrefix(b[letters.before(b, word-1, wordMost):], "using ")
		if using && bytes.Contains(before, []byte("API")) && indexFold(before, "cache") < 0 {
			return tokenSecret
		}
		return nameOf(b[word:end])
	}
	return likelySecret
}

// arnMost is how far apart two parts of the name of a resource of AWS are at most.
const arnMost = 64

// secretAt returns the secret that is given to the name from start to end in b.
func secretAt(b []byte, start, end int) (from, to int, why string, ok bool) {
	for end > start && b[end-1] == '.' {
		end--
	}
	name := b[start:end]
	kind := nameOf(name)
	if foldEqual(name, "bearer") {
		from = blanks(b, end)
		to = anyBase64.run(b, from)
		if from > end && to-from >= 16 && !wordy(b[from:to]) {
			return from, to, "bearer token", true
		}
		return 0, 0, "", false
	}
	if foldEqual(name, "basic") {
		from = blanks(b, end)
		to = base64Std.run(b, from)
		return from, to, "credentials of basic authentication", from > end && maskAt(b, to) == 0 && isUserPassword(b[from:to])
	}
	if foldEqual(name, "key") {
		kind = keyKind(b, start, end)
	}
	if foldEqual(name, "secret") && bytes.Contains(b[max(0, start-arnMost):start], []byte(":secretsmanager:")) {
		return 0, 0, "", false // arn:aws:secretsmanager:us-east-1:123456789012:secret:name
	}
	if foldEqual(name, toSecureString) {
		from = blanks(b, end)
		if hasFoldPrefix(b[from:], "-string ") {
			from = blanks(b, from+len("-string"))
		}
		a, ok := valueAt(b, from, assignment{op: '('}) // in quotes, or it is a variable
		a = a.whole(b)
		return a.start, a.end, "to be kept as a secret", ok && from > end && !standIn(b[a.start:a.end])
	}
	if a, ok := sqlPassword(b, start, end); ok {
		a = a.whole(b)
		return a.start, a.end, "password in SQL", true
	}
	if a, ok := netrcPassword(b, start, end); ok {
		return a.start, a.end, "password in .netrc", true
	}
	if isMaskBefore(b, start) { // the name's beginning is gone
		return 0, 0, "", false
	}
	if start > 0 && maskAt(b, start-1) > 0 {
		return 0, 0, "", false // the name is what a mask says
	}
	a, ok := assigned(b, start, end)
	if !ok {
		a, ok = spoken(b, start, end, kind)
		return a.start, a.end, "said of a secret", ok
	}
	if kind <= likelySecret && named(name, b[a.start:a.end]) {
		return a.start, a.end, "shape of the provider's tokens", true
	}
	if kind == notSecret || kind == likelySecret && (foldEqual(name, "key") || foldEqual(name, "session")) && !mixed(b[a.start:a.end]) && !scrambled(b[a.start:a.end]) { // of a cache
		return 0, 0, "", false
	}
	header := b[a.start:a.end]
	if a.quote == nil { // the scheme and what follows are two words
		header = b[a.start:min(len(b), a.start+schemeMost)]
	}
	if at, scheme := schemeEnd(header); at > 0 {
		if a.quote == nil {
			a = assignment{op: a.op, start: a.start + at, end: bareEnd(b, a.start+at, min(len(b), a.start+at+valuePeek))}
		} else {
			a.start += at
		}
		v := b[a.start:a.end]
		const least, leastTicket = 6, 16
		if len(v) < least || standIn(v) || wordy(v) && scheme != "basic" || len(v) < leastTicket && (scheme == "ntlm" || scheme == "negotiate") {
			return 0, 0, "", false
		}
		a = a.whole(b)
		return a.start, a.end, "credentials of a header", true
	}
	if !a.secret(b, start, kind) {
		return 0, 0, "", false
	}
	a = a.whole(b)
	return a.start, a.end, "given to a secret's name", true
}
