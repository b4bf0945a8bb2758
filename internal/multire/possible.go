package multire

import "slices"

// Possible appends to dst, in order, the patterns that may match in a text of which all that is known is its length
// and, of each byte, that it lies between that of low and that of high. Those that it leaves out match in no
// such text; of the others a few may not, either. Low and high are of one length, and ASCII.
//
// It simulates the machine for all such texts at once, so it costs some hundred times what a scan does.
func (s *Set) Possible(dst []int32, low, high []byte) []int32 {
	c := s.acquire()
	defer s.release(c)
	first := len(dst)
	for _, p := range c.always {
		dst = append(dst, int32(p))
	}
	threads, contexts := []uint32{c.root}, []context{atStart}
	for i := range low {
		var on []uint32
		var behind []context
		for b := int(low[i]); b <= int(high[i]); b++ {
			dst, on = c.stepAll(dst, on, threads, contexts, b)
			behind = append(behind, contextAfter(b))
			_, b = c.alike(b)
		}
		threads, contexts = distinct(on), distinct(behind)
	}
	dst, _ = c.stepAll(dst, nil, threads, contexts, end)
	return dst[:first+len(distinct(dst[first:]))]
}

// stepAll lets threads read b, or the end, in each of the contexts. It appends what matches before that,
// and where the threads go on.
func (c *cache) stepAll(dst []int32, on, threads []uint32, contexts []context, b int) ([]int32, []uint32) {
	for _, ctx := range contexts {
		c.step(threads, ctx, b)
		for _, p := range c.accepts {
			dst = append(dst, int32(p))
		}
		on = append(on, c.simulator.threads...)
	}
	return dst, on
}

// distinct sorts s, and leaves each value there once.
func distinct[T uint32 | int32 | context](s []T) []T {
	slices.Sort(s)
	return slices.Compact(s)
}
