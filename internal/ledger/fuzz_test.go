package ledger

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// fuzzLedger is a whole ledger of one segment for the seeds of fuzz targets, and what
// the holder of its key goes by.
func fuzzLedger(f *testing.F) (segment []byte, trust authority) {
	f.Helper()
	o := testOptions(f)
	o.NoPadding = true
	o.FS = unsynced{durable.Disk{}}
	dir := f.TempDir()
	require.NoError(f, Create(dir, o))
	l := openLog(f, dir, o)
	appendSync(f, l, 0, 5)
	require.NoError(f, l.Close())
	files := snapshot(f, dir)
	return files[files.segments()[0]], l.trust
}

// FuzzCommitLine checks that a commit line has one form only.
func FuzzCommitLine(f *testing.F) {
	data, _ := fuzzLedger(f)
	for line := range bytes.Lines(data) {
		f.Add(bytes.TrimSuffix(line, []byte("\n")))
	}
	f.Add([]byte(`{"checkpoint":"a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n","durable":0,"link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"checkpoint":1,"root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","durable":0,"mac":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	// A newline that is not escaped, which no line of a file can hold.
	f.Add([]byte(`{"checkpoint":7,"root":"0000000000000000000000000000000000000000000=","durable":0,"signed":"0\n0\n0000000000000000000000000000000000000000000=\n` + "\n" +
		`","mac":"0000000000000000000000000000000000000000000=","link":"0000000000000000000000000000000000000000000="}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		l, err := parseCommitLine(line)
		if err != nil {
			return
		}
		stated := l
		again := l.append(nil, link{}, nil)
		require.Equal(t, linkPrefix(line), linkPrefix(again))
		back, err := parseCommitLine(again)
		require.NoError(t, err)
		back.link = stated.link
		require.Equal(t, stated, back)
	})
}

// FuzzCheckpoint checks that what parses states the same when it is signed
// again, and that only what the key signed is accepted.
func FuzzCheckpoint(f *testing.F) {
	skey, vkey, err := note.GenerateKey(rand.Reader, testOrigin)
	require.NoError(f, err)
	s, err := NewSigner(skey, vkey)
	require.NoError(f, err)
	v, err := note.NewVerifier(vkey)
	require.NoError(f, err)
	cp, err := signCheckpoint(testOrigin, 42, (&frontier{}).root(), s)
	require.NoError(f, err)
	f.Add(cp.Note)
	f.Add([]byte("a\n1\nAAAA\n\n"))
	signed, _, _ := bytes.Cut(cp.Note, []byte("\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := ParseCheckpoint(data, v); err == nil {
			text, _, _ := bytes.Cut(data, []byte("\n\n"))
			require.Equal(t, signed, text, "nothing else was ever signed")
			require.Equal(t, uint64(42), got.Size)
		}
		text := string(data)
		got, err := parseNoteText(data)
		if err != nil || strings.Count(text, "\n") != 3 || !strings.HasSuffix(text, "\n") {
			return
		}
		again, err := signCheckpoint(got.Origin, got.Size, got.Root, s)
		if err != nil {
			return // text that no note may hold
		}
		back, err := ParseCheckpoint(again.Note, v)
		if got.Origin == testOrigin {
			require.NoError(t, err)
			require.Equal(t, got.Root, back.Root)
		} else {
			require.Error(t, err)
		}
	})
}

// FuzzReceipt checks that a receipt that parses survives its text form, and
// that none proves a record that is not there.
func FuzzReceipt(f *testing.F) {
	o := testOptions(f)
	dir := f.TempDir()
	require.NoError(f, Create(dir, o))
	l := openLog(f, dir, o)
	appendSync(f, l, 0, 5)
	require.NoError(f, l.Close())
	r := openReader(f, dir)
	head, err := r.Head()
	require.NoError(f, err)
	for i := range uint64(5) {
		receipt, err := r.Receipt(i, head)
		require.NoError(f, err)
		f.Add(receipt.Text())
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		receipt, err := ParseReceipt(text)
		if err != nil {
			return
		}
		again, err := ParseReceipt(receipt.Text())
		require.NoError(t, err)
		require.Equal(t, receipt, again)
		require.ErrorIs(t, receipt.Check(r.trust, []byte(`{"n":"forged"}`)), ErrProof)
	})
}

// FuzzSegmentName checks that a name has one form only.
func FuzzSegmentName(f *testing.F) {
	f.Add("2026-04-30", "00000000000000000000.jsonl")
	f.Add("2026-02-29", "00000000000000000007.jsonl")
	f.Add("2026-04-30", "+0000000000000000007.jsonl")
	f.Fuzz(func(t *testing.T, day, file string) {
		s, err := parseSegment(day, file)
		if err != nil {
			return
		}
		require.Equal(t, segmentsDir+"/"+day+"/"+file, s.name())
		require.Equal(t, filepath.FromSlash(s.name()), s.path("."))
	})
}

// FuzzWalk edits a segment and checks that the walk passes nothing but what was
// written.
func FuzzWalk(f *testing.F) {
	whole, trust := fuzzLedger(f)
	f.Add(uint16(0), uint16(0), []byte(nil))
	f.Add(uint16(40), uint16(1), []byte("\r"))
	f.Add(uint16(400), uint16(300), whole[40:300])
	f.Add(uint16(0), uint16(len(whole)), []byte("{}\n"))
	f.Add(uint16(len(whole)), uint16(0), make([]byte, 100))
	f.Fuzz(func(t *testing.T, at, cut uint16, put []byte) {
		from := min(int(at), len(whole))
		to := min(from+int(cut), len(whole))
		data := append(append(append([]byte{}, whole[:from]...), put...), whole[to:]...)
		withKey := newCursor(trust)
		if end, _ := withKey.walk(data, 0, nil); withKey.authenticate() == nil {
			require.LessOrEqual(t, end, len(whole))
			require.Equal(t, whole[:end], data[:end], "altered bytes were passed with the key")
		}

		c := newCursor(trust.signatures())
		limit := c.trust.newest(data, Checkpoint{})
		c.limit = &limit
		end, err := c.walk(data, 0, func(at commit) {
			require.LessOrEqual(t, at.end, len(data))
			for _, s := range at.records {
				require.True(t, 0 <= s.start && s.start < s.end && s.end <= at.end)
			}
		})
		if c.front.size == limit.Size {
			require.LessOrEqual(t, end, len(whole))
			require.Equal(t, whole[:end], data[:end], "altered bytes were passed")
		}
		if err == nil && bytes.Equal(data[:min(len(data), len(whole))], whole) {
			require.Empty(t, bytes.Trim(data[end:], "\x00"))
		}
	})
}

// FuzzPurgedFile checks that nothing but what the log's key signed says where a log
// begins.
func FuzzPurgedFile(f *testing.F) {
	o, day := testOptions(f), &calendar{}
	o.Now = day.now
	dir := f.TempDir()
	require.NoError(f, Create(dir, o))
	l := openLog(f, dir, o)
	appendSync(f, l, 0, 5)
	day.days++
	_, err := l.Purge(until(day.now()), 5, false)
	require.NoError(f, err)
	require.NoError(f, l.Close())
	whole := snapshot(f, dir)[purgedName]
	require.NotEmpty(f, whole)
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte("/purged"), nil, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseStart(data, l.trust); err == nil {
			require.Equal(t, whole, data)
		}
	})
}
