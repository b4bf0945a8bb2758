package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// The formats of an object with records; see docs/design/archive.md. Both are read for
// ever. Which one an object is in depends on its records only.
const (
	formatWhole = "flexor.chunk/v1" // the lines as they stand in the log
	formatShort = "flexor.chunk/v2" // without what can be computed, see [ledger.Chain]
)

// chunk says what an object holds: a piece of a log. It stands in the object
// itself, behind the compressed bytes.
type chunk struct {
	Format  string `json:"format"`
	Log     string `json:"log"`     // origin
	Segment string `json:"segment"` // path below the log's directory
	Offset  int64  `json:"offset"`  // of the bytes in it
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"` // of the bytes, hex
	First   uint64 `json:"first"`  // records before it
	Size    uint64 `json:"size"`   // records of the log with it
	Sealed  bool   `json:"sealed,omitempty"`
	// Chain is what puts back what was left out in formatShort: that of the log before
	// the chunk. It is not to be believed either, SHA256 is of the bytes that were there.
	Chain string `json:"chain,omitempty"`
	// Checkpoint is the newest signed note of the log when the chunk was made. It
	// may state more records than Size.
	Checkpoint string `json:"checkpoint"`
}

// chunkOf describes a piece of the log with that origin, but for its format.
func chunkOf(origin string, p ledger.Piece) chunk {
	sum := sha256.Sum256(p.Data)
	return chunk{
		Log: origin, Segment: p.Segment, Offset: p.Offset, Bytes: int64(len(p.Data)), SHA256: hex.EncodeToString(sum[:]),
		First: p.First, Size: p.Size, Sealed: p.Sealed, Checkpoint: string(p.Head.Note),
	}
}

// end is the offset in the segment behind the chunk.
func (c *chunk) end() int64 { return c.Offset + c.Bytes }

// matches reports whether the chunk holds what the piece does.
func (c *chunk) matches(p ledger.Piece) bool {
	return c.same(chunkOf(c.Log, p))
}

// same reports whether both hold the same piece. The checkpoint may be another, which
// depends on when the chunk was made, and so may the format, which depends on by which
// version of this software.
func (c *chunk) same(other chunk) bool {
	other.Checkpoint, other.Format, other.Chain = c.Checkpoint, c.Format, c.Chain
	return *c == other
}

// check refuses what no chunk says of itself, as it was read from an object.
func (c *chunk) check() error {
	day, file := path.Split(strings.TrimPrefix(c.Segment, "segments/"))
	switch {
	case c.Format != formatWhole && c.Format != formatShort:
		return fmt.Errorf("format %q is neither %q nor %q; a newer version of this software may read it", c.Format, formatWhole, formatShort)
	case c.Format == formatWhole && c.Chain != "":
		return errors.New("a chain where none is needed")
	case c.Segment != path.Join("segments", day, file), strings.Count(c.Segment, "/") != 2, CheckName(c.Segment) != nil:
		return fmt.Errorf("%q is no segment", c.Segment)
	case c.Offset < 0, c.Offset >= 1e10, c.Bytes <= 0, c.Bytes > maxChunk, c.Size < c.First, c.Size == 0:
		return errors.New("impossible sizes")
	}
	return nil
}

// day returns the day on which the chunk's segment was begun.
func (c *chunk) day() (time.Time, error) {
	return time.Parse(time.DateOnly, path.Base(path.Dir(c.Segment)))
}

// maxChunk bounds the bytes of a chunk before compression: what was asked for, at
// most, and the commit that goes beyond it.
const maxChunk = maxChunkBytes + 8<<20

// name is the name of the chunk's object below that of its log: the records in it,
// the first and the last one. A chunk without records, which is a line that ends a
// commit alone, states the one before it as last, and where in its segment it stands.
func (c *chunk) name() string {
	name := fmt.Sprintf("%s%s/%020d-%020d", dayPrefix, path.Base(path.Dir(c.Segment)), c.First, c.Size-1)
	if c.First == c.Size {
		name += fmt.Sprintf("-%010d", c.Offset)
	}
	return name + chunkExt
}

const (
	dayPrefix = "dt="
	chunkExt  = ".jsonl.zst"
)

// span is the records that the name of an object states.
type span struct{ first, size uint64 }

// before orders spans by where they stand in the log.
func (s span) before(t span) bool {
	return s.first < t.first || s.first == t.first && s.size < t.size
}

// parseName reads the name of a chunk's object, below that of its log.
func parseName(name string) (span, bool) {
	day, file := path.Split(name)
	digits, ok := strings.CutSuffix(file, chunkExt)
	parts := strings.Split(digits, "-")
	if !ok || len(parts) < 2 || len(parts[0]) != 20 || len(parts[1]) != 20 || !strings.HasPrefix(day, dayPrefix) || strings.Count(name, "/") != 1 {
		return span{}, false
	}
	first, err1 := strconv.ParseUint(parts[0], 10, 63)
	last, err2 := strconv.ParseUint(parts[1], 10, 63)
	empty := len(parts) == 3 && len(parts[2]) == 10
	if err1 != nil || err2 != nil || last+1 < first || empty != (last+1 == first) || !empty && len(parts) > 2 {
		return span{}, false
	}
	return span{first, last + 1}, true
}

// An object is the lines as one zstd frame, and behind it a skippable frame (RFC
// 8878, 3.1.2), which decompressors pass over:
//
//	| zstd frame | 50 2A 4D 18 | n+4, 4 bytes | chunk as JSON, n bytes | n, 4 bytes |
//
// Numbers are little-endian. So the records and what vouches for them arrive
// together or not at all, and zstd -dc yields the records alone.
const skippableMagic = 0x184D2A50

// appendLabel appends what says what a chunk is to its zstd frame.
func appendLabel(dst []byte, c chunk) ([]byte, error) {
	label, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	dst = binary.LittleEndian.AppendUint32(dst, skippableMagic)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(label)+4))
	dst = append(dst, label...)
	return binary.LittleEndian.AppendUint32(dst, uint32(len(label))), nil
}

// readLabel returns what an object says that it holds, and its zstd frame. Nothing
// of it is to be believed yet.
func readLabel(object []byte) (c chunk, frame []byte, err error) {
	bad := func(reason string) (chunk, []byte, error) {
		return chunk{}, nil, fmt.Errorf("%w: not a chunk: %s", ErrDamaged, reason)
	}
	if len(object) < 12 {
		return bad("too short")
	}
	n := int(min(binary.LittleEndian.Uint32(object[len(object)-4:]), maxLabel+1))
	at := len(object) - 12 - n
	if n > maxLabel || at < 0 {
		return bad("no label at its end")
	}
	head := object[at:]
	if binary.LittleEndian.Uint32(head) != skippableMagic || int(binary.LittleEndian.Uint32(head[4:])) != n+4 {
		return bad("no label at its end")
	}
	if err := json.Unmarshal(head[8:8+n], &c); err != nil {
		return bad(err.Error())
	}
	if err := c.check(); err != nil {
		return bad(err.Error())
	}
	return c, object[:at], nil
}

// maxLabel is more than the description of any chunk takes.
const maxLabel = 1 << 16

// openChunk returns what an object holds, checked against what it says of itself.
func openChunk(object []byte) (chunk, []byte, error) {
	c, frame, err := readLabel(object)
	if err != nil {
		return c, nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxChunk), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return c, nil, err
	}
	defer dec.Close()
	data, err := dec.DecodeAll(frame, make([]byte, 0, c.Bytes))
	if err == nil && c.Format == formatShort {
		data, err = c.putBack(data)
	}
	if err != nil {
		return c, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(data); int64(len(data)) != c.Bytes || hex.EncodeToString(sum[:]) != c.SHA256 {
		return c, nil, fmt.Errorf("%w: its bytes are not those that it says it holds", ErrDamaged)
	}
	return c, data, nil
}

// putBack returns the lines of the log of which short is what was left.
func (c *chunk) putBack(short []byte) ([]byte, error) {
	chain, err := ledger.ParseChain(c.First, c.Chain)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, c.Bytes)
	for line := range bytes.Lines(short) {
		if data, err = chain.Whole(data, line); err != nil {
			return nil, err
		}
		if int64(len(data)) > c.Bytes {
			return nil, errors.New("there is more in it than it says")
		}
	}
	return data, nil
}
