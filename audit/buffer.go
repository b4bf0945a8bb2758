package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// lineBuffer is an encoder for one line. It is pooled: a sink does not keep
// what it is given.
type lineBuffer struct {
	bytes.Buffer
	enc     *json.Encoder
	records [1]Record
}

// newLineBuffer returns an empty buffer.
func newLineBuffer() any {
	b := new(lineBuffer)
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false)
	return b
}

// encode encodes one record. The caller frees the buffer.
func (r *Recorder) encode(record any) (*lineBuffer, error) {
	b := r.buffers.Get().(*lineBuffer)
	b.Reset()
	var err error
	if d, ok := record.(*decisionLine); ok {
		b.Write(d.appendTo(b.AvailableBuffer()))
	} else {
		err = b.enc.Encode(record)
	}
	if err == nil && len(b.line()) > maxLine {
		err = fmt.Errorf("audit: a record of %d bytes exceeds %d", len(b.line()), maxLine)
	}
	if err != nil {
		r.free(b)
		return nil, err
	}
	return b, nil
}

// record returns the record as what a batch holds, valid until free.
func (b *lineBuffer) record(kind Kind, runID string) []Record {
	b.records[0] = Record{Kind: kind, RunID: runID, JSON: b.line()}
	return b.records[:]
}

// line returns the encoded record without its newline, valid until free.
func (b *lineBuffer) line() []byte { return bytes.TrimSuffix(b.Bytes(), []byte("\n")) }

// free gives a buffer back, unless it has become too large to keep around.
func (r *Recorder) free(b *lineBuffer) {
	if b.Cap() <= maxValue {
		b.records[0] = Record{}
		r.buffers.Put(b)
	}
}
