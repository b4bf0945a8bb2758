package rbac

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Kind tells people from programs.
type Kind uint8

// The kinds of subjects.
const (
	UserKind Kind = iota + 1
	ServiceKind
)

// A Subject is a person or a service: who has a role, and whom keys belong to.
// Subjects compare with ==; names are compared byte by byte. The zero value is
// nobody.
type Subject struct {
	Kind Kind
	Name string // of a person usually an address
}

// User returns the subject of a person, such as alice@fund.com.
func User(name string) Subject { return Subject{UserKind, name} }

// Service returns the subject of a service, such as ci.
func Service(name string) Subject { return Subject{ServiceKind, name} }

// maxName is the size in bytes that no name exceeds.
const maxName = 256

// servicePrefix sets services off in text. No person's name begins with it.
const servicePrefix = "service:"

// ParseSubject returns the subject that text names: "service:ci", or a person
// such as "alice@fund.com".
func ParseSubject(text string) (Subject, error) {
	s := User(text)
	if name, ok := strings.CutPrefix(text, servicePrefix); ok {
		s = Service(name)
	}
	if !s.valid() {
		return Subject{}, fmt.Errorf("rbac: %s names nobody: write alice@fund.com or service:ci, at most %d bytes", clip(text), maxName)
	}
	return s, nil
}

// String returns the text form, as [ParseSubject] reads it, and "nobody" for
// the zero value.
func (s Subject) String() string { return string(s.append(nil)) }

func (s Subject) append(dst []byte) []byte {
	if s == (Subject{}) {
		return append(dst, "nobody"...)
	}
	if s.Kind == ServiceKind {
		dst = append(dst, servicePrefix...)
	}
	return append(dst, s.Name...)
}

// MarshalText returns the text form. A subject that [ParseSubject] would not
// return is an error.
func (s Subject) MarshalText() ([]byte, error) {
	if !s.valid() {
		return nil, errors.New("rbac: a subject without a valid name has no text form")
	}
	return s.append(nil), nil
}

// UnmarshalText is the reverse of MarshalText.
func (s *Subject) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSubject(string(text))
	return err
}

// valid reports whether s has exactly one text form, and no other subject has
// the same. What else a name may hold is for whoever takes it in to check.
func (s Subject) valid() bool {
	switch s.Kind {
	case UserKind:
		return s.Name != "" && len(s.Name) <= maxName && !strings.HasPrefix(s.Name, servicePrefix)
	case ServiceKind:
		return s.Name != "" && len(s.Name) <= maxName
	}
	return false
}

// clip quotes what a caller sent, in ASCII and not endless.
func clip(s string) string { return string(appendQuoted(nil, s)) }

func appendQuoted(dst []byte, s string) []byte {
	const most = 64
	if len(s) > most {
		return append(strconv.AppendQuoteToASCII(dst, s[:most]), "…"...)
	}
	return strconv.AppendQuoteToASCII(dst, s)
}
