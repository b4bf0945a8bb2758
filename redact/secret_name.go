package redact

import "bytes"

// A nameKind says what a name promises of the value that stands under it.
type nameKind byte

const (
	notSecret     nameKind = iota
	likelySecret           // some_key, tokens, session: only if the value looks random
	softSecret             // auth, credential: not if the value is words
	requestSecret          // client token: neither, nor if there is a UUID in it, which is the id of a request
	tokenSecret            // token, api key: not if the value is a sentence or a number
	keySecret              // api key: not if the value is a word of program text
	wordSecret             // password, secret: nearly any value
	codeSecret             // cvv: three digits, too
)

// leastDigits is how many digits a secret has at least that is a number.
func (k nameKind) leastDigits() int {
	if k == codeSecret {
		return 3
	}
	return 4
}

// secretName reports whether key is the name of a secret: whether the value of a
// member under it may be one, or hold some, whatever it looks like. Case, hyphens, underscores,
// dots and camel case make no difference.
func secretName(key string) bool {
	return nameOf([]byte(key)) >= softSecret || cookieHeader(key)
}

// cookieHeader reports whether key is the name of a header that holds cookies.
func cookieHeader(key string) bool {
	return foldEqual([]byte(key), "cookie") || foldEqual([]byte(key), "set-cookie")
}

// nameMost is how much of the end of a name is looked at.
const nameMost = 96

// nameOf says of what kind the value under name is. The last word that says
// something decides: a "token" is a secret, a "token count" is not.
func nameOf(name []byte) nameKind { return nameBehind(name, notSecret) }

// nameBehind is nameOf for a name that stands behind, or below, one of a kind.
func nameBehind(name []byte, kind nameKind) nameKind {
	if len(name) > nameMost {
		name = name[len(name)-nameMost:]
	}
	if scrambled(name) {
		return kind // an id, in which any letters may stand
	}
	var buf [nameMost]byte
	low := lower(buf[:0], name)
	var prev []byte
	for i := 0; i < len(name); {
		if !base62.has[name[i]] {
			i++
			continue
		}
		end := nameWordEnd(name, i)
		word := bytes.TrimRight(low[i:end], "0123456789")
		if len(word) == 0 {
			word = low[i:end]
		}
		switch k := wordKind(prev, word, kind); {
		case k != notSecret:
			kind = k
		case kind != notSecret && aboutSecret(word):
			kind = notSecret
		}
		prev, i = word, end
	}
	return kind
}

// nameWordEnd returns the end of the word that starts at i: before a separator,
// a capital behind a small letter, or the last of several capitals before a small letter.
func nameWordEnd(name []byte, i int) int {
	upper := func(j int) bool { return name[j] >= 'A' && name[j] <= 'Z' }
	for j := i + 1; j < len(name); j++ {
		switch {
		case !base62.has[name[j]]:
			return j
		case upper(j) && !upper(j-1):
			return j
		case upper(j) && j+1 < len(name) && name[j+1] >= 'a' && name[j+1] <= 'z' && j > i+1:
			return j
		}
	}
	return len(name)
}

// wordKind says what a word of a name means behind the word prev and behind a name
// of kind so far.
func wordKind(prev, word []byte, kind nameKind) nameKind {
	switch string(word) {
	case "pass", "pw", "pwd", "otp", "totp", "psk", "senha", "kennwort":
		return wordSecret
	case "cvv", "cvc":
		return codeSecret
	case "cred", "creds", "credential", "credentials", "auth", "authorization":
		return softSecret
	case "jwt", "bearer":
		return tokenSecret
	case "hash":
		if kind == wordSecret { // of a password: good enough to try words on
			return wordSecret
		}
	case "code", "codes":
		switch string(prev) {
		case "otp", "totp", "mfa", "verification", "recovery", "backup", "2fa":
			return wordSecret
		}
	case "phrase":
		switch string(prev) {
		case "seed", "recovery", "mnemonic", "pass":
			return wordSecret
		}
	case "token":
		if string(prev) == "client" || string(prev) == "request" {
			return requestSecret
		}
	case "tokens", "secrets", "keys", "signature", "sig", "session", "sessid":
		return likelySecret
	case "key":
		switch string(prev) {
		case "public", "pub", "primary", "foreign", "natural", "sort", "partition", "idempotency", "routing", "bucket",
			"schema", "sequence", "row", "object", "cache", "hot", "idx", "index", "unique", "group", "message", "dedup", "dedupe",
			"translation", "locale", "arrow", "shortcut", "registry", "map", "hash", "trace", "feature", "config", "event":
			return notSecret
		}
		switch string(prev) {
		case "api", "access", "private", "priv", "auth", "encryption", "signing", "master":
			return keySecret
		}
		if kind >= tokenSecret {
			return keySecret
		}
		if keyOwner(prev) {
			return tokenSecret
		}
		return likelySecret
	}
	for _, s := range [...]string{"password", "passwd", "passphrase", "passcode", "passwort", "passwords", "pwd", "secret", "secretkey", "contrasena", "motdepasse", "passwordhash", "dbpass", "userpass", "storepass", "keypass", "requirepass", "wachtwoord"} {
		if hasSuffix(word, s) {
			return wordSecret
		}
	}
	for _, s := range [...]string{"apikey", "accesskey", "privatekey", "authkey", "signingkey", "encryptionkey", "masterkey"} {
		if hasSuffix(word, s) {
			return keySecret
		}
	}
	for _, s := range [...]string{"sharedkey", "accountkey", "storagekey", "servicekey", "sessionkey", "clientkey", "appkey", "sshkey", "tokenkey"} {
		if hasSuffix(word, s) {
			return tokenSecret
		}
	}
	if hasSuffix(word, "token") {
		switch string(prev) {
		case "page", "continuation", "next", "cursor", "sync", "public", "unexpected", "cancellation", "fencing":
			return notSecret
		}
		return tokenSecret
	}
	return notSecret
}

// keyOwner reports whether the key of a such is a secret.
func keyOwner(word []byte) bool {
	switch string(word) {
	case "client", "account", "subscription", "storage", "shared", "encrypt", "decryption", "sign", "service", "app", "application", "license", "licence", "db", "database", "admin", "root", "ssh",
		"deploy", "deployment", "webhook", "hmac", "aes", "rsa", "gpg", "pgp", "tls", "ssl", "session", "crypto", "cipher", "jwt", "write", "ingest", "ingestion":
		return true
	}
	return false
}

// aboutSecret reports whether a word behind a secret's name makes it the name of
// something else: token_count, passwordExpiresAt, secretName.
func aboutSecret(word []byte) bool {
	switch string(word) {
	case "id", "ids", "identifier", "name", "names", "count", "counts", "counter", "total", "length", "len", "size", "sizes", "type", "types", "kind",
		"url", "uri", "urls", "endpoint", "host", "file", "stdin", "filename", "path", "paths", "dir", "directory", "location", "folder",
		"expires", "expiry", "expiration", "expired", "expire", "expiring", "exp", "ttl", "age", "lifetime", "duration", "validity", "timeout", "seconds", "days", "ms",
		"at", "date", "time", "timestamp", "created", "updated", "modified", "issued", "rotated", "rotation", "last", "since", "until",
		"limit", "limits", "max", "min", "quota", "budget", "cost", "costs", "rate", "usage", "used", "remaining", "price", "per",
		"policy", "policies", "version", "status", "state", "enabled", "disabled", "required", "valid", "invalid", "present", "exists", "set", "configured",
		"error", "errors", "failure", "failures", "failed", "attempts", "attempt", "manager", "provider", "providers", "store", "storetype", "vault", "backend", "service",
		"ref", "reference", "source", "prefix", "suffix", "index", "position", "offset", "field", "fields", "label", "column", "format", "strategy", "method", "methods", "mode",
		"scheme", "alias", "reason", "decision", "spray", "ring", "pair", "board", "word", "code", "event", "press", "pressed", "selector", "frame", "stone", "mesh", "meshing", "up", "down", "left", "right",
		"mapping", "reset", "hint", "change", "changed", "strength", "rule", "rules", "regex", "pattern", "class", "scope", "scopes", "audience", "issuer", "algorithm", "alg", "algo", "bits",
		"metadata", "meta", "info", "description", "owner", "user", "username", "group", "role", "env", "var", "variable", "fingerprint", "thumbprint", "arn", "chars", "hash", "results", "result", "scan", "scanning", "detection", "server", "cert", "certificate":
		return true
	}
	return false
}

func hasSuffix(b []byte, s string) bool {
	return len(b) >= len(s) && string(b[len(b)-len(s):]) == s
}
