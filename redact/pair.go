package redact

// Names that do not stand where the name of a value stands: beside it, as in
// {"name":"db_password","value":"x"} and ["--password","x"], or further out, as in
// {"password":{"value":"x"}}. What names an item so is its link.

// naming says what a member of an object has to do with others.
type naming byte

const (
	namesNone  naming = iota
	namesValue        // its text names the value beside it, whatever it is
	namesType         // its text does, if it says what kind of data the value is
	isNamed           // it is the value
	isPlain           // it says no more of its value than that it is one, so that the name further out counts
)

// namingOf returns what the name of a member says of that.
func namingOf(name []byte) naming {
	if len(name) < len("key") || len(name) > len("plaintext") {
		return namesNone
	}
	var low [len("plaintext")]byte
	switch string(lower(low[:0], name)) {
	case "name", "key", "field", "header":
		return namesValue
	case "type", "kind", "system":
		return namesType
	case "value":
		return isNamed
	case "values", "data", "number", "text", "raw", "plaintext", "content", "string", "val":
		return isPlain
	}
	return namesNone
}

// aliasOf returns what names an item instead of the key that it stands under; -1 for nothing.
func (p *pass) aliasOf(n int32) int32 {
	t := &p.items[n]
	switch {
	case t.kind == keyItem:
		return -1
	case t.kind != arrayItem && t.marks&nested == 0 && t.link >= 0:
		return t.link
	}
	if key := p.keyOver(n); key >= 0 {
		return p.items[key].link
	}
	return -1
}

// aliasName returns the name that an alias is. A flag is that as it was: what names the next argument
// may have been replaced for the name that both stand under.
func (p *pass) aliasName(alias int32) string {
	text := p.textOf(alias)
	if up := p.items[alias].parent; p.items[alias].kind == stringItem && up >= 0 && p.items[up].kind == arrayItem && isSecretFlag(text) {
		return string(text)
	}
	return p.nameOf(alias)
}

// nameOver returns the name of what an item says.
func (p *pass) nameOver(n int32) string {
	if alias := p.aliasOf(n); alias >= 0 {
		return p.nameOf(alias)
	}
	return p.nameOf(p.keyOver(n))
}

// pair notes a member of an object that names another one, or is named.
func (s *scanner) pair(f *frame, key int32) {
	t := &s.p.items[key]
	naming := namingOf(s.p.textOf(key))
	switch naming {
	case namesValue, namesType:
		if s.space() != '"' {
			break
		}
		f.marks |= behindName
		next := int32(len(s.p.items)) // the item of its text
		switch {
		case naming == namesValue && (f.name < 0 || !saysWhat(s.p.plainOf(f.name))):
			f.name = next
		case naming == namesType && (f.typed < 0 || !saysType(s.p.plainOf(f.typed))):
			f.typed = next
		}
	case isNamed:
		f.value = key
		f.marks |= behindValue
		fallthrough
	case isPlain:
		over := f.parent
		if over >= 0 && s.p.items[over].kind == arrayItem {
			over = s.p.items[over].link
		}
		if over >= 0 && saysWhat(s.p.textOf(over)) {
			t.link = over
		}
	}
	t.marks |= f.marks
}

// closePair joins the members of an object of which one names the other. Where a name and a type do, as in
// {"name":"db_password","type":"string","value":"x"}, what says more counts, and before that a name with a rule.
func (s *scanner) closePair(f *frame) {
	if f.value < 0 || f.name < 0 && f.typed < 0 {
		return
	}
	p := s.p
	p.pairs = true // or it could be, in others of this shape
	by := f.name
	if f.typed >= 0 && (by < 0 || !p.r.hasRule(p.plainOf(by))) {
		what := p.plainOf(f.typed)
		if saysType(what) && (by < 0 || !saysWhat(p.plainOf(by)) || nameOf(what) > nameOf(p.plainOf(by))) {
			by = f.typed
		}
	}
	if by >= 0 {
		p.items[f.value].link = by
	}
}

// plainOf returns the text of an item, without what was replaced in it before.
func (p *pass) plainOf(n int32) []byte { return p.r.masks.unmasked(p.textOf(n)) }

// saysWhat reports whether a name says what a value below it is.
func saysWhat(name []byte) bool {
	return nameOf(name) >= softSecret || keyTopic(string(name)) != 0 || saysMAC(name) || cookieHeader(string(name))
}

// saysType reports whether a type says what a value is. A token and a key are too many things, such as
// the words of a program.
func saysType(name []byte) bool {
	kind := nameOf(name)
	return kind >= wordSecret || kind == notSecret && saysWhat(name)
}

// element notes an element of an array, which was item n and those behind it, and may name the next, or be
// named: ["--password","x"].
func (s *scanner) element(n int32) {
	p := s.p
	f := &p.frames[len(p.frames)-1]
	if n == int32(len(p.items)) || p.items[n].kind != stringItem && p.items[n].kind != numberItem {
		f.name = -1
		return
	}
	text := p.textOf(n)
	if f.name >= 0 && !isFlagAlone(text) && p.items[n].marks&nested == 0 {
		p.items[n].link = f.name
		p.pairs = true
	}
	f.name, f.value = -1, n
	if isSecretFlag(text) && nameOf(text) > p.kindOver(n) {
		f.name = n
	}
}

// kindOver returns what the name promises that an element stands under, as far as that was read.
func (p *pass) kindOver(n int32) nameKind {
	key := p.keyOver(n)
	if key < 0 {
		return notSecret
	}
	if over := p.items[key].link; over >= 0 {
		key = over
	}
	return nameOf(p.textOf(key))
}

// isFlagAlone reports whether an argument of a command is a flag and no more: not one that holds its
// value, as in --password=x.
func isFlagAlone(arg []byte) bool {
	return len(arg) > 1 && isFlag(arg) && isLetter(arg[len(arg)-1]) && nameChars.run(arg, 0) == len(arg)
}

// isSecretFlag reports whether an argument of a command is a flag of which the next is a secret.
func isSecretFlag(arg []byte) bool { return isFlagAlone(arg) && nameOf(arg) >= softSecret }

// closeRow joins the two strings of an array in an array of headers: [["Authorization","Basic …"]].
func (s *scanner) closeRow(f *frame) {
	p := s.p
	outer := p.items[f.array].parent
	if outer < 0 || p.items[outer].kind != arrayItem || p.items[outer].link < 0 || !holdsHeaders(p.textOf(p.items[outer].link)) {
		return
	}
	p.pairs = true // or it could be, in others of this shape
	name := f.array + 1
	if f.count != 2 || f.value < 0 || name >= f.value || p.items[name].kind != stringItem || p.items[f.value].index != 1 || p.items[f.value].marks&nested != 0 {
		return
	}
	p.items[f.value].link = name
}

// holdsHeaders reports whether under such a name stand names with their values.
func holdsHeaders(name []byte) bool {
	return foldEqual(name, "headers") || foldEqual(name, "header") || foldEqual(name, "cookies") || foldEqual(name, "env") || foldEqual(name, "environment") ||
		foldEqual(name, "params") || foldEqual(name, "query")
}
