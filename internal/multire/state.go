package multire

import "slices"

// A transition is what the table holds: the number of the state it leads to, and
// two flags.
//
//	bit 15     stop: a lane must look at it before it reads on
//	bit 14     unknown: not built yet; the state is the one it leads from
//	bits 0-13  the state
//
// One that stops and is known leads to a state in which patterns have matched. Taken as a
// state, a transition with a stop has its row beyond the table's end: the
// comparison that keeps the lanes within the table finds it too.
const (
	stop      = 1 << 15
	unknown   = 1 << 14
	stateOf   = unknown - 1
	maxStates = unknown
)

// idle is a state that leads only to itself, for lanes without a span.
const idle = 0

// state is what a number stands for: the instructions at which threads
// stand, what is known of the byte before, and the patterns that matched before that byte.
type state struct {
	ctx              context
	to               uint16 // the transition that leads to it
	hash             uint32
	words            uint32 // where its accepts and then its threads stand
	accepts, threads uint32 // how many
}

// states are the states made so far. None is there twice.
type states struct {
	// table has a row of 256 transitions for each state, so that a byte is looked up
	// without its class. Small entries matter more than few: what is used of the rows of
	// some hundred states should stay in the processor's first cache.
	table []uint16
	ends  []uint16 // transitions at the end of the text

	list  []state
	words []uint32
	slots []int32 // hash table over list: number + 1, 0 for a free one; a power of two
}

func newStates() states {
	s := states{slots: make([]int32, 64)}
	s.reset()
	return s
}

// reset forgets all states but the idle one.
func (s *states) reset() {
	s.table, s.ends, s.list, s.words = s.table[:0], s.ends[:0], s.list[:0], s.words[:0]
	clear(s.slots)
	s.row(idle)
	s.list = append(s.list, state{})
}

// row adds the row of a state, filled with a transition.
func (s *states) row(transition uint16) {
	for range 256 {
		s.table = append(s.table, transition)
	}
	s.ends = append(s.ends, transition)
}

func (s *states) acceptsOf(st *state) []uint32 {
	return s.words[st.words:][:st.accepts]
}

func (s *states) threadsOf(st *state) []uint32 {
	return s.words[st.words+st.accepts:][:st.threads]
}

// intern returns the transition to the state made of accepts and threads, both in
// order, and adds it if it is not there.
func (s *states) intern(accepts, threads []uint32, ctx context) uint16 {
	hash := hashOf(accepts, threads, ctx)
	for slot := s.slot(hash); s.slots[slot] != 0; slot = s.slot(uint32(slot) + 1) {
		st := &s.list[s.slots[slot]-1]
		if st.hash == hash && st.ctx == ctx && slices.Equal(s.acceptsOf(st), accepts) && slices.Equal(s.threadsOf(st), threads) {
			return st.to
		}
	}
	return s.add(state{ctx: ctx, hash: hash}, accepts, threads)
}

func (s *states) add(st state, accepts, threads []uint32) uint16 {
	st.words, st.accepts, st.threads = uint32(len(s.words)), uint32(len(accepts)), uint32(len(threads))
	s.words = append(append(s.words, accepts...), threads...)
	st.to = uint16(len(s.list))
	s.row(stop | unknown | st.to)
	if len(accepts) > 0 {
		st.to |= stop
	}
	s.list = append(s.list, st)
	if 2*len(s.list) <= len(s.slots) {
		s.occupy(len(s.list) - 1)
		return st.to
	}
	s.slots = make([]int32, 2*len(s.slots))
	for i := 1; i < len(s.list); i++ { // the idle one is not looked for
		s.occupy(i)
	}
	return st.to
}

// occupy enters a state into the hash table.
func (s *states) occupy(number int) {
	slot := s.slot(s.list[number].hash)
	for s.slots[slot] != 0 {
		slot = s.slot(uint32(slot) + 1)
	}
	s.slots[slot] = int32(number + 1)
}

func (s *states) slot(hash uint32) int { return int(hash) & (len(s.slots) - 1) }

func hashOf(accepts, threads []uint32, ctx context) uint32 {
	h := uint64(ctx)<<32 | uint64(len(accepts))
	for _, words := range [...][]uint32{accepts, threads} {
		for _, w := range words {
			h = (h ^ uint64(w)) * 0x9E3779B97F4A7C15
			h ^= h >> 29
		}
	}
	return uint32(h)
}

// bytes returns about how much memory the states take, with one more of so many words.
func (s *states) bytes(more int) int {
	const perState = 2*(256+1) + 24 + 2*8 // its transitions, description, and slots
	// Words count twice: there is a second copy while the cache is emptied.
	return (len(s.list)+1)*perState + 2*4*(len(s.words)+more)
}
