package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	// maxRedactLine is how long a line may be that is looked at.
	maxRedactLine = 1 << 20
	// maxBlock is how long the lines of a private key may be.
	maxBlock = 64 << 10
)

// lineReader reads lines as flexor redact looks at them: one by one, but those of
// a private key together, in bounded memory.
type lineReader struct {
	r      *bufio.Reader
	number int // lines read
}

// next returns the next lines with their ends, and the number of the first; at the
// end of all [io.EOF], perhaps with a last line. A line that is too long is replaced.
func (l *lineReader) next() (text string, line int, err error) {
	line = l.number + 1
	b, err := l.line()
	if bytes.Contains(b, []byte("-----BEGIN ")) && !bytes.Contains(b, []byte("-----END ")) {
		for err == nil && len(b) < maxBlock {
			var more []byte
			more, err = l.line()
			b = append(b, more...)
			if bytes.Contains(more, []byte("-----END ")) {
				break
			}
		}
	}
	return string(b), line, err
}

// line reads one line. Of one that is too long, the rest is skipped.
func (l *lineReader) line() (b []byte, err error) {
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if !long {
			b = append(b, part...)
		}
		if len(b) > maxRedactLine {
			b, long = b[:0], true
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(part) > 0 || long {
			l.number++
		}
		if long {
			b = []byte("[REDACTED:large]")
			if err == nil {
				b = append(b, '\n')
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err // half a line is nothing that could be judged
		}
		return b, err
	}
}
