package multire

import "slices"

// A transition of the table: the state it leads to and two flags.
//
//	bit 31     stop: the loop over the text must look at it
//	bit 30     unknown: not built; the state is then the one it leads from
//	bits 0-29  the state: where its row begins in the table
//
// A stop that is not unknown leads to a state in which patterns have matched.
// Any transition with a stop, plus a class, is beyond the table's end: so the loop finds it by the one
// comparison that keeps it within the table.
const (
	stop    = 1 << 31
	unknown = 1 << 30
	stateOf = unknown - 1
)

const (
	defaultCacheBytes = 1 << 20
	maxCacheBytes     = 1 << 30 // rows are found by 30 bits
	fewestStates      = 16      // fit in any cache: those of the lanes, and some to go on to

	// A transition costs as much time as walking some 32 to 64 bytes.
	transitionCost = 48
)

// cache holds the states of the automaton that were needed so far, and
// walks texts by them. One goroutine uses it at a time.
//
// A state is the set of instructions at which threads stand, what it knows of the byte before, and
// the patterns whose match was seen with that byte.
type cache struct {
	simulator
	budget int // bytes

	table  []uint32 // rows of transitions: by class, at the end of the text, and last the number of the state
	states []state
	words  []uint32 // what states are made of: accepts, then threads
	spare  []uint32 // becomes words when they are renewed
	slots  []int32  // hash table of states: 1 + number; 0: free; a power of two
	start  uint32   // the state before the first byte

	// credit is how much may be spent on building. Every byte walked adds one, every
	// transition takes transitionCost, so that a text made to need ever new states is not built
	// states for: it is simulated, at a fixed cost a byte.
	credit, maxCredit int

	lanes [4]lane
	work
}

// state describes a state; its row in the table holds its number.
type state struct {
	ctx              context
	to               uint32 // the transition to it
	words            uint32 // where its words begin
	accepts, threads uint32 // how many
	hash             uint32
}

func newCache(p *program, budget, credit int) *cache {
	if budget <= 0 {
		budget = defaultCacheBytes
	}
	c := &cache{simulator: newSimulator(p), budget: min(budget, maxCacheBytes), slots: make([]int32, 64)}
	if credit <= 0 {
		// Enough to fill a cache two times over.
		credit = 2 * c.budget / c.bytesOf(8) * transitionCost * 4
	}
	c.credit, c.maxCredit = credit, credit
	c.flush()
	c.width = (p.patterns + 63) / 64
	return c
}

func (c *cache) stride() int { return len(c.samples) + 2 }

// bytesOf returns what a state of n words costs.
func (c *cache) bytesOf(n int) int {
	const stateBytes, slotBytes = 24, 16
	return 4*c.stride() + 8*n + stateBytes + slotBytes // words are there twice
}

func (c *cache) bytes() int {
	return len(c.states)*c.bytesOf(0) + 8*len(c.words)
}

// flush forgets all states, except those that the engine itself needs: the row of
// an idle lane, which leads only to itself, and the start.
func (c *cache) flush() {
	c.table, c.states, c.words = c.table[:0], c.states[:0], c.words[:0]
	clear(c.slots)
	for range c.stride() {
		c.table = append(c.table, idle) // the last is its number: 0 as well
	}
	c.states = append(c.states, state{})
	c.start = c.intern(nil, []uint32{c.root}, atStart)
}

// idle is the state of a lane with nothing to walk.
const idle = 0

// build returns the transition of the state of l with the byte b, or at the end,
// and keeps it. It returns false when there is no credit for that.
func (c *cache) build(l *lane, b int) (to uint32, ok bool) {
	if c.credit < transitionCost {
		return 0, false
	}
	c.credit -= transitionCost
	from := c.stateAt(l.state & stateOf)
	c.step(c.threadsOf(from), from.ctx, b)
	slices.Sort(c.threads)
	slices.Sort(c.accepts)
	if n := len(c.accepts) + len(c.threads); c.bytes()+c.bytesOf(n) > c.budget && len(c.states) > fewestStates {
		c.renew()
	}
	to = c.intern(c.accepts, c.threads, contextAfter(b))
	c.table[int(l.state&stateOf)+c.column(b)] = to
	return to, true
}

func (c *cache) column(b int) int {
	if b == end {
		return len(c.samples)
	}
	return int(c.class[b])
}

// renew forgets all states but those in which the lanes are.
func (c *cache) renew() {
	var kept [len(c.lanes)]state
	for i := range c.lanes {
		kept[i] = *c.stateAt(c.lanes[i].state & stateOf)
	}
	words := c.words
	c.words, c.spare = c.spare, words
	c.flush()
	for i := range c.lanes {
		l, s := &c.lanes[i], &kept[i]
		if l.state == idle {
			continue
		}
		all := words[s.words:][:s.accepts+s.threads]
		row := c.intern(all[:s.accepts], all[s.accepts:], s.ctx)
		l.state = l.state&^stateOf | row&stateOf
	}
}

// intern returns the transition to the state made of accepts and threads, both in order.
func (c *cache) intern(accepts, threads []uint32, ctx context) uint32 {
	var asked context
	for _, pc := range threads {
		asked |= c.insts[pc].need
	}
	ctx &= asked
	hash := hashOf(accepts, threads, ctx)
	slot := int(hash) & (len(c.slots) - 1)
	for ; c.slots[slot] != 0; slot = (slot + 1) & (len(c.slots) - 1) {
		s := &c.states[c.slots[slot]-1]
		if s.hash == hash && s.ctx == ctx && slices.Equal(c.acceptsOf(s), accepts) && slices.Equal(c.threadsOf(s), threads) {
			return s.to
		}
	}
	return c.add(state{ctx: ctx, hash: hash}, accepts, threads)
}

// add adds a state that is not there yet.
func (c *cache) add(s state, accepts, threads []uint32) uint32 {
	s.words, s.accepts, s.threads = uint32(len(c.words)), uint32(len(accepts)), uint32(len(threads))
	c.words = append(append(c.words, accepts...), threads...)
	row := uint32(len(c.table))
	for range c.stride() - 1 {
		c.table = append(c.table, stop|unknown|row)
	}
	c.table = append(c.table, uint32(len(c.states)))
	s.to = row
	if len(accepts) > 0 {
		s.to |= stop
	}
	c.states = append(c.states, s)
	if 2*len(c.states) > len(c.slots) {
		c.rehash(2 * len(c.slots))
	} else {
		c.occupy(len(c.states) - 1)
	}
	return s.to
}

func (c *cache) rehash(slots int) {
	c.slots = make([]int32, slots)
	for number := range c.states {
		if number != 0 { // the idle row is not looked for
			c.occupy(number)
		}
	}
}

func (c *cache) occupy(number int) {
	slot := int(c.states[number].hash) & (len(c.slots) - 1)
	for c.slots[slot] != 0 {
		slot = (slot + 1) & (len(c.slots) - 1)
	}
	c.slots[slot] = int32(number + 1)
}

func hashOf(accepts, threads []uint32, ctx context) uint32 {
	h := uint64(ctx)<<32 | uint64(len(accepts))
	for _, words := range [...][]uint32{accepts, threads} {
		for _, w := range words {
			h = (h ^ uint64(w)) * 0x9E3779B97F4A7C15
			h ^= h >> 29
		}
	}
	return uint32(h>>32) ^ uint32(h)
}

// stateAt returns the state whose row begins there.
func (c *cache) stateAt(row uint32) *state {
	return &c.states[c.table[int(row)+c.stride()-1]]
}

func (c *cache) acceptsOf(s *state) []uint32 {
	return c.words[s.words:][:s.accepts]
}

func (c *cache) threadsOf(s *state) []uint32 {
	return c.words[s.words+s.accepts:][:s.threads]
}
