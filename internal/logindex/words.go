package logindex

// word returns a word.
func (p *Part) word(i uint64) string {
	if i == 0 {
		return ""
	}
	if words := p.words(); i < uint64(len(words)) {
		return words[i]
	}
	return ""
}

func (p *Part) readWords() (words []string) {
	for s := p.stream(secWords, 0, p.h.size(secWords)); len(s.rest) > 0; {
		words = append(words, string(s.take(s.uvarint())))
	}
	return words
}
