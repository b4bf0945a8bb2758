package redact

import "bytes"

// commandTriggers match where commandSecret may find something.
const commandTriggers = `curl |mysql|mariadb|sshpass|redis-cli|docker login`

// argsMost is how far behind a command its arguments are looked for.
const argsMost = 2048

// commandSecret returns the password that is given to the command at i by a flag that
// does not say so, as --password does.
func commandSecret(b []byte, i int) (start, end int, ok bool) {
	switch b[i] {
	case 'c':
		if bytes.HasPrefix(b[i:], []byte("curl ")) {
			return curlUser(b, i)
		}
	case 'm':
		if bytes.HasPrefix(b[i:], []byte("mysql")) || bytes.HasPrefix(b[i:], []byte("mariadb")) {
			return flagValue(b, i, " -p", false)
		}
	case 's':
		if bytes.HasPrefix(b[i:], []byte("sshpass ")) {
			return flagValue(b, i, " -p", true)
		}
	case 'r':
		if bytes.HasPrefix(b[i:], []byte("redis-cli ")) {
			return flagValue(b, i, " -a", true)
		}
	case 'd':
		if bytes.HasPrefix(b[i:], []byte("docker login ")) {
			return flagValue(b, i, " -p", true)
		}
	}
	return 0, 0, false
}

// flagValue returns the value of a flag of the command at i. It stands right behind the
// flag, or, if apart is set, as well behind a blank.
func flagValue(b []byte, i int, flag string, apart bool) (start, end int, ok bool) {
	args := b[i:min(len(b), i+argsMost)]
	if line := bytes.IndexByte(args, '\n'); line >= 0 {
		args = args[:line]
	}
	at := bytes.Index(args, []byte(flag))
	if at < 0 {
		return 0, 0, false
	}
	start = i + at + len(flag)
	if next := blanks(b, start); next > start {
		if !apart {
			return 0, 0, false
		}
		start = next
	}
	a, ok := valueAt(b, start, assignment{op: ' '})
	if !ok || standIn(b[a.start:a.end]) || b[a.start] == '-' {
		return 0, 0, false
	}
	return a.start, a.end, true
}

// curlUser returns the password of curl's -u user:password and --user, which stand
// behind the command at i and on the same line or its continuations.
func curlUser(b []byte, i int) (start, end int, ok bool) {
	args := b[i:min(len(b), i+argsMost)]
	if next := bytes.Index(args[1:], []byte("curl ")); next >= 0 {
		args = args[:1+next]
	}
	for at := 0; ; {
		next := bytes.IndexByte(args[at:], '-')
		if next < 0 {
			return 0, 0, false
		}
		at += next
		if args[at-1] != ' ' && args[at-1] != '\n' {
			at++
			continue
		}
		switch {
		case bytes.HasPrefix(args[at:], []byte("-u")):
			start = at + len("-u")
		case bytes.HasPrefix(args[at:], []byte("--user ")), bytes.HasPrefix(args[at:], []byte("--user=")):
			start = at + len("--user")
		default:
			at++
			continue
		}
		if start < len(args) && args[start] == '=' {
			start++
		}
		a, found := valueAt(b, i+blanks(args, start), assignment{op: ' '})
		if !found {
			return 0, 0, false
		}
		if close := a.end + len(a.quote); a.quote != nil && close < len(b) && b[close] == ':' { // "user":"password"
			a, found = valueAt(b, close+1, assignment{op: ' '})
			return a.start, a.end, found && a.end-a.start >= 3 && !standIn(b[a.start:a.end])
		}
		colon := bytes.IndexByte(b[a.start:a.end], ':')
		if colon < 0 {
			return 0, 0, false
		}
		start, end = a.start+colon+1, a.end
		if start == end { // the name is the key, as Stripe has it
			start, end = a.start, end-1
		}
		v := b[start:end]
		return start, end, len(v) >= 3 && !standIn(v)
	}
}
