package redact

// cardDetector finds the numbers of payment cards.
func cardDetector() *detector {
	return &detector{
		name: "credit_card", group: groupPII, label: "CARD",
		triggers:  []string{digitRun},
		find:      findCards,
		normalise: onlyDigits,
		keep:      4,
	}
}

const maxCard = 19 // ISO/IEC 7812

func findCards(t *text, hits []hit) []hit {
	n := t.numbers()
	if n.most < 12 {
		return hits
	}
	for i := 0; i < len(n.words); {
		last, issuer := n.cardAt(i)
		if issuer == nil {
			i++
			continue
		}
		hits = append(hits, n.hit(n.words[i].start, n.words[last].end, issuer.why))
		i = last + 1
	}
	return hits
}

// cardAt returns the last word of a card that starts at word i, and who issued it.
func (n *numbers) cardAt(i int) (last int, issuer *issuer) {
	w := n.words[i]
	if w.mixed || w.len() < 4 {
		return 0, nil
	}
	var digits [maxCard]byte
	if w.len() >= 12 {
		if w.len() > maxCard || n.joined(i) {
			return 0, nil
		}
		d := digits[:copy(digits[:], n.b[w.start:w.end])]
		issuer := cardIssuer(d)
		if issuer == nil || issuer.weak(len(d)) && !n.aboutCard(i, i) {
			return 0, nil
		}
		return i, issuer
	}
	// In groups: 4-4-4-4, of which the last may be shorter or one of up to three more
	// may follow; 4-6-5 and 4-6-4; 8-8; 6-13.
	d, sizes := append(digits[:0], n.b[w.start:w.end]...), [5]int{w.len()}
	best := 0
	dots := 0
	for j := i + 1; j < len(n.words) && j < i+len(sizes); j++ {
		g := n.words[j]
		if g.mixed || g.sep != ' ' && g.sep != '-' && g.sep != '.' && g.sep != wide || len(d)+g.len() > maxCard {
			break
		}
		if g.sep == '.' {
			dots++
		}
		d = append(d, n.b[g.start:g.end]...)
		sizes[j-i] = g.len()
		if !cardGroups(sizes[:j-i+1]) || dots > 0 && (dots < j-i || dots < 3) {
			continue
		}
		if found := cardIssuer(d); found != nil && (issuer == nil || !found.weak(len(d))) {
			best, issuer = j, found
		}
	}
	if issuer != nil && issuer.weak(16) && !n.aboutCard(i, best) {
		return 0, nil
	}
	return best, issuer
}

// aboutCard reports whether a key or a word says that words i to j are a card, or the month and year
// of its expiry follow.
func (n *numbers) aboutCard(i, j int) bool {
	if n.about(i, j, aboutCard) {
		return true
	}
	end := n.words[j].end
	return digitsAt(n.b, end+1) == 2 && n.b[end] == ' ' && end+4 < len(n.b) && n.b[end+3] == '/' && isDay(number(n.b[end+1:end+3]), 1)
}

// cardGroups reports whether cards are written in groups of such sizes.
func cardGroups(sizes []int) bool {
	switch len(sizes) {
	case 2:
		return sizes[0] == 8 && sizes[1] == 8 || sizes[0] == 6 && sizes[1] >= 10
	case 3:
		return sizes[0] == 4 && sizes[1] == 6 && (sizes[2] == 5 || sizes[2] == 4)
	case 4:
		return sizes[0] == 4 && sizes[1] == 4 && sizes[2] == 4 && sizes[3] <= 4
	case 5:
		return sizes[0] == 4 && sizes[1] == 4 && sizes[2] == 4 && sizes[3] == 4 && sizes[4] <= 3
	}
	return false
}

// issuer is a range of first digits that a network of cards gives out.
type issuer struct {
	from, to int    // the first six digits
	sizes    uint32 // bit n: cards of n digits
	weakly   uint32 // bit n: cards of n digits count only near a word that says card
	why      string
}

func (s *issuer) weak(size int) bool { return s.weakly>>size&1 == 1 }

const (
	size16  = 1 << 16
	size19  = size16 | 1<<19
	sizes16 = size16 | 1<<17 | 1<<18 | 1<<19
	sizes12 = 1<<12 | 1<<13 | 1<<14 | 1<<15 | sizes16
	union   = 1<<17 | 1<<18
	odd     = union | 1<<19 // such sizes are allowed, hardly given out, and those of many ids
)

// issuers are in the order in which they are looked through: narrow ranges before wide ones.
// Source: https://en.wikipedia.org/wiki/Payment_card_number
var issuers = [...]issuer{
	{340000, 349999, 1 << 15, 0, "Luhn, American Express"},
	{370000, 379999, 1 << 15, 0, "Luhn, American Express"},
	{300000, 305999, 1<<14 | sizes16, odd, "Luhn, Diners Club"},
	{309500, 309599, 1<<14 | sizes16, odd, "Luhn, Diners Club"},
	{360000, 369999, 1<<14 | sizes16, odd, "Luhn, Diners Club"},
	{380000, 399999, 1<<14 | sizes16, odd, "Luhn, Diners Club"},
	{352800, 358999, sizes16, odd, "Luhn, JCB"},
	{180000, 180099, 1 << 15, 1 << 15, "Luhn, JCB"},
	{213100, 213199, 1 << 15, 1 << 15, "Luhn, JCB"},
	{220000, 220499, sizes16, odd, "Luhn, Mir"},
	{222100, 272099, size16, 0, "Luhn, Mastercard"},
	{510000, 559999, size16, 0, "Luhn, Mastercard"},
	{506099, 506198, size19 | 1<<18, odd, "Luhn, Verve"},
	{507865, 507964, size19 | 1<<18, odd, "Luhn, Verve"},
	{650002, 650027, size19 | 1<<18, odd, "Luhn, Verve"},
	{601100, 601199, sizes16, odd, "Luhn, Discover"},
	{622126, 622925, sizes16, union, "Luhn, UnionPay"},
	{640000, 659999, sizes16, odd, "Luhn, Discover"}, // and RuPay, Elo, Troy
	{620000, 629999, sizes16, union, "Luhn, UnionPay"},
	{810000, 819999, sizes16, union, "Luhn, UnionPay"},
	{817200, 817299, sizes16, odd, "Luhn, RuPay"},
	{820000, 829999, size16, 0, "Luhn, RuPay"},
	{508500, 508999, size16, 0, "Luhn, RuPay"},
	{606985, 608599, size16, 0, "Luhn, RuPay"},
	{636368, 636369, size16, 0, "Luhn, Elo"},
	{637000, 639999, size16, 0, "Luhn, InstaPayment"},
	{979200, 979299, size16, 0, "Luhn, Troy"},
	{860000, 860099, size16, 0, "Luhn, UzCard"},
	{986000, 986099, size16, 0, "Luhn, Humo"},
	{970400, 970499, size19, odd, "Luhn, NAPAS"},
	{357111, 357111, size16, 0, "Luhn, LankaPay"},
	{194600, 194699, size16, size16, "Luhn, GPN"},
	{400000, 499999, size16 | 1<<13 | 1<<19, 1 << 13, "Luhn, Visa"},
	{500000, 509999, sizes12, sizes12 &^ size16, "Luhn, Maestro"},
	{560000, 599999, sizes12, sizes12 &^ size16, "Luhn, Maestro"},
	{600000, 699999, sizes12, sizes12 &^ size16, "Luhn, Maestro"},
	{100000, 199999, 1 << 15, 1 << 15, "Luhn, UATP"},
}

// cardIssuer returns who issued a card of such digits; nil: it is none.
func cardIssuer(digits []byte) *issuer {
	if !luhn(digits) {
		return nil
	}
	prefix := number(digits[:6])
	for i := range issuers {
		s := &issuers[i]
		if s.from <= prefix && prefix <= s.to && s.sizes>>len(digits)&1 == 1 {
			return s
		}
	}
	return nil
}

// luhn reports whether the last digit is right: https://www.iso.org/standard/70484.html.
func luhn(digits []byte) bool {
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		v := int(digits[i] - '0')
		if double {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum, double = sum+v, !double
	}
	return sum%10 == 0
}
