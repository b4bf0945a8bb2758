package audit

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// maxNamed is how many values one record keeps.
const maxNamed = 256

// omittedName is the member that stands for values that were left out, and
// for the parts of one.
const omittedName = "flexor.omitted"

// valueSet collects named values under a bound. The zero valueSet holds
// nothing; limit must be set before values are added.
type valueSet struct {
	limit   int // bytes
	most    int // values; 0: maxNamed
	values  Values
	size    int
	omitted int
	used    map[string]int // how often a name was used; made when there are many
}

// add adds a value, and returns the name it got: a name that was used before
// gets a number behind it. What is too large for what is left becomes a marker,
// and what is too much is counted.
func (s *valueSet) add(v Named) string {
	most := s.most
	if most == 0 {
		most = maxNamed
	}
	if len(s.values) >= most {
		s.omitted++
		return v.Name
	}
	if s.size+len(v.JSON) > s.limit {
		v.JSON = tooLarge(v.JSON)
	}
	v.Name = s.unique(v.Name)
	s.values = append(s.values, v)
	s.size += len(v.JSON)
	return v.Name
}

// unique returns a name that is not in the set yet.
func (s *valueSet) unique(name string) string {
	const few = 8
	if s.used == nil && len(s.values) < few {
		if s.values.Get(name) == nil {
			return name
		}
	}
	if s.used == nil {
		s.used = make(map[string]int, 2*few)
		for _, v := range s.values {
			s.used[v.Name]++
		}
	}
	unique := name
	for n := s.used[name]; s.used[unique] > 0; {
		n++
		unique = name + "#" + strconv.Itoa(n)
		if s.used[unique] == 0 {
			s.used[name] = n
		}
	}
	s.used[unique]++
	return unique
}

// take returns the values. The set is not used again.
func (s *valueSet) take() Values {
	if s.omitted > 0 {
		s.values = append(s.values, Named{omittedName, fmt.Appendf(nil, `{"values":%d}`, s.omitted)})
		s.omitted = 0
	}
	return s.values
}

// size returns the most bytes that vs take as JSON.
func (vs Values) size() int {
	n := 2
	for _, v := range vs {
		n += quotedLen(v.Name) + len(v.JSON) + 2
	}
	return n
}

// elsewhere returns what stands in an entry for values that only the record of
// their task has room for.
func (vs Values) elsewhere() Values {
	if len(vs) == 0 {
		return nil
	}
	return Values{{omittedName, json.RawMessage(fmt.Sprintf(`{"values":%d}`, len(vs)))}}
}
