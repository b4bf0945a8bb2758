package redact

import (
	"bytes"
	"strings"
)

// topic is what words say that a value near them is, as a set.
type topic uint16

const (
	aboutPhone topic = 1 << iota
	aboutCard
	aboutIBAN
	aboutSSN
	aboutITIN
	aboutNHS
	aboutNINO
	aboutBirth
	aboutOther // a number of another kind: an order, a port, a time
)

// wordTopic returns what one word in lower case says, in the languages of which
// we know it. The name of a value in code is such a word too.
func wordTopic(w []byte) topic {
	switch string(w) {
	case "phone", "phones", "phonenumber", "phoneno", "telephone", "telephones", "tel", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone",
		"cellular", "fax", "sms", "whatsapp", "dial", "msisdn", "caller", "callee", "callerid", "whatsappid", "mob", "call", "contact", "landline", "hotline", "ph",
		"telefon", "telefono", "telefone", "telefoon", "telefonnummer", "mobil", "mobiltelefon", "mobilnummer", "handy", "handynummer",
		"celular", "cellulare", "rufnummer", "puhelin", "téléphone", "tél", "teléfono", "móvil", "telemóvel", "телефон", "тел", "моб":
		return aboutPhone
	case "card", "cards", "cardnumber", "cardno", "cc", "ccn", "ccnum", "ccnumber", "ccno", "pan", "creditcard", "creditcardnumber", "debitcard",
		"visa", "mastercard", "amex", "maestro", "kreditkarte", "kartennummer", "karte", "carte", "tarjeta", "carta", "cartão", "kaart", "kort", "карта", "карты":
		return aboutCard
	case "iban", "ibans", "ibannumber":
		return aboutIBAN
	case "ssn", "ssns", "ss", "social", "socialsecurity", "socialsecuritynumber", "ssnumber", "usssn":
		return aboutSSN
	case "itin", "itins", "individualtaxpayer":
		return aboutITIN
	case "tin", "taxid", "taxpayer", "taxpayerid":
		return aboutSSN | aboutITIN
	case "nhs", "nhsnumber", "nhsno":
		return aboutNHS
	case "nino", "ni", "ninumber", "insurance", "nationalinsurance", "nationalinsurancenumber":
		return aboutNINO
	case "dob", "birth", "birthday", "birthdate", "birthdates", "dateofbirth", "born", "bday", "birthyear",
		"geburtsdatum", "geburtstag", "geboren", "geb", "naissance", "né", "née", "nacimiento", "nacido", "nacida", "nascita", "nascimento",
		"geboortedatum", "född", "fødselsdato", "født", "urodzenia", "рождения", "родился":
		return aboutBirth
	case "id", "ids", "uid", "gid", "pid", "tid", "order", "orders", "ref", "reference", "txn", "transaction", "account", "acct", "request", "req",
		"timestamp", "ts", "time", "port", "count", "size", "bytes", "offset", "version", "serial", "invoice", "ticket", "seq", "sequence", "index",
		"trace", "span", "session", "hash", "type", "status", "code", "amount", "price", "total", "block", "blk", "epoch", "duration", "ms", "usec", "nsec", "cvv", "cusip", "isin", "sedol", "isbn", "issn", "ean", "gtin", "sku", "nonce":
		return aboutOther
	}
	return 0
}

// otherScripts are nouns that stand next to a number without a space.
var otherScripts = [...]struct {
	word  string
	topic topic
}{
	{"电话", aboutPhone}, {"電話", aboutPhone}, {"手机", aboutPhone}, {"手機", aboutPhone}, {"携帯", aboutPhone}, {"전화", aboutPhone},
	{"卡号", aboutCard}, {"カード", aboutCard}, {"카드", aboutCard},
	{"出生", aboutBirth}, {"生年月日", aboutBirth}, {"生日", aboutBirth}, {"생년월일", aboutBirth},
}

// keyTopic returns what the name of a value says that it is: cardNumber, card_number
// and "Card number" say a card; card_id says nothing, as its last word counts.
func keyTopic(key string) topic {
	if key == "" || len(key) > 64 {
		return 0
	}
	var all, last topic
	var joined, word [64]byte // the whole key, and one word of it, in lower case without separators
	j, n := 0, 0
	flush := func() {
		if n == 0 {
			return
		}
		switch string(word[:n]) {
		case "at", "on", "date", "agent": // phone_verified_at, callerUserAgent
			last = aboutOther
		default:
			last = wordTopic(word[:n])
		}
		all |= last
		n = 0
	}
	ascii := true
	for i := range len(key) {
		c := key[i]
		ascii = ascii && c < 0x80
		upper := 'A' <= c && c <= 'Z'
		if !isLetter(c) && c < 0x80 || upper && i > 0 && 'a' <= key[i-1] && key[i-1] <= 'z' {
			flush()
		}
		if !isLetter(c) && c < 0x80 {
			continue
		}
		if upper {
			c |= 0x20
		}
		joined[j], word[n] = c, c
		j, n = j+1, n+1
	}
	flush()
	if last&aboutOther != 0 && strings.IndexByte(key, ' ') < 0 {
		return wordTopic(joined[:j]) &^ aboutOther // taxpayer_id says something as a whole
	}
	if all |= wordTopic(joined[:j]); all == 0 && !ascii {
		return otherTopic([]byte(key))
	}
	return all &^ aboutOther
}

// namesNothing reports whether a key says no more of its value than that it is one.
func namesNothing(key string) bool {
	switch strings.ToLower(key) {
	case "", "text", "value", "values", "message", "input", "output", "content", "note", "comment", "body", "data", "description", "number", "to", "from", "recipient":
		return true
	}
	return false
}

// nearBytes is how far context reaches.
const nearBytes = 48

// nearTopic returns what the words around b[start:end] say that it is.
func nearTopic(b []byte, start, end int) topic { return nearestTopic(b, start, end) &^ aboutOther }

// nearestTopic is nearTopic with aboutOther. The nearest word with a meaning counts, on the left, and on the right
// after "is".
func nearestTopic(b []byte, start, end int) topic {
	from := max(0, start-nearBytes)
	assigned := false // an equals sign stands between, so that only the name before it counts
	for i, words := start, 0; i > from && words < 6; {
		switch c := b[i-1]; c {
		case '\n', '\r', ',', ';', '{', '}', '|', '&':
			return rightTopic(b, end)
		case '=':
			if assigned {
				return 0
			}
			assigned = words == 0
		case '(', ')', ':', '/':
			if assigned {
				return 0
			}
		case ']':
			if inMask(b, i-1) {
				return 0
			}
		}
		stop := i
		for i > from && (isLetter(b[i-1]) || b[i-1] >= 0x80) {
			i--
		}
		if i == stop {
			i--
			continue
		}
		if i == from && from > 0 && (isLetter(b[from-1]) || b[from-1] >= 0x80) {
			break // half a word says nothing
		}
		words++
		if stop-i <= 2 && (i > 0 && isDigit(b[i-1]) || stop < len(b) && isDigit(b[stop])) {
			continue // 123156PH2
		}
		if t := lowerTopic(b[i:stop]); t != 0 {
			return t
		}
	}
	return rightTopic(b, end)
}

// rightTopic looks for "… is my phone".
func rightTopic(b []byte, end int) topic {
	rest := b[end:min(len(b), end+nearBytes/2)]
	if !bytes.HasPrefix(rest, []byte(" is ")) {
		return 0
	}
	for w := range bytes.FieldsSeq(rest[4:]) {
		if t := lowerTopic(bytes.Trim(w, ".,;:!?)")); t != 0 {
			return t
		}
	}
	return 0
}

// lowerTopic is wordTopic of w in any case.
func lowerTopic(w []byte) topic {
	if len(w) > nearBytes {
		return 0
	}
	var lower [nearBytes]byte
	ascii := true
	for i, c := range w {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		ascii = ascii && c < 0x80
		lower[i] = c
	}
	if t := wordTopic(lower[:len(w)]); t != 0 || ascii || len(w) < 3 {
		return t
	}
	if t := wordTopic(bytes.ToLower(w)); t != 0 {
		return t
	}
	return otherTopic(w)
}

// otherTopic returns what a word in a script without spaces says.
func otherTopic(w []byte) topic {
	for _, o := range otherScripts {
		if bytes.Contains(w, []byte(o.word)) {
			return o.topic
		}
	}
	return 0
}

// mentions reports whether any word in b is of one of the topics.
func mentions(b []byte, topics topic) bool {
	for i := 0; i < len(b); i++ {
		start := i
		for i < len(b) && (isLetter(b[i]) || b[i] >= 0x80) {
			i++
		}
		if i > start && lowerTopic(b[start:i])&topics != 0 {
			return true
		}
	}
	return false
}
