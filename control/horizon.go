package control

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
)

// The horizon of the log is a number of records that it does not exceed. It stands in
// a file in the log's directory, eight bytes, least first. Whoever appends moves it
// on first, under the ledger's lock, and readers have the file mapped into their
// memory: that nothing was added since they last read costs them a look at a number
// and no call of the system.
//
// It is exact: an order that has returned was behind a horizon that everybody on the
// machine can see. That the horizon is ahead of the log, because an append is on
// its way or has failed, only means that the log must be looked at itself. So does
// a file that is missing or cannot be mapped. Whoever can write the directory can
// put the horizon back, as they can replace the log; both are noticed by the closer
// look, see [lookEvery].
const (
	horizonName = "horizon"
	horizonSize = 8
)

// setHorizon moves the horizon of the log to size. It is called under the ledger's
// lock. A log that never had a horizon has no readers who rely on one, so that it
// gets none is no error.
func (c *Config) setHorizon(log string, size uint64) error {
	name := filepath.Join(log, horizonName)
	f, err := c.fs.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = c.fs.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, err = f.WriteAt(binary.LittleEndian.AppendUint64(nil, size), 0)
	return errors.Join(err, f.Close())
}

// horizon is the file as a reader has it. The zero value has none. Its methods may
// not be called at the same time, but for reached, which may be called beside itself.
type horizon struct {
	mapped []byte // nil: not mapped
	info   fs.FileInfo
}

// look maps the file that is there by now.
func (h *horizon) look(log string) {
	name := filepath.Join(log, horizonName)
	info, err := os.Stat(name)
	if err == nil && h.mapped != nil && os.SameFile(info, h.info) && info.Size() >= horizonSize {
		return
	}
	h.close()
	if err != nil || info.Size() < horizonSize {
		return
	}
	// For writing, although nothing is written: on a layered file system a file that
	// is open for reading only is not the one that a writer opens.
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close() // the mapping stays
	if h.info, err = f.Stat(); err == nil && h.info.Size() >= horizonSize {
		h.mapped, _ = mapFile(f, horizonSize) // nil where it fails
	}
}

// reached reports whether the log has no more than size records.
func (h *horizon) reached(size uint64) (yes bool) {
	if h.mapped == nil {
		return false
	}
	// If somebody cut the file off, there is no memory behind the mapping. That must
	// not end the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return binary.LittleEndian.Uint64(h.mapped) <= size
}

// close gives the mapping back.
func (h *horizon) close() {
	if h.mapped != nil {
		_ = unmapFile(h.mapped) // nothing to lose
	}
	*h = horizon{}
}
