package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// feed is one log on its way to one destination. It belongs to the goroutine that
// forwards.
type feed struct {
	to     *sender
	dir    string // of the ledger
	path   string // of the state
	reader *ledger.Reader
	copier *ledger.Copier
	ahead  *parcel // what comes next, made while the one before it was put; nil: nothing was
	state  state
	found  bool   // the place behind what the destination holds is known
	looked uint64 // size of the log when its end was last looked at
	hurry  uint64 // records of the log that are to be sent without waiting for more
	// hurries says that this pass over the logs waits for nothing.
	hurries bool
}

// goOn makes all that the log has now be sent without waiting for more.
func (f *feed) goOn() {
	if there, err := f.open(); err != nil || !there {
		return // step will tell
	}
	if head, err := f.reader.Published(); err == nil {
		f.hurry, f.hurries = head.Size, true
	}
}

// logFile is the object, below the name of a log, that says whose log it is: the
// bytes of its log.json.
const logFile = "log.json"

// logName returns under which name a destination keeps the log with that origin, with a
// slash at its end.
func logName(origin string) string { return strings.TrimPrefix(origin, "flexor/") + "/" }

// open opens the log, if it is there by now.
func (f *feed) open() (bool, error) {
	if f.reader != nil {
		return true, nil
	}
	r, err := ledger.OpenReader(durable.Disk{}, f.dir)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s, ok, err := readState(f.path)
	if err != nil {
		return false, err
	}
	if origin := r.Info().Origin; !ok || s.Log != origin {
		s = state{Format: stateFormat, Log: origin}
	}
	s.Destination = f.to.dest.Name
	rel, err := filepath.Rel(f.to.cfg.Vault, f.dir)
	if err != nil {
		return false, err
	}
	s.Dir = filepath.ToSlash(rel)
	f.reader, f.state = r, s
	return true, nil
}

// step sends the next piece if it is time, and reports whether there may be more to
// send at once.
func (f *feed) step(ctx context.Context) (more bool, err error) {
	if there, err := f.open(); err != nil || !there {
		return false, err
	}
	store, err := f.to.open(ctx)
	if err != nil {
		return false, err
	}
	if !f.found || f.looksAgain() {
		if err := f.find(ctx, store); err != nil {
			return false, err
		}
		if err := f.settle(); err != nil {
			return false, err
		}
	}
	if err := f.putBeginning(ctx, store); err != nil {
		return false, err
	}
	p, err := f.next()
	if err != nil || p == nil {
		return false, err
	}
	f.state.Sending = &sending{p.what.Segment, p.what.Offset, p.what.end(), p.what.Checkpoint}
	if err := f.settle(); err != nil {
		return false, err
	}
	behind := *f.copier
	behind.Pass(p.piece)
	var made sync.WaitGroup
	made.Go(func() { f.makeAhead(behind) })
	err = f.put(ctx, store, p.what, p.object)
	made.Wait()
	if err != nil {
		f.ahead = nil // this one is sent again, and what follows it may be cut otherwise then
		return false, err
	}
	f.copier.Pass(p.piece)
	f.confirm(p.what)
	if f.ahead != nil {
		return true, nil // written down with what is sent next, at once
	}
	return true, f.settle()
}

// next returns what is to be sent now; nil if that is nothing.
func (f *feed) next() (*parcel, error) {
	if p := f.ahead; p != nil {
		f.ahead = nil
		return p, nil
	}
	least, err := f.due()
	if err != nil || least == 0 {
		return nil, err
	}
	return f.to.press.parcel(f.copier, f.state.Log, least, f.to.cfg.ChunkBytes, f.state.Sending)
}

// makeAhead makes what is to be sent behind a piece that is being put, if there is a whole
// chunk of it: so a log that is far behind waits for the place or for the processor, and
// not for one after the other. What goes wrong is met again when it is this one's turn.
func (f *feed) makeAhead(at ledger.Copier) {
	if most := f.to.cfg.ChunkBytes; at.Full(most) {
		f.ahead, _ = f.to.press.parcel(&at, f.state.Log, most, most, nil)
	}
}

// putBeginning sends the log's statement of what was purged of it, once for each purge:
// from a destination that does not hold what was before, the log could not be rebuilt
// without it.
func (f *feed) putBeginning(ctx context.Context, store Store) error {
	statement, first, err := f.reader.Beginning()
	if err != nil || first <= f.state.Purged {
		return err
	}
	if err := store.Put(ctx, logName(f.state.Log)+beginningName(first), statement, f.retain(f.to.cfg.Now())); err != nil {
		return err
	}
	f.state.Purged = first
	return f.state.write(f.path)
}

// beginningPrefix begins the names, below that of a log, of its statements of what was
// purged.
const beginningPrefix = "purged/"

// beginningName is the name of the statement that the records before first were purged.
func beginningName(first uint64) string { return fmt.Sprintf("%s%020d.json", beginningPrefix, first) }

// settle writes down what is confirmed, and then tells those who wait for it.
func (f *feed) settle() error {
	if err := f.state.write(f.path); err != nil {
		return err
	}
	f.to.tell(f)
	return nil
}

// due returns how many bytes there must be to be sent now. 0: nothing is to be sent.
func (f *feed) due() (least int, err error) {
	head, err := f.reader.Published()
	if err != nil {
		return 0, err
	}
	cfg := f.to.cfg
	since := cfg.Now().Sub(f.state.ConfirmedAt)
	switch {
	case head.Size == f.state.Size && (f.copier.Quiet() || 0 <= since && since < cfg.Interval && !f.hurries):
		return 0, nil
	case head.Size == f.state.Size: // a line without records: the end of a segment, when its day is over
		return 1, nil
	case f.state.Size < f.hurry, f.state.Sending != nil, since >= cfg.Interval, since < 0: // by a clock that was wrong
		return 1, nil
	case head.Size == f.looked:
		return 0, nil
	case f.copier.Full(cfg.ChunkBytes):
		return cfg.ChunkBytes, nil
	}
	f.looked = head.Size
	return 0, nil
}

// put stores an object. If other bytes are kept under its name that hold the same
// piece, made by another version, that is as good.
func (f *feed) put(ctx context.Context, store Store, what chunk, object []byte) error {
	name := logName(f.state.Log) + what.name()
	day, err := what.day()
	if err != nil {
		return err
	}
	err = store.Put(ctx, name, object, f.retain(day))
	if !errors.Is(err, ErrConflict) {
		return err
	}
	there, gerr := store.Get(ctx, name)
	if gerr != nil {
		return gerr
	}
	if held, _, oerr := openChunk(there); oerr == nil && held.same(what) {
		return nil
	}
	return &alarm{fmt.Errorf("%w: %s holds other records than the log in %s: somebody changed one of the two, or another vault of the same name sends there", err, name, f.dir)}
}

// retain returns until when what was recorded at a time is to be kept, from the end of that
// day on. Zero if that is over.
func (f *feed) retain(at time.Time) time.Time {
	cfg := f.to.cfg
	until := at.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + cfg.Retention)
	if cfg.Retention == 0 || !until.After(cfg.Now()) {
		return time.Time{}
	}
	return until
}

// confirm notes that the destination holds all up to the end of a chunk.
func (f *feed) confirm(what chunk) {
	f.state.Chunk, f.state.Size, f.state.Sealed, f.state.ConfirmedAt = what.name(), what.Size, what.Sealed, f.to.cfg.Now().UTC()
	f.state.Differs, f.state.Sending, f.state.Error, f.state.Failures, f.state.NextTry, f.state.Stopped = false, nil, "", 0, time.Time{}, false
}

// find finds out what the destination holds, and moves behind it. The newest object
// must be of this log as it is here: then all before it is, because its records are
// those of a signed tree.
func (f *feed) find(ctx context.Context, store Store) error {
	prefix := logName(f.state.Log)
	if err := claim(ctx, store, prefix, f.reader.Identity(), f.retain(f.to.cfg.Now()), f.begin); err != nil {
		return err
	}
	first, err := f.reader.First()
	if err != nil {
		return err
	}
	newest, err := lastWhole(ctx, store, prefix, f.state.Chunk, first)
	if err != nil {
		return err
	}
	before, copier := f.state, f.reader.Copier(&f.to.press.buf)
	var what chunk
	if newest != "" {
		var data []byte
		what, data, err = get(ctx, store, prefix, newest)
		if errors.Is(err, ErrDamaged) {
			return &alarm{err}
		}
		if err != nil {
			return err
		}
		if err := f.compare(copier, what, data); err != nil {
			return err
		}
	}
	if what.Size < before.Size {
		f.missing(what.Size, first)
		f.state.Purged = 0 // which is put again
	}
	if newest == "" {
		f.state.unconfirm()
	} else {
		f.confirm(what)
	}
	if before.Chunk == newest {
		f.state.ConfirmedAt = before.ConfirmedAt
	}
	if s := before.Sending; s != nil && newest != "" && !s.is(what) {
		f.state.Sending = s
	}
	f.copier, f.ahead, f.found, f.state.LookedAt = copier, nil, true, f.to.cfg.Now().UTC()
	return nil
}

// begin is called before the first object of the log is put. If the state says that there
// was one, the place was emptied, or is another one, and what is there was put since: that is
// written down first, or whoever goes on after this process could take it for a whole copy.
func (f *feed) begin() error {
	if f.state.Chunk == "" {
		return nil
	}
	first, err := f.reader.First()
	if err != nil {
		return err
	}
	f.missing(0, first)
	f.state.unconfirm()
	return f.state.write(f.path)
}

// missing tells that the destination holds the records before size, and no longer all that
// it had. Those before first are not in the log either.
func (f *feed) missing(size, first uint64) {
	log := f.to.cfg.Logger.With("destination", f.to.dest.Name, "log", f.state.Log, "from", size, "sent", f.state.Size)
	if size < first {
		log.Error("archive: a destination no longer holds what was sent there, and the log has not all of it any more; what is left is sent anew", "left_from", first)
	} else {
		log.Warn("archive: a destination no longer holds what was sent there; it is sent anew")
	}
}

// looksAgain reports whether it is time to look whether the destination still holds what it
// held.
func (f *feed) looksAgain() bool {
	since := f.to.cfg.Now().Sub(f.state.LookedAt)
	return since >= f.to.cfg.Look || since < 0 // by a clock that was wrong
}

// compare moves the copier behind a chunk that the destination holds, of which data are
// the bytes, or says why the log is not the one that it is of.
func (f *feed) compare(copier *ledger.Copier, what chunk, data []byte) error {
	for {
		published, err := f.reader.Published()
		if err != nil {
			return err
		}
		ok, err := f.to.press.check(copier, what)
		if ok || err != nil {
			return err
		}
		if purged, err := f.purged(what, data); purged || err != nil {
			return err
		}
		if published.Size >= what.Size {
			return &alarm{fmt.Errorf("archive: the log in %s is not the one of which %s holds %d records: it was rewritten, or another vault of the same name sends there", f.dir, f.to.dest.Name, what.Size)}
		}
		head, err := f.reader.Head()
		if err != nil {
			return err
		}
		if head.Size < what.Size {
			return &alarm{fmt.Errorf("archive: the log in %s ends after %d records, but %s holds %d of them: it was cut back, or put back from an old copy; flexor verify --anchor shows more, flexor restore brings them back", f.dir, head.Size, f.to.dest.Name, what.Size)}
		}
		if published, err = f.reader.Published(); err == nil && published.Size < what.Size {
			err = fmt.Errorf("archive: the checkpoint file of %s is behind the log since this machine went down; whoever appends next puts it right", f.dir)
		}
		if err != nil {
			return err
		}
		// It has grown meanwhile.
	}
}

// purged reports whether the log let go of all that stands in a chunk, and of what was
// before. What comes next is then the log's beginning.
func (f *feed) purged(what chunk, data []byte) (bool, error) {
	first, err := f.reader.PurgedBy(data[bytes.LastIndexByte(data[:len(data)-1], '\n')+1:])
	if err != nil || first == 0 {
		return false, err
	}
	if _, err := parseNote(what.Checkpoint, f.reader.Verifier()); err != nil {
		return false, nil // the log's key vouches for nothing in it
	}
	switch {
	case what.Size == first && !what.Sealed:
		return false, &alarm{fmt.Errorf("archive: the end of %s was purged from the log in %s before %s had it: no log can be rebuilt from both, so what follows has to go to another place", what.Segment, f.dir, f.to.dest.Name)}
	case what.Size < first:
		f.to.cfg.Logger.Error("archive: records were removed from the log before they were sent", "destination", f.to.dest.Name, "log", f.state.Log, "from", what.Size, "before", first)
	}
	return true, nil
}

// alarm is an error that ends forwarding to a destination until somebody has looked.
type alarm struct{ error }

func (a *alarm) Unwrap() error { return a.error }
