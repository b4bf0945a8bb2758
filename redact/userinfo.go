package redact

import "bytes"

// userinfoDetector finds the user and the password in a URL of any scheme
// (RFC 3986, section 3.2.1): what stands between "://" and "@". A user alone counts
// where it is someone who logs in; akka://system@host is the name of a program.
func userinfoDetector() *detector {
	return &detector{
		name:     "url_userinfo",
		group:    groupPII,
		label:    "USERINFO",
		triggers: []string{`://[^/ ]*@`},
		find:     findUserinfos,
	}
}

func findUserinfos(t *text, hits []hit) []hit {
	for s, e := nextUserinfo(t.b, 0); e > 0; s, e = nextUserinfo(t.b, e) {
		if bytes.IndexByte(t.b[s:e], ':') >= 0 || hasLogin(t.b[:s-len("://")]) {
			hits = append(hits, hit{start: s, end: e, why: "before @ in a URL"})
		}
	}
	return hits
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
		if end > start && isAlnum(byteAt(b, start-len("x://"))) {
			return start, end
		}
	}
}

// hasLogin reports whether b ends in a scheme whose URLs name a person or an account
// before "@".
func hasLogin(b []byte) bool {
	i := len(b)
	for i > 0 && len(b)-i < 16 && (isAlnum(b[i-1]) || b[i-1] == '+') {
		i--
	}
	switch string(bytes.ToLower(b[i:])) {
	case "http", "https", "ftp", "ftps", "sftp", "ssh", "git+ssh", "svn+ssh", "smb", "afp", "nfs", "webdav",
		"ws", "wss", "rdp", "vnc", "telnet", "imap", "imaps", "pop3", "smtp", "smtps", "ldap", "ldaps", "xmpp",
		"sip", "sips", "mailto", "jdbc", "postgres", "postgresql", "mysql", "mariadb", "sqlserver", "oracle",
		"mongodb", "mongodb+srv", "redis", "rediss", "amqp", "amqps", "nats", "mqtt", "mqtts":
		return true
	}
	return false
}

// isAuthority reports whether c can stand before the host in a URL. That
// brackets cannot keeps us from finding the [USERINFO] of an earlier redaction.
func isAuthority(c byte) bool {
	switch c {
	case '/', '?', '#', '[', ']', '<', '>', '{', '}', '"', '\'', '`', '\\', '|', 0x7f:
		return false
	}
	return c > ' '
}
