package logindex

// Spot says where an access stands in a [Snapshot]. Spots are in the order of the log; 0 is
// before all accesses.
type Spot uint64

// SpotOf returns the spot of an access of a part.
func SpotOf(part int, row uint32) Spot { return Spot(part)<<32 | Spot(row+1) }

// Part returns the number of the part that it is in.
func (s Spot) Part() int { return int(s >> 32) }

// Row returns the number of the access in the part.
func (s Spot) Row() uint32 { return uint32(s) - 1 }
