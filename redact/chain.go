package redact

import "strings"

// chain is the groups of digits that separators join from a word on.
type chain struct {
	n      int
	sizes  [6]int
	seps   [6]byte // seps[k] stands before group k
	digits int
	more   bool // another group follows
}

func (n *numbers) chain(i int) chain {
	c := chain{n: 1, digits: n.words[i].len()}
	c.sizes[0] = c.digits
	for j := i + 1; j < len(n.words); j++ {
		g := n.words[j]
		if g.sep == 0 || g.mixed && !g.mask {
			break
		}
		if g.mask || c.n == len(c.sizes) || c.digits+g.len() > maxPhone {
			c.more = true
			break
		}
		c.sizes[c.n], c.seps[c.n] = g.len(), g.sep
		c.n++
		c.digits += g.len()
	}
	return c
}

// shape reports whether groups of those sizes follow from group k on, with one of the separators
// before each but the first.
func (c *chain) shape(k int, seps string, sizes ...int) bool {
	if c.n < k+len(sizes) {
		return false
	}
	for j, size := range sizes {
		if c.sizes[k+j] != size || j > 0 && strings.IndexByte(seps, c.seps[k+j]) < 0 {
			return false
		}
	}
	return true
}

// free reports whether no other number stands beside words i to j with only a space between,
// as in a column.
func (n *numbers) free(i, j int) bool {
	if n.words[i].sep != 0 {
		return false
	}
	if j++; j < len(n.words) {
		next := n.words[j]
		return next.sep == 0 || next.mixed && !next.mask
	}
	return true
}

// reach returns the group with which the chain reaches so many digits.
func (c *chain) reach(digits int) int {
	for k := range c.n {
		if digits -= c.sizes[k]; digits <= 0 {
			return k
		}
	}
	return c.n - 1
}
