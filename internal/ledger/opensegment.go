package ledger

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// openSegment is the file that commits are written to.
type openSegment struct {
	segment
	path string
	file durable.File
	id   durable.FileID // of file

	// users counts who may still sync the file: the writer while it is the
	// live segment, and each running sync. The last one closes it.
	mu    sync.Mutex
	users int
}

// check returns the size of the segment's file, and an error if the file is no
// longer the one under its name.
func (s *openSegment) check(fsys durable.FS) (size int64, err error) {
	info, err := fsys.Stat(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if err != nil || info.ID != s.id {
		return 0, &CorruptionError{File: s.name(), Index: s.first, Reason: "the segment was removed, renamed or replaced while it was written"}
	}
	return info.Size, nil
}

// hold keeps the file open until release. It returns false if it is closed.
func (s *openSegment) hold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		return false
	}
	s.users++
	return true
}

// release ends a hold.
func (s *openSegment) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.file.Close()
}
