package redact

import "bytes"

// secret reports whether the value of a is one, given the kind of the name that
// starts at name.
func (a assignment) secret(b []byte, name int, kind nameKind) bool {
	v := b[a.start:a.end]
	bare := a.quote == nil
	switch {
	case standIn(v), reference(v), bytes.HasPrefix(v, []byte("//")):
		return false
	case bare && (codeLike(v) || outcome(v) || a.op == '>' && outcome(firstWord(v))), !holdsText(v):
		return false
	case (a.op == ',' || a.op == '(') && (len(v) < 8 || wordy(v)): // the arguments of a call
		return false
	}
	switch kind {
	case likelySecret:
		return a.op != ' ' && random(v)
	case softSecret, requestSecret, tokenSecret:
		return len(v) >= 8 && !(kind == requestSecret && holdsUUID(v)) && !numeric(v, 15) && !wordy(v) && !(bare && hasFoldPrefix(v, "0x"))
	}
	if numeric(v, kind.leastDigits()) {
		return false
	}
	if !wordy(v) {
		return true
	}
	if bare && kind == keySecret {
		return false
	}
	// Words: a password like any other where a program or a file says so, but in
	// prose "secret: not found" is none.
	if bytes.IndexByte(v, '/') >= 0 || foldEqual(b[name:min(len(b), name+7)], "secret=") && bytes.IndexByte(v, '-') >= 0 {
		return false // namespace/name of a secret in Kubernetes
	}
	if !bare || a.op == '=' || a.op == '>' || a.op == ' ' {
		return len(v) >= 3
	}
	return fieldStart(b, name) && fieldEnd(b, a.end)
}

// valueUnderName returns the secret in b, a whole value under a name.
func valueUnderName(b, name []byte) (start, end int, ok bool) {
	kind := nameOf(name)
	if kind == notSecret && isJWKPart(name) {
		return 0, len(b), len(b) >= jwkLeast && base64URL.run(b, 0) == len(b) && mixed(b)
	}
	if kind == likelySecret {
		return 0, len(b), ownedKey(name) && random(b) && base64URL.run(b, 0) == len(b) && (mixed(b) || scrambled(b)) // not the path of a file
	}
	if kind < softSecret {
		return 0, 0, false
	}
	v := bytes.TrimSpace(b)
	start = len(b) - len(bytes.TrimLeft(b, " \t\r\n"))
	end = start + len(v)
	at, scheme := schemeEnd(v)
	start += at
	v = v[at:]
	peek := v[:min(len(v), valuePeek)]
	switch {
	case len(v) == 0:
		return 0, 0, false
	case scheme == "basic" && len(v) >= 8 && base64Std.run(v, 0) == len(v):
		return start, end, true
	case standIn(peek), reference(peek), kind < keySecret && outcome(peek):
		return 0, 0, false
	case kind == requestSecret && holdsUUID(peek):
		return 0, 0, false
	case kind <= requestSecret && wordy(peek), kind == tokenSecret && bytes.IndexByte(peek, ' ') >= 0 && wordy(peek):
		return 0, 0, false
	case kind < keySecret && numeric(v, 15), numeric(v, kind.leastDigits()):
		return 0, 0, false
	}
	return start, end, true
}

// jwkTrigger matches the names of the parts of a private JSON Web Key (RFC 7518, section 6), which have at least jwkLeast
// characters of base64.
const (
	jwkTrigger = `^(?:d|p|q|dp|dq|qi)$`
	jwkLeast   = 43
)

func isJWKPart(name []byte) bool {
	switch string(name) {
	case "d", "p", "q", "dp", "dq", "qi":
		return true
	}
	return false
}

// ownedKey reports whether a name says whose key stands under it, as godaddyKey does, and key does not.
func ownedKey(name []byte) bool {
	return len(name) > len("_key") && hasFoldPrefix(name[len(name)-len("key"):], "key")
}

// schemeMost is how long the name of a scheme and the blanks behind it are at most.
const schemeMost = 32

// schemeEnd returns where the credentials start behind the scheme of an
// Authorization header, and the scheme's name in lower case, or 0.
func schemeEnd(v []byte) (int, string) {
	for _, s := range [...]string{"bearer", "basic", "token", "api-token", "apikey", "api-key", "ntlm", "negotiate", "splunk"} {
		if hasFoldPrefix(v, s) && len(v) > len(s) && v[len(s)] == ' ' {
			return blanks(v, len(s)), s
		}
	}
	return 0, ""
}

// reference reports whether v says where something is, and not what: a path or a URL.
func reference(v []byte) bool {
	if at := bytes.Index(v, []byte("://")); at > 0 && letters.run(v, 0) == at {
		return true
	}
	if len(v) > 2 && v[1] == ':' && (v[2] == '\\' || v[2] == '/') && letters.has[v[0]] {
		return true
	}
	if v[0] != '/' {
		return false
	}
	// The base64 of a key may start with a slash too, but has no such short steps.
	step, last := 0, 0
	for i, c := range v {
		switch {
		case c == '/':
			last = i
		case !urlDots.has[c]:
			return false
		}
		step = max(step, i-last)
	}
	return step < 20
}

// codeLike reports whether v is program text: config.password, getToken(), Token{…}.
func codeLike(v []byte) bool {
	if v[0] == '{' || v[0] == '(' || v[0] == '[' {
		return wordy(v[1:])
	}
	if foldEqual(v, toSecureString) {
		return true
	}
	n := 0
	dots, marks := 0, 0
	for n < len(v) && (wordChars.has[v[n]] || v[n] == '.' || v[n] == '$') {
		switch v[n] {
		case '.':
			dots++
		case '_':
			marks++
		}
		n++
	}
	if n < len(v) && v[n] == '@' { // Java's name for an object: a.b.Class@2bd79ce
		return hexLower.run(v, n+1) == len(v)
	}
	if n < len(v) {
		return n >= 2 && !decimal.has[v[0]] && (v[n] == '(' || v[n] == '{' || v[n] == '[')
	}
	if letters.has[v[0]] && dots > 0 && random(v) {
		return false
	}
	return (dots > 0 || marks > 0) && nameOf(v) != notSecret
}

// outcome reports whether v is a word that messages say of secrets.
func outcome(v []byte) bool {
	if len(v) > 24 {
		return false
	}
	var low [24]byte
	switch string(bytes.TrimRight(lower(low[:0], v), ".!,;:)")) {
	case "expired", "invalid", "missing", "required", "incorrect", "wrong", "mismatch", "mismatched", "reset", "changed", "accepted",
		"rejected", "failed", "failure", "ok", "okay", "success", "succeeded", "set", "updated", "deleted", "created", "rotated", "revoked", "not",
		"must", "should", "cannot", "can't", "is", "was", "has", "too", "the", "a", "an", "and", "or", "for", "error", "denied", "authentication",
		"authorization", "unauthorized", "forbidden", "basic", "bearer", "digest", "oauth", "oauth2", "negotiate", "kerberos", "ldap", "saml",
		"password", "token", "secret", "key", "login", "default", "auto", "found", "got", "sent", "unexpected", "expected", "valid", "verified", "enabled", "disabled",
		"eof", "identifier", "yaml", "json", "private", "public", "optional", "no", "any", "all", "new", "old", "via", "from", "to", "in", "of", "check", "see":
		return true
	}
	return false
}

// firstWord is v up to its first blank.
func firstWord(v []byte) []byte {
	first, _, _ := bytes.Cut(v, []byte(" "))
	return first
}

// numeric reports whether v is a number, a time or an address, and not as long as
// a number that can be a secret.
func numeric(v []byte, secretFrom int) bool {
	digits := 0
	for _, c := range v {
		switch {
		case decimal.has[c]:
			digits++
		case c == '.' || c == ':' || c == '-' || c == '+' || c == 'T' || c == 'Z' || c == ',' || c == '/' || c == '%':
		default:
			return false
		}
	}
	return digits < secretFrom || digits != len(v)
}

// wordy reports whether v is made of words: letters, and between them blanks,
// hyphens, slashes, short numbers.
func wordy(v []byte) bool {
	for i := 0; i < len(v); {
		c := v[i]
		switch {
		case c == ' ' || c == '-' || c == '_' || c == '.' || c == '/' || c == ':' || c == ',' || c == '=' || c == '\'':
			i++
			continue
		case decimal.has[c]:
			end := decimal.run(v, i)
			if end-i > 4 || end < len(v) && letters.has[v[end]] {
				return false
			}
			i = end
			continue
		}
		end := base62.run(v, i)
		word := v[i:end]
		switch {
		case end == i:
			return false
		case letters.run(word, 0) == len(word):
			if jumpy(word) {
				return false
			}
		case !knownWord(word):
			return false
		}
		i = end
	}
	return true
}

// jumpy reports whether the letters of v change case like those of no name.
func jumpy(v []byte) bool {
	n := 0
	for i := 1; i < len(v); i++ {
		if v[i]&0x20 != v[i-1]&0x20 {
			n++
		}
	}
	return len(v) >= 12 && n*3 >= len(v)
}

// knownWord reports whether v, which has letters and digits, is a word all the same.
func knownWord(v []byte) bool {
	var low [8]byte
	if len(v) > len(low) {
		return false
	}
	w := lower(low[:0], v)
	if w[0] == 'v' && decimal.run(w, 1) == len(w) {
		return true
	}
	switch string(w) {
	case "oauth2", "k8s", "s3", "ec2", "sha1", "sha256", "sha512", "md5", "utf8", "x509", "hs256", "rs256", "es256", "base64", "ed25519", "http2", "oauth1", "l10n", "i18n", "p12":
		return true
	}
	return false
}

// random reports whether v looks like made by a machine: letters and digits without
// a word, and no UUID or TypeID, which is an id more often than a secret.
func random(v []byte) bool {
	const least, different = 20, 8
	if len(v) < least || len(v) == 36 && hexDashes.run(v, 0) == 36 || isTypeID(v) {
		return false
	}
	letter, digit := false, false
	for _, c := range v {
		switch {
		case decimal.has[c]:
			digit = true
		case letters.has[c]:
			letter = true
		case c != '+' && c != '/' && c != '=' && c != '-' && c != '_' && c != '.' && c != '%' && c != '~':
			return false
		}
	}
	if indexFold(v, "abcdefghij") >= 0 || indexFold(v, "0123456789") >= 0 { // a list of characters
		return false
	}
	return letter && digit && distinct(v) >= different && !wordy(v)
}

// holdsUUID reports whether there is a UUID in v.
func holdsUUID(v []byte) bool {
	const size = len("00000000-0000-0000-0000-000000000000")
	for i := 0; i+size <= len(v); i++ {
		if v[i+8] == '-' && isUUID(v[i:i+size]) {
			return true
		}
	}
	return false
}

// scrambled reports whether v is letters and digits in no order, in one piece, and no hash.
func scrambled(v []byte) bool {
	const least, turns = 20, 6
	if len(v) < least || base62.run(v, 0) < len(v) || hexAny.run(v, 0) == len(v) {
		return false
	}
	n := 0
	for i := 1; i < len(v); i++ {
		if decimal.has[v[i]] != decimal.has[v[i-1]] {
			n++
		}
	}
	return n >= turns
}

// isTypeID reports whether v is an id such as run_01jzq4v3n5e8rrb1v0p8m2c7d6.
func isTypeID(v []byte) bool {
	const size = 26
	at := len(v) - size - 1
	return at > 0 && v[at] == '_' && letters.run(v, 0) == at && base62.run(v, at+1) == len(v)
}

// fieldStart reports whether the name at i begins a line or a member.
func fieldStart(b []byte, i int) bool {
	for i > 0 && (b[i-1] == ' ' || b[i-1] == '\t' || b[i-1] == '"' || b[i-1] == '\'') {
		i--
	}
	return i == 0 || b[i-1] == '\n' || b[i-1] == ',' || b[i-1] == '{' || b[i-1] == ';' || b[i-1] == '['
}

// fieldEnd reports whether a line or a member ends at i.
func fieldEnd(b []byte, i int) bool {
	i = blanks(b, i)
	return i == len(b) || b[i] == '\n' || b[i] == '\r' || b[i] == ',' || b[i] == '}' || b[i] == ';' || b[i] == ']'
}
