// Package recorduri brings the URIs of data records into one form, so that two
// spellings of one record join, and so that what no log may hold is gone before
// anything is written: user info, and secrets in queries.
package recorduri

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxLen is the most bytes that a record URI has.
const MaxLen = 4096

// maxNested is how many schemes may stand before each other, as the two of
// jdbc:postgresql://host/db.
const maxNested = 3

// Normalise returns the one spelling of a record's URI by RFC 3986, section 6:
// the case of scheme and host, percent-encoding, dot segments, the default ports
// of the web. What a URI cannot hold as it is, such as a space or é, is
// percent-encoded. User info, and parameters whose names say that they are
// secrets, are left out. The path of a file on Windows becomes a file URI. A URI
// that ends in the "/" of its path is a collection.
//
// What it returns is printable ASCII of at most [MaxLen] bytes, and its own
// normal form. An error says why s is refused; it does not repeat s, which may
// hold a secret.
func Normalise(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("it is empty; a record URI is like plexifact://prod/catalog/equity-prices")
	case len(s) > MaxLen:
		return "", fmt.Errorf("it has %d bytes, more than %d", len(s), MaxLen)
	case !utf8.ValidString(s):
		return "", errors.New("it is not UTF-8; percent-encode other bytes")
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return "", fmt.Errorf("it has the control character %s at byte %d; percent-encode it if it is meant", strconv.QuoteRuneToASCII(rune(s[i])), i)
		}
	}
	out, err := normalise(fromWindows(s), maxNested)
	if err == nil && len(out) > MaxLen {
		err = fmt.Errorf("it has %d bytes when it is percent-encoded, more than %d", len(out), MaxLen)
	}
	if err != nil {
		return "", err
	}
	return out, nil
}

// Collection reports whether a normal URI names a collection: all that begins so. A
// URI with a query or a fragment names none.
func Collection(uri string) bool {
	return strings.HasSuffix(uri, "/") && path(uri) == uri
}

// path returns a URI up to its query or fragment.
func path(uri string) string {
	if i := strings.IndexAny(uri, "?#"); i >= 0 {
		return uri[:i]
	}
	return uri
}

// Above yields the collections that a normal URI stands in, the closest first.
func Above(uri string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		p := strings.TrimSuffix(path(uri), "/")
		if p != path(uri) && len(path(uri)) < len(uri) {
			p = path(uri) // a query on a collection stands in it
			if !yield(p) {
				return
			}
			p = p[:len(p)-1]
		}
		root := strings.Index(p, "://") + len("://")
		if root < len("://") {
			root = strings.IndexByte(p, ':') + 1
		}
		for {
			i := strings.LastIndexByte(p, '/')
			if i < root {
				return
			}
			if !yield(p[:i+1]) {
				return
			}
			p = p[:i]
		}
	}
}

// fromWindows returns the file URI of a path as Windows writes it.
func fromWindows(s string) string {
	slashed := func(p string) string {
		// What has a meaning in a URI has none in a path.
		return strings.NewReplacer(`\`, "/", "%", "%25", "?", "%3F", "#", "%23").Replace(p)
	}
	switch {
	case len(s) > 2 && letter(s[0]) && s[1] == ':' && (s[2] == '\\' || s[2] == '/'):
		return "file:///" + strings.ToUpper(s[:1]) + slashed(s[1:])
	case len(s) > 2 && s[:2] == `\\` && (letter(s[2]) || digit(s[2])):
		return "file:" + slashed(s)
	}
	return s
}

// normalise is [Normalise] after the checks of all of it.
func normalise(s string, nested int) (string, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) {
		return "", errors.New("it has no scheme; begin with one, as in plexifact://prod/… or file:///…")
	}
	scheme = strings.ToLower(scheme)
	if hasScheme(rest) {
		if nested == 1 {
			return "", fmt.Errorf("it has more than %d schemes before each other", maxNested)
		}
		inner, err := normalise(rest, nested-1)
		return scheme + ":" + inner, err
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	authority, path := "", rest
	hasAuthority := strings.HasPrefix(rest, "//")
	if hasAuthority {
		authority, path = rest[2:], ""
		if i := strings.IndexByte(authority, '/'); i >= 0 {
			authority, path = authority[:i], authority[i:]
		}
	}
	var b strings.Builder
	b.WriteString(scheme + ":")
	switch {
	case hasAuthority:
		host, err := normalHost(scheme, authority)
		if err != nil {
			return "", err
		}
		b.WriteString("//" + host)
		if path == "" {
			path = "/" // all that the host has: a collection
		}
	case scheme == "file" && strings.HasPrefix(path, "/"):
		b.WriteString("//") // file:/x is file:///x
		hasAuthority = true
	}
	path, err := escaped(path, pathExtra)
	if err != nil {
		return "", err
	}
	path = withoutSecretSegments(path)
	switch {
	case path == "":
		return "", errors.New("nothing follows its scheme")
	case hasScheme(path):
		return "", errors.New("a scheme in it is percent-encoded; write it as it is")
	}
	if strings.HasPrefix(path, "/") {
		path = withoutDots(path)
		if !hasAuthority && strings.HasPrefix(path, "//") {
			path = "/." + path // or it would be read as an authority
		}
	}
	b.WriteString(path)
	for _, part := range []struct {
		mark, text string
		has        bool
	}{{"?", query, hasQuery}, {"#", fragment, hasFragment}} {
		if !part.has {
			continue
		}
		text, err := escaped(part.text, queryExtra)
		if err != nil {
			return "", err
		}
		if text = withoutSecrets(text); text != "" {
			b.WriteString(part.mark + text)
		}
	}
	return b.String(), nil
}

// isScheme reports whether s is a scheme. One letter is a drive of Windows.
func isScheme(s string) bool {
	if len(s) < 2 || !letter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !letter(c) && !digit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// hasScheme reports whether s is a URI of its own, with an authority or another
// scheme.
func hasScheme(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && isScheme(scheme) && (strings.HasPrefix(rest, "//") || hasScheme(rest))
}

// defaultPorts are those that say nothing.
var defaultPorts = map[string]string{"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"}

// normalHost returns an authority without its user info.
func normalHost(scheme, authority string) (string, error) {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	for i := range len(port) {
		if !digit(port[i]) || i >= 5 {
			return "", errors.New("its port is no number of at most 5 digits")
		}
	}
	if port == defaultPorts[scheme] {
		port = ""
	}
	literal := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if literal {
		for i := 1; i < len(host)-1; i++ {
			if c := host[i]; !letter(c) && !digit(c) && c != ':' && c != '.' {
				return "", errors.New("its host is in brackets, but no IP address")
			}
		}
	} else {
		var err error
		if host, err = escaped(strings.ToLower(host), hostExtra); err != nil {
			return "", err
		}
		host = lowerOutsideEscapes(host)
	}
	if port != "" {
		return strings.ToLower(host) + ":" + port, nil
	}
	if literal {
		return strings.ToLower(host), nil
	}
	return host, nil
}

// lowerOutsideEscapes lowers letters that were percent-encoded.
func lowerOutsideEscapes(s string) string {
	b := []byte(s)
	for i := 0; i < len(b); i++ {
		if b[i] == '%' {
			i += 2
		} else if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// withoutDots removes the segments "." and ".." by RFC 3986, section 5.2.4. The
// result begins with "/".
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	out := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }
