package redact

import "bytes"

// userArgument stands for the name of an argument that is user:password.
const userArgument = "user and password of curl"

// pemLine notes whether an element of an array is a line of a private key, which begins with the line that says so, and
// reports whether it is. All lines are named as if they stood under "password".
func (s *scanner) pemLine(f *frame, n int32, text []byte) bool {
	switch {
	case beginsKey(text):
		f.key = n
	case bytes.HasPrefix(text, []byte("-----END ")):
		f.key = -1
	case f.key >= 0 && s.p.items[n].marks&nested == 0:
		s.p.nameArgument(n, f.key, "password")
	}
	return f.key >= 0
}

// beginsKey reports whether a text is the first line of a private key, and no more.
func beginsKey(text []byte) bool {
	return bytes.HasPrefix(text, []byte("-----BEGIN ")) && bytes.HasSuffix(text, []byte("PRIVATE KEY-----")) && len(text) < pemHeader
}

// nameArgument names an item as no other item does. by is the one to which that is due.
func (p *pass) nameArgument(n, by int32, name string) {
	if p.arguments == nil {
		p.arguments = map[int32]string{}
	}
	p.arguments[n] = name
	p.items[n].link = by
	p.items[n].marks |= hasTrigger
	p.extra = append(p.extra, n)
	p.pairs = true
}

// argument notes whether an element of an array is a command, or the password of one: ["sshpass","-p","x"]. Such a
// password is named as if --password stood before it.
func (s *scanner) argument(f *frame, n int32, text []byte) {
	const most = 8 // sudo, env, timeout 5, … stand before a command
	if f.command < 0 {
		if f.count <= most && commandOf(text) != nil {
			f.command = n
		}
		return
	}
	p := s.p
	c := commandOf(p.textOf(f.command))
	if c == nil || p.items[n].marks&nested != 0 {
		return
	}
	f.login = f.login || string(text) == "login"
	if c.login && !f.login {
		return
	}
	var before []byte
	if f.last >= 0 {
		before = p.textOf(f.last)
	}
	name := "password"
	if c.user {
		name = userArgument
	}
	switch {
	case c.apart && c.asks(before) && !isFlagAlone(text):
		p.nameArgument(n, f.last, name)
	case c.holds(text):
		p.nameArgument(n, f.command, name)
	}
}

// holds reports whether an argument is the flag with the password behind it.
func (c *command) holds(arg []byte) bool {
	return c.glued && len(arg) > len(c.flag) && string(arg[:len(c.flag)]) == c.flag || c.long != "" && bytes.HasPrefix(arg, []byte(c.long+"="))
}

// asks reports whether an argument is the flag behind which the password stands. Of curl's, others may be before the letter: -su.
func (c *command) asks(arg []byte) bool {
	if len(arg) < len(c.flag) || string(arg) == c.flag {
		return len(arg) == len(c.flag)
	}
	if c.long != "" && string(arg) == c.long {
		return true
	}
	return c.user && arg[0] == '-' && arg[len(arg)-1] == c.flag[1] && letters.run(arg, 1) == len(arg)
}
