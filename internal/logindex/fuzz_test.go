package logindex_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/lineage"
)

// corpus are lines that recorders write, and others.
var corpus = []string{
	`{"kind":"start","run_id":"run_01","seq":0,"at":"2026-05-01T00:59:23Z","schema":"flexor.run/v1","vault":"v","agent_name":"a","agent_version":"1.2","salt":"8o0eBEzUGJQmYel4EIO39A"}`,
	`{"kind":"access","run_id":"run_01","op":"read","record":"db://x/a","source":"s","version":"v1","digest":"sha256:00","rows":12,"seq":3,"at":"2026-05-01T00:59:23.123456789Z","task":2,"skill":"k","repeats":3,"salt":"8o0eBEzUGJQmYel4EIO39A"}`,
	`{"kind":"access","run_id":"run_01","op":"write","record":"db://x/b","from":["db://x/a","db://x/"],"seq":4,"at":"2026-05-01T02:59:23+02:00","redactions":[{"field":"accesses.record","detector":"email","count":1}],"late":true}`,
	`{"kind":"access","run_id":"run_01","op":"append","record":"db://x/b","from":[],"seq":5,"at":"0001-01-01T00:00:00Z"}`,
	`{"kind":"access","run_id":"run_01","op":"delete","record":"db://x/b","seq":6,"at":"9999-12-31T23:59:59Z","task":255}`,
	`{"kind":"access","run_id":"run_01","op":"read","seq":7,"at":"2026-05-01T00:59:23Z","dropped":8,"reason":"the run has made more than \"7\" accesses"}`,
	`{"kind":"access","run_id":"run_01","op":"merge","record":"db://x/b"}`,
	`{"kind":"run","schema":"flexor.run/v1","run_id":"run_01","agent_name":"a","agent_version":"1.2","ended_at":"2026-05-01T01:00:00Z","status":"partial","ended_by":"interrupted","tasks":[{"seq":1,"skill":"a\"b}"}],"outputs":{"x":[1,{"y":"]"}]},"accesses":{"reads":3,"dropped":8},"errors":[]}`,
	`{"Kind":"access","RUN_ID":"run_01","op":"re\u0061d","record":"db://x/\u00e9","at":"2026-05-01T00:59:23Z","rows":1e2}`,
	`{"kind":"access","op":7}`, `{"kind":"access","from":[1]}`, `{"kind":"access","at":"yesterday"}`, `{"kind":""}`, `{}`, `[]`, `{"kind":"task","x":`, ``,
	`{"kind":"access","op":"read","op":"write","record":"a:b","rows":007}`,
}

// decoded is what a line holds by encoding/json, if it is an access that can be followed.
func decoded(line []byte) (a audit.Access, ok bool, err error) {
	l, err := audit.DecodeLine(line)
	if err != nil {
		return a, false, err
	}
	switch l.Kind {
	case audit.KindAccess:
		err = json.Unmarshal(line, &a)
	case audit.KindStart, audit.KindRun: // a start has no member that an entry has not
		return a, false, json.Unmarshal(line, new(audit.Entry))
	}
	known := a.Op == audit.OpRead || a.Op == audit.OpWrite || a.Op == audit.OpAppend || a.Op == audit.OpDelete
	return a, err == nil && known && a.Dropped <= 0, err
}

// FuzzLine: what the index holds of a line is what encoding/json reads from it.
func FuzzLine(f *testing.F) {
	for _, l := range corpus {
		f.Add([]byte(l))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !json.Valid(line) {
			t.Skip() // the ledger vouches for what was written, and writers for JSON
		}
		want, followed, wantErr := decoded(line)
		b := logindex.NewBuilder(7)
		_ = b.Add(8, line) // what is remembered of a line changes nothing of the next
		err := b.Add(9, line)
		if wantErr != nil {
			return // it may be of a member that the index has no use for
		}
		require.NoError(t, err)
		image, err := b.Image([32]byte{})
		require.NoError(t, err)
		p, err := logindex.NewPart(image)
		require.NoError(t, err)
		require.Equal(t, uint64(10), p.End())
		if !followed {
			require.Zero(t, p.Rows())
			return
		}
		row := p.Row(1)
		d := p.Detail(row)
		assert.Equal(t, uint64(9), row.Position)
		assert.Equal(t, want.Op, row.Op.Op())
		assert.Equal(t, want.Record, p.Name(row.Record))
		assert.Equal(t, want.RunID, p.RunID(row.Run))
		assert.Equal(t, []any{want.Source, want.Skill, want.Version, want.Digest, want.Rows, max(want.Repeats, 0), want.Task},
			[]any{d.Source, d.Skill, d.Version, d.Digest, d.Rows, d.Repeats, d.Task})
		assert.True(t, want.At.Equal(d.At), "%s %s", want.At, d.At)
		assert.Equal(t, want.From == nil, d.From == nil)
		var from []string
		for _, id := range d.From {
			from = append(from, p.Name(id))
		}
		assert.ElementsMatch(t, want.From, from)
		assert.NoError(t, p.Err())
	})
}

// FuzzPart: no file makes a trace crash, hang, or read out of bounds, be its checksums
// right or not.
func FuzzPart(f *testing.F) {
	b := logindex.NewBuilder(0)
	for i, l := range corpus[:8] {
		require.NoError(f, b.Add(uint64(i), []byte(l)))
	}
	image, err := b.Image([32]byte{})
	require.NoError(f, err)
	f.Add(image, uint16(0), byte(0), true)
	for at := uint16(0); int(at) < len(image); at += 7 {
		f.Add(image, at, byte(0xff), true)
		f.Add(image, at, byte(at), false)
	}
	f.Fuzz(func(t *testing.T, image []byte, at uint16, x byte, seal bool) {
		if int(at) < len(image) {
			image[at] ^= x
		}
		if seal {
			image = logindex.Seal(image)
		}
		p, err := logindex.NewPart(image)
		if err != nil {
			return
		}
		s := logindex.NewSnapshot(p.First(), p.End(), [32]byte{}, []*logindex.Part{p})
		for _, record := range []string{"db://x/", "db://x/a", "db://x/b"} {
			_, _ = lineage.Trace(t.Context(), snapshot{nil, s}, lineage.Query{Record: record, Direction: lineage.Both, AsOf: time.Unix(0, math.MaxInt64/2)})
			_, _ = lineage.Trace(t.Context(), snapshot{nil, s}, lineage.Query{Record: record, Direction: lineage.Both})
		}
	})
}

// snapshot is a log of which there is nothing but an index.
type snapshot struct {
	*reader
	s *logindex.Snapshot
}

func (s snapshot) Accesses(context.Context) (*logindex.Snapshot, error) {
	if s.s.Err() != nil {
		return nil, errDamaged
	}
	return s.s, nil
}

var errDamaged = errors.New("damaged")
