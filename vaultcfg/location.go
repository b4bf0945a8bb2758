package vaultcfg

import (
	"fmt"
	"net/url"
	"strings"
)

// schemeVault is the scheme of a directory inside the vault.
const schemeVault = "vault"

// A Location is a place that audit entries are sent to: a URL, whose scheme says
// what kind of place. The zero value is no place.
type Location struct {
	// Scheme is vault, file, s3 or another, in lower case. This package gives a
	// meaning to vault only.
	Scheme string

	// Host is what stands between // and the next slash: the bucket of s3, and
	// of vault the first directory.
	Host string

	// Path is the rest, from that slash on, with percent-encoding decoded.
	Path string

	// Query is what follows a question mark, without it and still encoded.
	Query string

	// Raw is the location as vault.json has it: the URL, or the reference
	// env:NAME that it was read from. Unlike [Location.String] it can be shown
	// without giving away what is in the environment.
	Raw string
}

// ParseLocation returns the location that a URL names. It must have a scheme and
// no user name, password or fragment; a vault:// URL must name a directory below
// the vault. The error is an [*Error] and does not repeat the URL.
func ParseLocation(text string) (Location, error) {
	loc, bad := parseLocation(text, text)
	if bad != nil {
		return Location{}, &Error{Msg: bad.msg, Hint: bad.hint}
	}
	return loc, nil
}

// String returns the location as a URL, and "" for the zero value.
func (l Location) String() string {
	u := url.URL{Scheme: l.Scheme, Host: l.Host, Path: l.Path, RawQuery: l.Query}
	return u.String()
}

// place returns what locations have in common that name the same place, as far as that
// can be seen.
func (l Location) place() Location {
	l.Path, l.Raw = strings.TrimRight(l.Path, "/"), ""
	return l
}

// parseLocation returns the location of value, which vault.json has as written.
// What it complains of it does not quote, as the value may be a secret.
func parseLocation(value, written string) (Location, *complaint) {
	scheme, rest, ok := strings.Cut(value, "://")
	if !ok || !isScheme(scheme) {
		return Location{}, &complaint{"not a URL with a scheme",
			`write "vault://audit-log/" for a directory in the vault, and "file:///mnt/archive/" or "s3://bucket/prefix/" for a place elsewhere`}
	}
	scheme = strings.ToLower(scheme)
	if scheme == schemeVault {
		return parseVaultLocation(rest, written)
	}
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return Location{}, &complaint{"not a valid URL", "percent-encode what is not a letter, a digit or one of - . _ ~ /"}
	case u.User != nil:
		return Location{}, &complaint{"a user name or password must not be in a destination",
			"remove it; credentials are read from the environment of whoever writes there"}
	case strings.Contains(value, "#"):
		return Location{}, &complaint{`a destination has no fragment (#)`, "write # as %23"}
	case u.Host == "" && u.Path == "":
		return Location{}, &complaint{"names no place after the scheme", `write for example "s3://bucket/prefix/"`}
	}
	return Location{Scheme: scheme, Host: u.Host, Path: u.Path, Query: u.RawQuery, Raw: written}, nil
}

// parseVaultLocation does for vault:// what url.Parse does for the others, which
// has rules for a host name that a directory does not follow.
func parseVaultLocation(rest, written string) (Location, *complaint) {
	if strings.ContainsAny(rest, "?#") {
		return Location{}, &complaint{"a vault:// location takes no query or fragment", vaultHint}
	}
	name, err := url.PathUnescape(rest)
	if err != nil {
		return Location{}, &complaint{"a % is not followed by two hexadecimal digits", vaultHint}
	}
	elements, bad := vaultElements(name)
	if bad != nil {
		return Location{}, bad
	}
	host := elements[0]
	return Location{Scheme: schemeVault, Host: host, Path: name[len(host):], Raw: written}, nil
}

// isScheme reports whether s is the scheme of a URL (RFC 3986, section 3.1). One
// letter is not: it is the drive of a Windows path.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return len(s) > 1
}

// vaultHint is how a vault:// location is written.
const vaultHint = `write a directory below the vault, such as "vault://audit-log/"`

// vaultElements returns the directories that a name inside the vault consists
// of. The name is decoded; what it may hold is the same on every system, so that
// a vault can be moved from one to another.
func vaultElements(name string) ([]string, *complaint) {
	switch {
	case name == "":
		return nil, &complaint{"names no directory", vaultHint}
	case strings.Contains(name, `\`):
		return nil, &complaint{"has a backslash", `separate directories with "/"`}
	case name[0] == '/':
		return nil, &complaint{"is an absolute path", vaultHint}
	}
	elements := strings.Split(strings.TrimSuffix(name, "/"), "/")
	for _, element := range elements {
		if bad := checkElement(element); bad != nil {
			return nil, bad
		}
	}
	return elements, nil
}

// checkElement says why the name of a directory is not allowed. It does not
// repeat the name, which may be from the environment.
func checkElement(element string) *complaint {
	switch {
	case element == "":
		return &complaint{`has "//"`, `separate directories with a single "/"`}
	case element == ".":
		return &complaint{`has a "." element`, vaultHint}
	case element == "..":
		return &complaint{`has a ".." element, which leads out of its directory`, vaultHint}
	case len(element) > maxElement:
		return &complaint{fmt.Sprintf("has a name longer than %d characters", maxElement), ""}
	case element[len(element)-1] == '.':
		return &complaint{`has a name that ends in "."`, "Windows drops the dot; leave it out"}
	case isDevice(element):
		return &complaint{"has the name of a Windows device", "choose another name than CON, PRN, AUX, NUL, COM1 or LPT1"}
	}
	for _, c := range []byte(element) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return &complaint{"has a character that is not allowed in the name of a directory", `use letters, digits, "-", "_" and "."`}
		}
	}
	return nil
}

// maxElement is the longest name of a directory on common file systems.
const maxElement = 255

// isDevice reports whether Windows takes the name for a device, which it does
// with any extension.
// See https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	digits, ok := strings.CutPrefix(base, "COM")
	if !ok {
		digits, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && len(digits) == 1 && '0' <= digits[0] && digits[0] <= '9'
}
