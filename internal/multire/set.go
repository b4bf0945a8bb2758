package multire

import (
	"fmt"
	"runtime"
	"sync"
)

// Span is a part of a text: the bytes from Start up to, not including, End. It
// is matched as if it were all there is: ^ and \A match at its start, $ and \z
// at its end.
type Span struct{ Start, End int }

// Hit says that a pattern matches somewhere in a span; both are given by index.
type Hit struct{ Span, Pattern int32 }

// Error says which pattern could not be compiled.
type Error struct {
	Index int   // into the patterns given to [Compile]
	Err   error // a *[syntax.Error], or [ErrTooBig]
}

func (e *Error) Error() string { return fmt.Sprintf("pattern %d: %v", e.Index, e.Err) }

// Unwrap returns what is wrong with the pattern.
func (e *Error) Unwrap() error { return e.Err }

// Set is a set of patterns that are looked for all at once. It is made by
// [Compile], and may be used from many goroutines at the same time.
type Set struct {
	// CacheBytes bounds each cache of states, in bytes; there is one for each
	// goroutine that scans at the same time, and up to GOMAXPROCS of them are kept.
	// Zero: 2 MiB. More than 9 MiB are of no use. It is set before the first scan.
	CacheBytes int

	program *program
	credit  int64 // of new caches, and their most; zero: enough to fill them

	mu   sync.Mutex
	free []*cache // guarded by mu; not a sync.Pool, which would forget warm states at each collection
}

// Compile returns the set of the given patterns. They are written and understood
// as by [regexp.Compile]. An error is an *[Error].
func Compile(patterns []string) (*Set, error) {
	p, err := compile(patterns)
	if err != nil {
		return nil, err
	}
	return &Set{program: p}, nil
}

// Scan appends to dst, for each span of text, every pattern that matches
// somewhere in it: each once, ordered by span, then by pattern. Bytes that
// are no UTF-8 count as U+FFFD, one each, as they do in regexp. A span that is not within text
// is a panic. Scan keeps neither text nor spans, but for a copy of short ones that the next scan writes over.
func (s *Set) Scan(dst []Hit, text []byte, spans []Span) []Hit {
	if s.program.patterns == 0 || len(spans) == 0 {
		return dst
	}
	c := s.acquire()
	dst = c.scan(dst, text, spans)
	s.release(c)
	return dst
}

func (s *Set) acquire() *cache {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		c := s.free[n-1]
		s.free = s.free[:n-1]
		return c
	}
	return newCache(s.program, s.CacheBytes, s.credit)
}

func (s *Set) release(c *cache) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < runtime.GOMAXPROCS(0) {
		s.free = append(s.free, c)
	}
}
