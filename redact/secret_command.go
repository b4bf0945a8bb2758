package redact

import "bytes"

// A command takes a password behind a flag that does not say so, as --password does.
type command struct {
	name  string
	login bool   // only to log in, as docker does
	flag  string // of one letter
	long  string // the same, written out; empty: that says what it is
	glued bool   // the password may stand right behind the flag
	apart bool   // it may be the next argument
	user  bool   // a user stands before it: user:password
}

// commands are those we know.
var commands = []command{
	{name: "curl", flag: "-u", long: "--user", glued: true, apart: true, user: true},
	{name: "mysql", flag: "-p", glued: true}, {name: "mysqldump", flag: "-p", glued: true}, {name: "mysqladmin", flag: "-p", glued: true},
	{name: "mysqlimport", flag: "-p", glued: true}, {name: "mariadb", flag: "-p", glued: true}, {name: "mariadb-dump", flag: "-p", glued: true},
	{name: "mongo", flag: "-p", apart: true}, {name: "mongosh", flag: "-p", apart: true}, {name: "mongodump", flag: "-p", apart: true}, {name: "mongorestore", flag: "-p", apart: true},
	{name: "sshpass", flag: "-p", glued: true, apart: true},
	{name: "redis-cli", flag: "-a", apart: true},
	{name: "zip", flag: "-P", apart: true}, {name: "unzip", flag: "-P", apart: true}, {name: "7z", flag: "-p", glued: true},
	{name: "sqlcmd", flag: "-P", glued: true, apart: true},
	{name: "ldapsearch", flag: "-w", glued: true, apart: true}, {name: "ldapmodify", flag: "-w", glued: true, apart: true}, {name: "ldapadd", flag: "-w", glued: true, apart: true},
	{name: "docker", login: true, flag: "-p", glued: true, apart: true}, {name: "podman", login: true, flag: "-p", glued: true, apart: true},
	{name: "helm", login: true, flag: "-p", glued: true, apart: true}, {name: "az", login: true, flag: "-p", apart: true},
}

// commandsBy are the commands by their first letter.
var commandsBy = func() (by [256][]*command) {
	for i := range commands {
		c := &commands[i]
		by[c.name[0]] = append(by[c.name[0]], c)
	}
	return by
}()

// commandOf returns the command that a word is, with its path or without; nil: none that we know.
func commandOf(word []byte) *command {
	const most = len("mongorestore.exe")
	start := len(word)
	for start > 0 && word[start-1] != '/' && word[start-1] != '\\' {
		if start--; len(word)-start > most {
			return nil
		}
	}
	word = bytes.TrimSuffix(word[start:], []byte(".exe"))
	if len(word) == 0 {
		return nil
	}
	for _, c := range commandsBy[word[0]] {
		if string(word) == c.name {
			return c
		}
	}
	return nil
}

// commandTriggers match where commandSecret may find something.
const commandTriggers = `curl(?:\.exe)? |mysql|mariadb|mongo(?:sh|dump|restore)? |sshpass|redis-cli|sqlcmd|zip -|7z |ldap(?:search|modify|add) |::add-mask::|(?:docker|podman|helm|az) (?:registry )?login`

// argsMost is how far behind a command its arguments are looked for.
const argsMost = 2048

// commandSecret returns the password that is given to the command at i. last is where the command before it ends, and is
// set to where this one does: so a line of nothing but commands is read once.
func commandSecret(b []byte, i int, last *int) (start, end int, ok bool) {
	if mask := []byte("::add-mask::"); b[i] == ':' && bytes.HasPrefix(b[i:], mask) { // of GitHub's runners
		a, ok := valueAt(b, i+len(mask), assignment{op: ' '})
		return a.start, a.end, ok && !standIn(b[a.start:a.end])
	}
	if i > 0 && wordChars.has[b[i-1]] || !commandChars.has[b[i]] {
		return 0, 0, false
	}
	word := commandChars.run(b[:min(len(b), i+32)], i)
	c := commandOf(b[i:word])
	if c == nil || word == len(b) || b[word] != ' ' {
		return 0, 0, false
	}
	if c.user {
		return curlUser(b, i)
	}
	if *last <= word {
		*last = commandEnd(b, word)
	}
	args := b[word:*last]
	if c.login && !bytes.Contains(args, []byte(" login ")) {
		return 0, 0, false
	}
	return c.flagValue(b, word, args)
}

// commandEnd returns the end of the command in b of which the arguments begin at i: that of the line, or where another
// command follows.
func commandEnd(b []byte, i int) int {
	quote := byte(0)
	for most := min(len(b), i+argsMost); i < most && b[i] != '\n'; i++ {
		switch c := b[i]; {
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == ';' || c == '|' || c == '&':
			return i
		}
	}
	return i
}

var commandChars = newAlphabet("0-9a-z.-")

// flagValue returns the value of the flag of a command among its arguments, which stand in b from i on.
func (c *command) flagValue(b []byte, i int, args []byte) (start, end int, ok bool) {
	const most = 64 // flags that begin like it
	at := 0
	for range most {
		next := bytes.Index(args[at:], []byte(c.flag))
		if next < 0 {
			break
		}
		at += next + len(c.flag)
		if before := args[at-len(c.flag)-1]; before != ' ' {
			continue
		}
		start = i + at
		if value := blanks(b, start); value > start && !c.apart || value == start && !c.glued {
			continue
		} else {
			start = value
		}
		a, found := valueAt(b, start, assignment{op: ' '})
		if v := b[a.start:a.end]; found && !standIn(v) && !reference(v) && v[0] != '-' && !ports(v) {
			return a.start, a.end, true
		}
	}
	return 0, 0, false
}

// ports reports whether v maps a port to another one, as docker run -p does.
func ports(v []byte) bool {
	colon := bytes.IndexByte(v, ':')
	return colon > 0 && decimal.run(v, 0) == colon && decimal.run(v, colon+1) == len(v)
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
		case args[letters.run(args, at+1)-1] == 'u' && bytes.HasPrefix(args[letters.run(args, at+1):], []byte(" ")): // -su
			start = letters.run(args, at+1)
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
		return userPassword(b, a.start, a.end)
	}
}

// userPassword returns the password of the user:password in b[from:to].
func userPassword(b []byte, from, to int) (start, end int, ok bool) {
	colon := bytes.IndexByte(b[from:to], ':')
	if colon < 0 {
		return 0, 0, false
	}
	start, end = from+colon+1, to
	if start == end { // the name is the key, as Stripe has it
		start, end = from, end-1
	}
	v := b[start:end]
	return start, end, len(v) >= 3 && !standIn(v)
}
