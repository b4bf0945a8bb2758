package lineage

// ReadAhead lets so many goroutines read ahead of the walk, however short it is.
func (q *Query) ReadAhead(goroutines int) { q.ahead = goroutines }
