package multire

import "slices"

// A transition is what the table holds: the state it leads to, and two flags.
//
//	bit 31     stop: a lane must look at it before it reads on
//	bit 30     unknown: not built yet; the state is the one it leads from
//	bits 0-29  the state: where its row begins in the table
//
// One that stops and is known leads to a state in which patterns have matched. With a
// stop, plus a class, a transition lies beyond the table's end: the
// comparison that keeps the lanes within the table finds it too.
const (
	stop    = 1 << 31
	unknown = 1 << 30
	stateOf = unknown - 1
)

// idle is a state that leads only to itself, for lanes without a span.
const idle = 0

// state is what its row in the table stands for: the instructions at which threads
// stand, what is known of the byte before, and the patterns that matched before that byte.
type state struct {
	ctx              context
	to               uint32 // the transition that leads to it
	words            uint32 // where its accepts and then its threads stand
	accepts, threads uint32 // how many
	hash             uint32
}

// states are the states made so far. None is there twice.
type states struct {
	// table has a row for each state: a transition for each class of bytes, one for
	// the end of the text, and the state's index in list.
	table  []uint32
	stride int // entries of a row

	list  []state
	words []uint32
	slots []int32 // hash table over list: index + 1, 0 for a free one; a power of two
}

func newStates(classes int) states {
	s := states{stride: classes + 2, slots: make([]int32, 64)}
	s.reset()
	return s
}

// reset forgets all states but the idle one.
func (s *states) reset() {
	s.table, s.list, s.words = s.table[:0], s.list[:0], s.words[:0]
	clear(s.slots)
	for range s.stride {
		s.table = append(s.table, idle) // its index, too, is 0
	}
	s.list = append(s.list, state{})
}

// at returns the state whose row begins there.
func (s *states) at(row uint32) *state {
	return &s.list[s.table[int(row)+s.stride-1]]
}

func (s *states) acceptsOf(st *state) []uint32 {
	return s.words[st.words:][:st.accepts]
}

func (s *states) threadsOf(st *state) []uint32 {
	return s.words[st.words+st.accepts:][:st.threads]
}

// intern returns the transition to the state made of accepts and threads, both in
// order, and adds it if it is not there.
func (s *states) intern(accepts, threads []uint32, ctx context) uint32 {
	hash := hashOf(accepts, threads, ctx)
	for slot := s.slot(hash); s.slots[slot] != 0; slot = s.slot(uint32(slot) + 1) {
		st := &s.list[s.slots[slot]-1]
		if st.hash == hash && st.ctx == ctx && slices.Equal(s.acceptsOf(st), accepts) && slices.Equal(s.threadsOf(st), threads) {
			return st.to
		}
	}
	return s.add(state{ctx: ctx, hash: hash}, accepts, threads)
}

func (s *states) add(st state, accepts, threads []uint32) uint32 {
	st.words, st.accepts, st.threads = uint32(len(s.words)), uint32(len(accepts)), uint32(len(threads))
	s.words = append(append(s.words, accepts...), threads...)
	row := uint32(len(s.table))
	for range s.stride - 1 {
		s.table = append(s.table, stop|unknown|row)
	}
	s.table = append(s.table, uint32(len(s.list)))
	st.to = row
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
func (s *states) occupy(index int) {
	slot := s.slot(s.list[index].hash)
	for s.slots[slot] != 0 {
		slot = s.slot(uint32(slot) + 1)
	}
	s.slots[slot] = int32(index + 1)
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
	const perState = 24 + 2*8 // its description, and slots
	// Words count twice: there is a second copy while the cache is emptied.
	return (len(s.list)+1)*(4*s.stride+perState) + 2*4*(len(s.words)+more)
}
