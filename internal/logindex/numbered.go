package logindex

// names are strings, each once, numbered as they came: a hash table with open addressing.
type names struct {
	list  []string
	slots []nameSlot // a power of two; at most half of them are in use
}

type nameSlot struct {
	hash uint32
	id   uint32 // and 1; 0: it is free
}

// id returns the number of a string.
func (n *names) id(s []byte) uint32 {
	if len(n.list)*2 >= len(n.slots) {
		n.grow()
	}
	h := Hash(s)
	for i := h; ; i++ {
		slot := &n.slots[i&uint64(len(n.slots)-1)]
		switch {
		case slot.id == 0:
			n.list = append(n.list, string(s))
			*slot = nameSlot{uint32(h >> 32), uint32(len(n.list))}
			return slot.id - 1
		case slot.hash == uint32(h>>32) && n.list[slot.id-1] == string(s):
			return slot.id - 1
		}
	}
}

func (n *names) grow() {
	n.slots = make([]nameSlot, max(64, 2*len(n.slots)))
	last := uint64(len(n.slots) - 1)
	for id, s := range n.list {
		h := Hash(s)
		i := h
		for n.slots[i&last].id > 0 {
			i++
		}
		n.slots[i&last] = nameSlot{uint32(h >> 32), uint32(id + 1)}
	}
}
