package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
)

// passage is what [view.pass] met in a segment.
type passage struct {
	data     []byte     // the bytes of the segment
	end      int        // offset behind the last commit passed
	unsigned uint64     // records behind it, in whole commits that nobody signed yet
	rest     int        // offset behind those
	signed   Checkpoint // what vouches for the commits passed; zero: the key does
}

// pass walks segment i with c, which stands where it should begin, up to the last
// commit that is signed, or with the key to the last one. It calls visit, if not nil,
// for each commit with the bytes that it stands in; nothing is vouched for before pass
// returns without an error. Commits of records before from may be left out.
//
// A read is not atomic: beside a writer it may miss bytes and yet return what
// was written behind them much later, which looks like corruption. Bytes that
// were known to be on disk when the first read ended are met by a second one,
// so only damage that is met again in the same place is real.
func (w *view) pass(c *cursor, i int, from uint64, visit func(data []byte, at commit)) (p passage, err error) {
	if err := w.enter(c, i); err != nil {
		return p, err
	}
	var before damage
	for {
		if p.data, err = w.read(i); err != nil {
			return p, err
		}
		if len(p.data) < p.end {
			return p, &CorruptionError{File: w.segs[i].name(), Offset: int64(len(p.data)), Index: c.front.size, Reason: "the segment became shorter while it was read"}
		}
		if p.end == 0 && from > c.front.size {
			p.end = w.skip(c, p.data, from)
		}
		if w.trust.key == nil {
			p.signed = w.reached(c, i, p.data, p.end)
			c.limit = &p.signed
		}
		walked := error(nil)
		p.end, walked = c.walk(p.data, p.end, func(at commit) {
			if visit != nil {
				visit(p.data, at)
			}
		})
		c.limit = nil
		if err = w.judge(c, i, p.data, p.end, walked); err == nil && w.trust.key == nil {
			err = w.beyond(c, i, &p)
		}
		var d *damage
		if err == nil || !errors.As(walked, &d) || *d == before || p.end > 0 && c.sealed {
			return p, err
		}
		before = *d
	}
}

// signed returns the newest checkpoint that the log's key signed and that is
// of records in segment i, whose bytes are data, or before: what stands there up to it
// can be believed. A finished segment ends in one; that of the last may stand in the
// checkpoint file only.
func (w *view) signed(i int, data []byte) Checkpoint {
	if i == len(w.segs)-1 {
		return w.trust.newest(data, w.published)
	}
	return w.trust.newest(data, Checkpoint{})
}

// reached is signed for a walk with c from data[off:] on. A line that ends a segment, or
// the work of a writer, is signed before it is synced with the records before it: after
// a power cut it may stand behind some that are lost. It then counts for nothing.
func (w *view) reached(c *cursor, i int, data []byte, off int) Checkpoint {
	signed := w.signed(i, data)
	if i < len(w.segs)-1 || signed.Size <= w.published.Size {
		return signed
	}
	c = c.clone()
	c.stored, c.limit = nil, &signed
	if end, _ := c.walk(data, off, nil); c.front.size < signed.Size {
		return w.trust.newest(data[:end], w.published)
	}
	return signed
}

// beyond looks at what stands behind the last signed commit of segment i, where c
// stands. It may be commits that nobody signed yet: one that bears a signature, which
// is not that of the log's key, is forged.
func (w *view) beyond(c *cursor, i int, p *passage) (err error) {
	after := c.clone()
	after.stored = nil
	p.rest, _ = after.walk(p.data, p.end, func(at commit) {
		if at.signed.Size > p.signed.Size && err == nil {
			err = &CorruptionError{File: w.segs[i].name(), Offset: int64(p.end), Index: c.front.size,
				Reason: fmt.Sprintf("the checkpoint of %d records is not signed by the log's key", at.signed.Size)}
		}
	})
	p.unsigned = after.front.size - c.front.size
	return err
}

// skip moves c behind the newest commit in data, the bytes of its segment, before
// the record from that is signed, and returns the offset behind it. It stays where it
// is and returns 0 if there is none, or the tree file does not match it.
func (w *view) skip(c *cursor, data []byte, from uint64) (off int) {
	var signed Checkpoint
	if w.published.Size <= from {
		signed = w.published
	}
	for at := range commitLinesBackwards(data) {
		l, err := parseCommitLine(data[at.start:at.end])
		if err != nil {
			continue
		}
		if l.size <= c.front.size || l.sealed {
			return 0
		}
		if signed.Size < l.signed.Size && l.signed.Size <= from {
			if signed, err = w.trust.signed(&l); err != nil {
				return 0
			}
		}
		if signed.Size > 0 && l.size == signed.Size && l.root == signed.Root {
			if !w.put(c, &l) {
				return 0
			}
			return at.end + 1
		}
	}
	return 0
}

// commitLinesBackwards yields where the commit lines in data stand, the last one
// first. A line whose end is missing is not among them.
func commitLinesBackwards(data []byte) iter.Seq[span] {
	return func(yield func(span) bool) {
		for rest := data; ; {
			at := bytes.LastIndex(rest, []byte("\n"+commitPrefix)) + 1
			if at == 0 && !bytes.HasPrefix(rest, []byte(commitPrefix)) {
				return
			}
			n := bytes.IndexByte(data[at:], '\n')
			if n >= 0 && !yield(span{at, at + n}) || at == 0 {
				return
			}
			rest = data[:at-1]
		}
	}
}
