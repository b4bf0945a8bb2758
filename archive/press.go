package archive

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// press makes objects of pieces of logs, one at a time for all destinations, so
// that no more than one piece is in memory before it is compressed.
type press struct {
	mu  sync.Mutex
	enc *zstd.Encoder
	buf []byte // of the Copiers that work with it
}

func newPress() (*press, error) {
	// What is left of a log is mostly its random bytes (salts, macs, signatures): higher
	// levels and larger windows take memory and time, and make it hardly smaller.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &press{enc: enc}, nil
}

// parcel is a piece of a log that is ready to be sent.
type parcel struct {
	piece  ledger.Piece // without its bytes
	what   chunk
	object []byte
}

// parcel returns the next piece of a log to send; nil if there are fewer than least bytes,
// and the segment does not end with them. With again the piece is the one that was being
// sent, if it begins here.
func (p *press) parcel(c *ledger.Copier, origin string, least, most int, again *sending) (*parcel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	piece, err := p.next(c, most, again)
	if err != nil || len(piece.Data) < least && !piece.Sealed {
		return nil, err
	}
	what := chunkOf(origin, piece)
	if again != nil && again.is(what) {
		what.Checkpoint = again.Checkpoint
	}
	chain, err := c.Chain()
	if err != nil {
		return nil, err
	}
	object, err := p.pack(&what, chain, piece.Data)
	if len(piece.Data) < most && !piece.Sealed {
		p.buf = nil // the log's end: nothing large will follow for a while
	}
	piece.Data = nil
	return &parcel{piece, what, object}, err
}

// pack returns the object of a chunk with those bytes, and states in it the format that
// it is in.
func (p *press) pack(what *chunk, chain *ledger.Chain, data []byte) ([]byte, error) {
	what.Format, what.Chain = formatShort, chain.Encode()
	frame, err := p.short(chain, data)
	if err != nil {
		what.Format, what.Chain = formatWhole, ""
		frame = p.enc.EncodeAll(data, nil)
	}
	return appendLabel(frame, *what)
}

// errNotShort is why lines cannot be shortened: they would not come back.
var errNotShort = errors.New("what would be put back is not what was left out")

// short returns the frame with what is left of the lines in data, each of which was put
// back as it will be when the chunk is read: for nobody is to find out then that it was
// not right.
func (p *press) short(chain *ledger.Chain, data []byte) ([]byte, error) {
	const ratio = 7 // about what is left, and there is room for the label
	frame := bytes.NewBuffer(make([]byte, 0, len(data)/ratio+4<<10))
	p.enc.Reset(frame)
	defer p.enc.Reset(nil) // which would keep the frame for as long as nothing follows
	var left, whole []byte
	for line := range bytes.Lines(data) {
		left = chain.Short(left[:0], line)
		var err error
		if whole, err = chain.Whole(whole[:0], left); err != nil {
			return nil, err
		}
		if !bytes.Equal(whole, line) {
			return nil, errNotShort
		}
		if _, err := p.enc.Write(left); err != nil {
			return nil, err
		}
	}
	err := p.enc.Close()
	return frame.Bytes(), err
}

// next returns the next piece.
func (p *press) next(c *ledger.Copier, most int, again *sending) (ledger.Piece, error) {
	piece, err := c.Next(most, 0)
	if err != nil || again == nil || piece.Segment != again.Segment || piece.Offset != again.Offset || again.length() == len(piece.Data) {
		return piece, err
	}
	return c.Next(again.length(), again.End)
}

// check reads the piece of which a chunk says that it holds it, and reports whether
// the log has it so. The Copier then stands behind it.
func (p *press) check(c *ledger.Copier, what chunk) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ok, err := c.Seek(what.Segment, what.Offset)
	if err != nil || !ok {
		return false, err
	}
	piece, err := c.Next(int(what.Bytes), what.end())
	if err != nil || len(piece.Data) == 0 || !what.matches(piece) {
		return false, err
	}
	c.Pass(piece)
	return true, nil
}

func (p *press) close() error { return p.enc.Close() }
