package redact

import "bytes"

// userinfoDetector finds the user and the password in a URL of any scheme
// (RFC 3986, section 3.2.1): what stands between "://" and "@".
func userinfoDetector() *detector {
	d := &detector{
		name:     "url_userinfo",
		group:    groupPII,
		label:    "USERINFO",
		triggers: []string{`://[^/ ]*@`},
	}
	d.find = func(t *text, hits []hit) []hit {
		for s, e := nextUserinfo(t.b, 0); e > 0; s, e = nextUserinfo(t.b, e) {
			hits = append(hits, hit{start: s, end: e, d: d, why: "before @ in a URL"})
		}
		return hits
	}
	return d
}

// nextUserinfo returns the bounds of the first user info of a URL in b at or
// after from; 0, 0 if there is none.
func nextUserinfo(b []byte, from int) (start, end int) {
	for {
		i := bytes.Index(b[from:], []byte("://"))
		if i < 0 {
			return 0, 0
		}
		start = from + i + len("://")
		// To the last @ of the authority, for passwords in which one was left
		// as it is.
		end = 0
		for from = start; from < len(b) && isAuthority(b[from]); from++ {
			if b[from] == '@' {
				end = from
			}
		}
		if end > start {
			return start, end
		}
	}
}

// isAuthority reports whether c can stand before the host in a URL. That
// brackets cannot keeps us from finding the [USERINFO] of an earlier redaction.
func isAuthority(c byte) bool {
	return c > ' ' && c != 0x7f && bytes.IndexByte([]byte("/?#[]<>{}\"'`\\|"), c) < 0
}
