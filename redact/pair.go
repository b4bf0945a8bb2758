package redact

import "bytes"

// Names that do not stand where the name of a value stands: beside it, as in
// {"name":"db_password","value":"x"} and ["--password","x"], or further out, as in
// {"password":{"value":"x"}}. What names an item so is its link.

// naming says what a member of an object has to do with others.
type naming byte

const (
	namesNone    naming = iota
	namesValue          // its text names the value beside it, whatever it is
	namesType           // its text does, if it says what kind of data the value is
	isNamed             // it is the value
	isPlain             // it says no more of its value than that it is one, so that the name further out counts
	isData              // the same, and of a Secret of Kubernetes it is all of that
	saysSecret          // that it is true says that the value beside it is secret
	namesCommand        // its text is the command of which the arguments stand beside it
)

// namingOf returns what the name of a member says of that.
func namingOf(name []byte) naming {
	const least, most = len("to"), len("parameter_value")
	if len(name) < least || len(name) > most {
		return namesNone
	}
	var low [most]byte
	n := 0
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != '_' {
			low[n] = c
			n++
		}
	}
	switch string(low[:n]) {
	case "name", "key", "field", "header", "property", "displayname", "parameterkey", "parametername", "optionname":
		return namesValue
	case "type", "kind", "system":
		return namesType
	case "value", "oldvalue", "newvalue", "previousvalue", "currentvalue", "defaultvalue", "parametervalue", "default", "old", "new", "before", "after":
		return isNamed
	case "data", "stringdata":
		return isData
	case "sensitive", "secured", "masked":
		return saysSecret
	case "values", "number", "text", "raw", "plaintext", "content", "string", "val", "stringvalue", "intvalue",
		"current", "previous", "from", "to", "confirm", "confirmation", "repeat":
		return isPlain
	case "command", "cmd", "program", "executable":
		return namesCommand
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
	if key := p.keyOver(n); key >= 0 && p.items[key].link >= 0 {
		return p.aliasOfKey(key)
	}
	return -1
}

// aliasOfKey returns what names the values of a key that has a link; -1: the key does.
func (p *pass) aliasOfKey(key int32) int32 {
	by := p.items[key].link
	for p.items[by].kind == keyItem && p.items[by].link >= 0 {
		by = p.items[by].link
	}
	text, own := p.textOf(by), p.textOf(key)
	naming := namingOf(own)
	switch {
	case p.items[by].kind == stringItem && isManifest(text):
		return by // all that is below is secret
	case naming == namesValue, naming == namesType:
		return -1
	case p.items[by].kind == keyItem && foldEqual(text, "cookies"):
		if naming == namesNone && !namesSession(own) {
			return -1
		}
		return by
	case p.items[by].kind == keyItem && !saysWhat(text) && namingOf(text) != saysSecret: // nothing names it
		return -1
	case by != p.items[key].link && !saysWhat(text) && namingOf(text) != saysSecret:
		return -1
	case naming == namesNone && foldEqual(text, "token"): // which may be one that is traded
		return -1
	case naming == namesNone && (nameBehind(own, nameOf([]byte(p.aliasName(-1, by)))) < tokenSecret || saysWhat(own)):
		return -1 // such as "policy" in {"password":{"value":{"policy":…}}}
	}
	return by
}

// isManifest reports whether that is the kind of something of which all data is secret.
func isManifest(kind []byte) bool { return string(kind) == "Secret" }

// namedBelow returns the key of which the name, or what is beside it, may hold for all members of an object in it: all in
// {"name":"password","value":{…}} is secret, and in "password":"{…}"; -1: none.
func (s *scanner) namedBelow(parent int32) int32 {
	p := s.p
	if parent >= 0 && p.items[parent].kind == arrayItem {
		parent = p.items[parent].link
	}
	switch {
	case parent < 0:
	case p.items[parent].link >= 0:
		return parent
	case namingOf(p.textOf(parent)) == isNamed, namingOf(p.textOf(parent)) == isData, isContainer(p.textOf(parent)):
		return parent
	case s.layer > 0 && len(p.frames) == s.bottom && nameOf(p.textOf(parent)) >= tokenSecret:
		return parent
	}
	return -1
}

// isContainer reports whether members of an object under that name are secrets, whatever their names.
func isContainer(name []byte) bool {
	const plural = "passwords"
	return foldEqual(name, "cookies") || len(name) >= len(plural) && foldEqual(name[len(name)-len(plural):], plural)
}

// aliasName returns the name that an alias of an item is. A flag is that as it was: what names the next argument
// may have been replaced for the name that both stand under.
func (p *pass) aliasName(n, alias int32) string {
	if name, ok := p.arguments[n]; ok {
		return name
	}
	text := p.textOf(alias)
	if p.items[alias].kind == keyItem {
		switch {
		case foldEqual(text, "cookies"):
			return "session token"
		case namingOf(text) == saysSecret:
			return "secret"
		}
	}
	if up := p.items[alias].parent; p.items[alias].kind == stringItem && up >= 0 && p.items[up].kind == arrayItem && isSecretFlag(text) {
		return string(text)
	}
	return p.nameOf(alias)
}

// nameOver returns the name of what an item says.
func (p *pass) nameOver(n int32) string {
	if alias := p.aliasOf(n); alias >= 0 {
		return p.aliasName(n, alias)
	}
	return p.nameOf(p.keyOver(n))
}

// pair notes a member of an object that names another one, or is named.
func (s *scanner) pair(f *frame, key int32) {
	t := &s.p.items[key]
	naming := namingOf(s.p.textOf(key))
	switch naming {
	case namesValue, namesType:
		t.link = f.below
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
		s.p.values = append(s.p.values, key)
		f.marks |= behindValue
		fallthrough
	case isPlain, isData:
		if naming == isData {
			s.p.values = append(s.p.values, ^key)
		}
		over := f.parent
		if over >= 0 && s.p.items[over].kind == arrayItem {
			over = s.p.items[over].link
		}
		if t.link = f.below; over >= 0 && saysWhat(s.p.textOf(over)) {
			t.link = over
		}
	case namesCommand:
		f.command = int32(len(s.p.items))
		if s.space() != '"' {
			f.command = -1
		}
		fallthrough
	default:
		t.link = f.below
	case saysSecret:
		f.marks |= behindName
		f.flagged = true
		if s.space() == 't' {
			f.secret = key
		}
	}
	t.marks |= f.marks
}

// closePair joins the members of an object of which one names the other. Where a name and a type do, as in
// {"name":"db_password","type":"string","value":"x"}, what says more counts, and before that a name with a rule.
func (s *scanner) closePair(f *frame) {
	p := s.p
	values := p.values[f.values:]
	p.values = p.values[:f.values]
	if f.typed >= 0 && isManifest(p.textOf(f.typed)) {
		p.pairs = true
		for _, key := range values {
			if key < 0 {
				p.items[^key].link = f.typed
			}
		}
	}
	if f.marks&behindValue == 0 || f.name < 0 && f.typed < 0 && !f.flagged {
		return
	}
	p.pairs = true // or it could be, in others of this shape
	by := f.name
	if f.typed >= 0 && (by < 0 || !p.r.hasRule(p.plainOf(by))) {
		what := p.plainOf(f.typed)
		if saysType(what) && (by < 0 || !saysWhat(p.plainOf(by)) || nameOf(what) > nameOf(p.plainOf(by))) {
			by = f.typed
		}
	}
	if by >= 0 && f.cookies >= 0 && namesSession(p.textOf(by)) {
		by = f.cookies
	}
	if f.secret >= 0 && (by < 0 || nameOf(p.plainOf(by)) < wordSecret && !p.r.hasRule(p.plainOf(by))) {
		by = f.secret
		p.items[by].marks |= hasTrigger
		p.extra = append(p.extra, by)
	}
	for _, key := range values {
		if key >= 0 && by >= 0 {
			p.items[key].link = by
		}
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
		f.name, f.last = -1, -1
		return
	}
	text := p.textOf(n)
	if s.pemLine(f, n, text) {
		return
	}
	s.argument(f, n, text)
	if f.name >= 0 && !isFlagAlone(text) && p.items[n].marks&nested == 0 {
		p.items[n].link = f.name
		p.pairs = true
	}
	f.name, f.last = -1, n
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
	if p.items[key].link >= 0 {
		if by := p.aliasOfKey(key); by >= 0 {
			key = by
		}
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
	if over := p.items[f.array].link; over >= 0 && f.parent == over && f.count%2 == 0 && (foldEqual(p.textOf(over), "headers") || foldEqual(p.textOf(over), "rawheaders")) {
		s.closeHeaders(f)
	}
	outer := p.items[f.array].parent
	if outer < 0 || p.items[outer].kind != arrayItem || p.items[outer].link < 0 || !holdsHeaders(p.textOf(p.items[outer].link)) {
		return
	}
	p.pairs = true // or it could be, in others of this shape
	name := f.array + 1
	if f.count != 2 || f.last < 0 || name >= f.last || p.items[name].kind != stringItem || p.items[f.last].index != 1 || p.items[f.last].marks&nested != 0 {
		return
	}
	p.items[f.last].link = name
}

// closeHeaders joins the strings of an array of headers and their values in turn: ["Host","db","X-Api-Key","x"].
func (s *scanner) closeHeaders(f *frame) {
	p := s.p
	p.pairs = true // or it could be, in others of this shape
	if int(f.array)+int(f.count)+1 != len(p.items) {
		return // not only strings
	}
	for name := f.array + 1; int(name)+1 < len(p.items); name += 2 {
		text := p.textOf(name)
		if p.items[name].kind == stringItem && (bytes.IndexByte(text, '-') > 0 && nameChars.run(text, 0) == len(text) || foldEqual(text, "authorization") || foldEqual(text, "cookie")) {
			p.items[name+1].link = name
		}
	}
}

// holdsHeaders reports whether under such a name stand names with their values.
func holdsHeaders(name []byte) bool {
	return foldEqual(name, "headers") || foldEqual(name, "header") || foldEqual(name, "cookies") || foldEqual(name, "env") || foldEqual(name, "environment") ||
		foldEqual(name, "params") || foldEqual(name, "query")
}
