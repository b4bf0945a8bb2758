package lineage

// Share lets so many goroutines share all that a trace can share, however little it is; one does
// all itself.
func (q *Query) Share(goroutines int) { q.goroutines = goroutines }
