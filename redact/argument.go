package redact

import "bytes"

// userArgument stands for the name of an argument that is user:password.
const userArgument = "user and password of curl"

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
	switch {
	case c.apart && c.asks(before) && !isFlagAlone(text):
		p.items[n].link = f.last
	case c.holds(text):
		p.items[n].link = f.command
	default:
		return
	}
	if p.arguments == nil {
		p.arguments = map[int32]string{}
	}
	if p.arguments[n] = "password"; c.user {
		p.arguments[n] = userArgument
	}
	p.items[n].marks |= hasTrigger
	p.extra = append(p.extra, n)
	p.pairs = true
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
