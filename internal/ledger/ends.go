package ledger

import "golang.org/x/mod/sumdb/tlog"

// End is where a finished segment ends: its last line, which the log's key signed.
type End struct {
	Name  string    // of the segment: a path below the ledger's directory
	First uint64    // index of its first record
	Size  uint64    // of the log, and with it the index behind its last record
	Root  tlog.Hash // of the log's tree at that size
}

// Ends returns where the log begins, the ends of its finished segments, the oldest
// first, and the name of the last segment if that is not finished. Of each segment it
// reads the last line only: what is derived from segments can so be held against the
// log without reading it. A segment that is missing is a [*CorruptionError].
func (r *Reader) Ends() (start End, ends []End, live string, err error) {
	v, err := look(r.fs, r.dir, r.trust)
	if err != nil {
		return start, nil, "", err
	}
	start = End{First: v.start.cp.Size, Size: v.start.cp.Size, Root: v.start.front.root()}
	next := start.Size
	for i, s := range v.segs {
		l, err := v.sealOf(s)
		last := i+1 == len(v.segs)
		if s.first != next || err != nil && !last {
			// It says what is wrong, and with which segment.
			if err := v.chained(); err != nil {
				return start, nil, "", err
			}
		}
		switch {
		case err == nil:
			ends = append(ends, End{s.name(), s.first, l.size, l.root})
			next = l.size
		case last:
			live = s.name()
		}
	}
	return start, ends, live, nil
}
