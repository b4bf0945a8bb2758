package redact

import "regexp"

// Span and Hit stand in for those of internal/multire until it is merged.
type Span struct{ Start, End int }

type trigHit struct{ Span, Pattern int32 }

type regexpSet []*regexp.Regexp

func compileSet(patterns []string) (*regexpSet, error) {
	s := &regexpSet{}
	for _, p := range patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, err
		}
		*s = append(*s, re)
	}
	return s, nil
}

func (s *regexpSet) Scan(dst []trigHit, text []byte, spans []Span) []trigHit {
	for i, sp := range spans {
		for j, re := range *s {
			if sp.End > sp.Start && re.Match(text[sp.Start:sp.End]) {
				dst = append(dst, trigHit{int32(i), int32(j)})
			}
		}
	}
	return dst
}
