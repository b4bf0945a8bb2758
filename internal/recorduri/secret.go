package recorduri

import (
	"net/url"
	"strings"
)

// secretNames are the parameters that hold credentials, in lower case and without
// "-" and "_".
var secretNames = map[string]bool{
	"accesskey": true, "accesskeyid": true, "apikey": true, "auth": true, "authorization": true, "awsaccesskeyid": true,
	"bearer": true, "jsessionid": true, "jwt": true, "pass": true, "phpsessid": true, "privatekey": true, "pwd": true,
	"session": true, "sessionid": true, "sharedkey": true, "sig": true, "subscriptionkey": true,
}

// secretWords make a secret of every name they stand in.
var secretWords = []string{"token", "secret", "password", "passwd", "passphrase", "signature", "credential"}

// leastKey is how long the value of "key" must be to be taken for an API key, and
// not for the key of a record.
const leastKey = 20

// withoutSecrets removes the parameters of a query that are secrets, and those of
// presigned URLs, which differ each time. The others keep their order.
func withoutSecrets(query string) string {
	kept := make([]string, 0, 4)
	for p := range strings.SplitSeq(query, "&") {
		if p != "" && !secret(p) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

// withoutSecretSegments removes parameters such as ;jsessionid=… from a path.
func withoutSecretSegments(path string) string {
	if strings.IndexByte(path, ';') < 0 {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		params := strings.Split(s, ";")
		kept := params[:1]
		for _, p := range params[1:] {
			if !strings.Contains(p, "=") || !secret(p) {
				kept = append(kept, p)
			}
		}
		segments[i] = strings.Join(kept, ";")
	}
	return strings.Join(segments, "/")
}

// secret reports whether a parameter is one.
func secret(param string) bool {
	name, value, _ := strings.Cut(param, "=")
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "x-goog-") {
		return true
	}
	name = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return -1
		}
		return r
	}, name)
	for _, w := range secretWords {
		if strings.Contains(name, w) {
			return true
		}
	}
	return secretNames[name] || name == "key" && len(value) >= leastKey
}
