package logindex

import (
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
)

// Snapshot is a log as it was at one moment.
type Snapshot struct {
	First uint64 // index of the oldest record that is left; Size if there is none
	Size  uint64
	Root  tlog.Hash
	Parts []*Part // all records from First on, in the order of the log

	runs func() *Runs
	left atomic.Pointer[any]
}

// Leave keeps what was found out in the snapshot, for the next who asks. Take takes it: who
// has it has it alone. It returns nil if there is nothing.
func (s *Snapshot) Leave(found any) { s.left.Store(&found) }

// Take is described at [Snapshot.Leave].
func (s *Snapshot) Take() any {
	if found := s.left.Swap(nil); found != nil {
		return *found
	}
	return nil
}

// Err returns what a part could not read, if anything.
func (s *Snapshot) Err() error {
	for _, p := range s.Parts {
		if err := p.Err(); err != nil {
			return err
		}
	}
	return nil
}

// NewSnapshot returns the snapshot of a log of which all is known.
func NewSnapshot(first, size uint64, root [32]byte, parts []*Part) *Snapshot {
	s := &Snapshot{First: first, Size: size, Root: root, Parts: parts}
	s.runs = sync.OnceValue(s.findRuns)
	return s
}

// Run returns what a log says of a run that is in these places.
func (s *Snapshot) Run(refs []RunRef) (out RunInfo) {
	for _, ref := range refs {
		info := s.Parts[ref.Part].Run(ref.Run)
		if info.Agent != "" || info.Status != "" {
			out.Agent, out.Version = info.Agent, info.Version
		}
		if info.Status != "" {
			out.Status, out.Interrupted, out.End, out.EndedAt = info.Status, info.Interrupted, info.End, info.EndedAt
		}
		out.Started = out.Started || info.Started
	}
	return out
}
