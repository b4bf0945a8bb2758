package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// purgedName is the file that says where a log begins whose oldest records were
// removed because their time was over.
const purgedName = "purged.json"

// purgedFile is the content of that file.
//
//	{"purge":"<signed note>","checkpoint":"<signed note>","hashes":["<base64>",…]}
//
// checkpoint is that of the last segment removed, and hashes is the right edge
// of its tree: all that is needed to go on from there, and to prove that a record
// stands in the log. The note in purge is the log's own statement that the records
// before are gone with its will. Its text is no checkpoint's:
//
//	<origin>/purged
//	<size>
//	<root>
//	<link of the last commit line>
type purgedFile struct {
	Purge      string   `json:"purge"`
	Checkpoint string   `json:"checkpoint"`
	Hashes     [][]byte `json:"hashes"`
}

// start is where a log begins: at its first record, or behind those that were
// purged. The zero value is the beginning of a log from which nothing was removed.
type start struct {
	cp    Checkpoint // Size is the index of the first record that is left
	front frontier
	link  link
}

// cursor returns a cursor that stands there.
func (s *start) cursor(a authority) *cursor {
	c := newCursor(a)
	c.front, c.link, c.last = s.front.clone(), s.link, s.cp
	c.durable, c.noted, c.sealed = s.cp.Size, s.cp.Size, s.cp.Size > 0
	return c
}

// text is what the log signs.
func (s *start) text(origin string) string {
	return fmt.Sprintf("%s/purged\n%d\n%s\n%s\n", origin, s.cp.Size, s.cp.Root, base64.StdEncoding.EncodeToString(s.link[:]))
}

// sign returns the file that states s.
func (s *start) sign(signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: s.text(signer.Name())}, signer)
	if err != nil {
		return nil, fmt.Errorf("ledger: sign purge: %w", err)
	}
	f := purgedFile{Purge: string(signed), Checkpoint: string(s.cp.Note)}
	for _, h := range s.front.hashes {
		f.Hashes = append(f.Hashes, h[:])
	}
	return json.Marshal(f)
}

// readStart reads where the log in dir begins, and the statement of it.
func readStart(fsys durable.FS, dir string, v note.Verifier) (s start, statement []byte, err error) {
	statement, err = durable.ReadFile(fsys, filepath.Join(dir, purgedName), maxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return start{}, nil, nil
	}
	if err != nil {
		return start{}, nil, err
	}
	if s, err = parseStart(statement, v); err != nil {
		return start{}, nil, &CorruptionError{File: purgedName, Reason: err.Error()}
	}
	return s, statement, nil
}

// Beginning returns the statement of a log whose oldest records were purged, the bytes
// of its purged.json, and the index of the first record that is left: nil and 0 if
// nothing was purged.
func (r *Reader) Beginning() (statement []byte, first uint64, err error) {
	s, statement, err := readStart(r.fs, r.dir, r.trust)
	return statement, s.cp.Size, err
}

// PurgedBy returns the index of the first record that is left, if the commit that line
// ends was purged, and all before it: 0 if not, or if the log is known to have been another
// one there. Of a commit with which the last purge did not end, only its size tells.
func (r *Reader) PurgedBy(line []byte) (first uint64, err error) {
	s, _, err := readStart(r.fs, r.dir, r.trust)
	l, bad := parseCommitLine(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil || bad != nil || l.size > s.cp.Size || l.size == s.cp.Size && l.root != s.cp.Root {
		return 0, err
	}
	return s.cp.Size, nil
}

// parseStart reads what [start.sign] wrote, and believes nothing that the log's key
// did not sign.
func parseStart(data []byte, v note.Verifier) (s start, err error) {
	var f purgedFile
	if err := json.Unmarshal(data, &f); err != nil {
		return s, err
	}
	if again, err := json.Marshal(f); err != nil || string(again) != string(data) || !strict(f.Purge) || !strict(f.Checkpoint) {
		return s, errors.New("not in the form in which it was written")
	}
	n, err := note.Open([]byte(f.Purge), note.VerifierList(v))
	if err != nil {
		return s, err
	}
	if s.cp, err = ParseCheckpoint([]byte(f.Checkpoint), v); err != nil {
		return s, err
	}
	s.front.size = s.cp.Size
	for _, h := range f.Hashes {
		if len(h) != tlog.HashSize {
			return s, errors.New("a hash of another length")
		}
		s.front.hashes = append(s.front.hashes, tlog.Hash(h))
	}
	if len(f.Hashes) != len(frontierIndexes(s.cp.Size)) || s.front.root() != s.cp.Root {
		return s, errors.New("the hashes are not those of the tree that was purged")
	}
	lines := strings.Split(n.Text, "\n")
	l, err := base64.StdEncoding.DecodeString(lines[len(lines)-min(2, len(lines))])
	if err != nil || len(l) != len(s.link) {
		return s, errors.New("the note states no link")
	}
	s.link = link(l)
	if n.Text != s.text(v.Name()) {
		return s, errors.New("the note is not of this checkpoint")
	}
	return s, nil
}

// strict reports whether the signature of a note has no stray bits in its base64,
// which mean nothing and yet are not what was written.
func strict(signed string) bool {
	_, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(signed[strings.LastIndexByte(signed, ' ')+1:], "\n"))
	return err == nil
}

// PurgedError is returned when records are asked for that were purged.
type PurgedError struct {
	First uint64 // index of the first record that is left
}

// Error says from where on records are left.
func (e *PurgedError) Error() string {
	return fmt.Sprintf("ledger: the records before %d were purged", e.First)
}

// Purged says what a purge removed.
type Purged struct {
	From, To uint64    // the records from From on and before To are gone
	Root     tlog.Hash // of the log's tree of To records
	Segments int       // how many files were removed
	Bytes    int64     // their size
	// Left are files whose records are gone from the log but that could not be
	// removed, because somebody had them open; the next purge tries again.
	Left []string
}

// Purge removes the oldest segments: those whose UTC day is expired and whose records
// all stand before the index keep, up to the first of which one is not so. With dry
// it only says which it would remove. Each is verified before it is removed: damage is
// a [*CorruptionError], and then nothing is removed. Hashes of what is gone stay, so that proofs of what is left hold.
//
// It is durable when it returns; a process that dies in it leaves the log as it
// was before or after. If the ledger's lock is not free in time, the error wraps a
// [*durable.LockedError]. Readers that are in the midst of what is removed get a
// [*PurgedError].
func (l *Log) Purge(expired func(day time.Time) bool, keep uint64, dry bool) (p Purged, err error) {
	ctx, giveUp := context.WithCancelCause(context.Background())
	defer giveUp(nil)
	patience := time.AfterFunc(durable.Patience, func() { giveUp(context.DeadlineExceeded) })
	_, err = l.join(ctx, &salted{}, func(uint64) ([][]byte, error) {
		patience.Stop() // it was for the lock
		p, err = l.writer.purge(expired, keep, dry)
		return nil, err
	}, true)
	return p, err
}

// purge is [Log.Purge] under the ledger's lock.
func (w *writer) purge(expired func(day time.Time) bool, keep uint64, dry bool) (Purged, error) {
	l := w.log
	// An idle log's last segment is finished only now. Whoever copies the log needs its
	// last line before all of the segment can be said to be elsewhere.
	if w.seg != nil && expired(w.seg.date()) && !dry {
		if err := w.roll(0); err != nil {
			l.breakWith(err)
			return Purged{}, w.failed(Absent, err)
		}
	}
	v, err := look(l.opts.FS, l.dir, l.trust)
	if err != nil {
		return Purged{}, err
	}
	p := Purged{From: v.start.cp.Size, To: v.start.cp.Size, Root: v.start.front.root()}
	c := v.start.cursor(v.trust)
	next := v.start
	for i, s := range v.segs {
		if !expired(s.date()) {
			break
		}
		passed, err := v.pass(c, i, 0, nil)
		if err != nil {
			return Purged{}, err
		}
		if c.front.size > keep || !c.sealed && !dry {
			break
		}
		p.To, p.Root = c.front.size, c.last.Root
		p.Segments++
		p.Bytes += int64(len(passed.data))
		next = start{c.last, c.front.clone(), c.link}
	}
	if dry {
		return p, nil
	}
	if p.To > p.From {
		data, err := next.sign(l.opts.Signer)
		if err != nil {
			return Purged{}, err
		}
		// What is left of the log must not depend on a file that is not on disk.
		if err := durable.WriteFile(l.opts.FS, filepath.Join(l.dir, purgedName), data, 0o644); err != nil {
			return Purged{}, err
		}
	}
	p.Left = v.remove(next.cp.Size)
	return p, nil
}

// remove removes the files of the segments before the record first, also those that
// an earlier purge could not, and returns the names of those that it cannot.
func (w *view) remove(first uint64) (left []string) {
	for _, s := range append(w.leftovers, w.segs...) {
		if s.first >= first {
			break
		}
		path := s.path(w.dir)
		index := strings.TrimSuffix(path, segmentExt) + indexExt
		for _, name := range []string{index, path} {
			if err := w.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				left = append(left, s.name())
				break
			}
		}
		_ = w.fs.Remove(filepath.Dir(path)) // the day's folder, if that was the last
	}
	return left
}
