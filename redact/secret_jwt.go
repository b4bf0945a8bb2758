package redact

import "bytes"

// newJWTDetector returns the detector of JSON Web Tokens (RFC 7519, RFC 7516):
// parts of base64url with dots between, and the same once more in base64. A
// token without its signature, unsigned or cut off, says as much of its owner as a
// whole one.
func newJWTDetector() *detector {
	d := newSecretDetector("jwt", "JWT", `ey[0-9A-Za-z]{10}`, `ZXlK[0-9A-Za-z]{8}`)
	d.find = func(t *text, hits []hit) []hit { return findJWT(d, t, hits) }
	return d
}

func findJWT(d *detector, t *text, hits []hit) []hit {
	b := t.b
	for i := 0; i < len(b); {
		if !base64URL.has[b[i]] {
			i++
			continue
		}
		if end := jwtEnd(b, i); end > i && startsWord(b, i) {
			hits = append(hits, hit{start: i, end: end, d: d, why: "JSON in base64url, and dots"})
			i = end
			continue
		}
		if i > 0 && b[i-1] == '\\' { // the n of \n may be glued to a token
			i++
			continue
		}
		i = base64URL.run(b, i)
	}
	return hits
}

// The shape of a JSON Web Token.
const (
	jwtPart    = 17 // how long a part with an object is at least: {"alg":"none"} has 14 bytes
	jweParts   = 5  // an encrypted token has five parts, of which only the first can be read
	jwtEncoded = 70 // how long a token is at least that is itself in base64
)

// jwtRest are the characters of the parts behind the first: some write them in
// plain base64.
var jwtRest = newAlphabet("0-9A-Za-z/_-")

// jwtEnd returns the end of the token that starts at i, or 0.
func jwtEnd(b []byte, i int) int {
	end := base64URL.run(b, i)
	if end-i >= jwtEncoded && bytes.HasPrefix(b[i:], []byte("ZXlK")) {
		return base64Std.run(b, end)
	}
	if end-i < jwtPart || !bytes.HasPrefix(b[i:], []byte("ey")) || end == len(b) || b[end] != '.' {
		return 0
	}
	object := bytes.HasPrefix(b[end+1:], []byte("ey")) && jwtRest.run(b, end+1) >= end+1+jwtPart
	parts := 1
	for parts < jweParts && end < len(b) && b[end] == '.' {
		next := jwtRest.run(b, end+1)
		if next == end+1 && parts != 1 { // no signature
			break
		}
		end = next
		parts++
	}
	if object || parts == jweParts {
		return end
	}
	return 0
}
