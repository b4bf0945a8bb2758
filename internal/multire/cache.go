package multire

import "slices"

const (
	defaultCacheBytes = 2 << 20
	fewestStates      = 16 // fit in any cache: those of the lanes, and some to go on to
)

// What states cost, in bytes walked.
const (
	// transitionCost is for one transition, often with the state that it leads to.
	// Walking earns it back before it becomes a burden.
	transitionCost = 16

	// simulated is how far a text is simulated before states are tried again.
	simulated = 8 * transitionCost
)

// cache holds the states that were needed so far, and walks texts by them. It
// is used by one goroutine at a time.
type cache struct {
	simulator
	states
	work

	start  uint16   // the state before the first byte
	budget int      // bytes of the states
	spare  []uint32 // the words of states that were forgotten, to be written over

	// credit is what may be spent on transitions. Each byte walked adds one. A text
	// made to need ever new states uses it up, and is then simulated, at a cost
	// a byte that no text can raise.
	credit, maxCredit int64

	lanes   [4]lane
	walkers []uint32 // threads of a lane that is simulated
}

func newCache(p *program, budget int, credit int64) *cache {
	if budget <= 0 {
		budget = defaultCacheBytes
	}
	c := &cache{simulator: newSimulator(p), states: newStates(), budget: budget}
	c.width = (p.patterns + 63) / 64
	if credit <= 0 {
		// A cold cache may be filled two times over, with some transitions a state.
		const transitions = 4
		credit = 2 * transitions * transitionCost * int64(c.budget/c.bytes(0))
	}
	c.credit, c.maxCredit = credit, credit
	c.begins()
	return c
}

// begins adds the state before the first byte.
func (c *cache) begins() {
	c.start = c.intern(nil, []uint32{c.root}, atStart&c.insts[c.root].need)
}

// build returns the transition of the state of l with the byte b, or at the end,
// and keeps it. It returns false when there is no credit for that.
func (c *cache) build(l *lane, b int) (to uint16, ok bool) {
	if !c.spend() {
		return 0, false
	}
	from := &c.list[l.state&stateOf]
	c.step(c.threadsOf(from), from.ctx, read(b))
	slices.Sort(c.accepts)
	if b == separator {
		c.threads = append(c.threads[:0], c.root)
	}
	to = c.enter(c.accepts, c.threads, contextAfter(b))
	number := int(l.state & stateOf)
	if b == end {
		c.ends[number] = to
		return to, true
	}
	if b == separator {
		c.table[number<<8|b] = to
		return to, true
	}
	first, last := c.alike(b)
	for b := first; b <= min(last, separator-1); b++ {
		c.table[number<<8|b] = to
	}
	return to, true
}

// spend takes the cost of a transition from the credit, if that much is there.
func (c *cache) spend() bool {
	c.credit = min(c.credit, c.maxCredit)
	if c.credit < transitionCost {
		return false
	}
	c.credit -= transitionCost
	return true
}

// enter returns the transition to the state in which ctx is known of the byte before. It sorts threads.
// When there is no room left it may move the states in which the lanes are.
func (c *cache) enter(accepts, threads []uint32, ctx context) uint16 {
	slices.Sort(threads)
	if c.bytes(len(accepts)+len(threads)) > c.budget && len(c.list) > fewestStates || len(c.list) == maxStates {
		c.renew()
	}
	var asked context
	for _, pc := range threads {
		asked |= c.insts[pc].need
	}
	return c.intern(accepts, threads, ctx&asked)
}

// renew forgets all states but those in which the lanes are.
func (c *cache) renew() {
	var kept [len(c.lanes)]state
	for i := range c.lanes {
		kept[i] = c.list[c.lanes[i].state&stateOf]
	}
	old := c.words
	c.words, c.spare = c.spare, old
	c.reset()
	c.begins()
	for i, st := range kept {
		if l := &c.lanes[i]; l.state != idle {
			words := old[st.words:][:st.accepts+st.threads]
			l.state = l.state&^stateOf | c.intern(words[:st.accepts], words[st.accepts:], st.ctx)&stateOf
		}
	}
}
