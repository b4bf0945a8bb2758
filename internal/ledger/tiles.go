package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is the height of the tiles of C2SP tlog-tiles: 256 hashes each.
const tileHeight = 8

// Tiles says what [Reader.WriteTiles] wrote.
type Tiles struct {
	Checkpoint Checkpoint
	Files      int
	// Unbundled counts records that are longer than an entry of tlog-tiles may
	// be, 65,535 bytes. The entry bundles that would hold them are not written; the
	// hashes of all records are.
	Unbundled int
}

// WriteTiles writes the log as C2SP tlog-tiles into dir, which must be empty or
// not be there: checkpoint, tile/<level>/<n> and tile/entries/<n>, as a static
// web server would hand them to clients of transparency logs. All of it is
// verified on the way. The checkpoint is written last.
func (r *Reader) WriteTiles(ctx context.Context, dir string) (out Tiles, err error) {
	w := &tileWriter{dir: dir}
	if err := w.begin(); err != nil {
		return out, err
	}
	v, err := look(r.fs, r.dir, r.trust.signatures())
	if err != nil {
		return out, err
	}
	if v.start.cp.Size > 0 {
		return out, fmt.Errorf("ledger: tiles hold a whole log, from its first record on: %w", &PurgedError{v.start.cp.Size})
	}
	c := newCursor(v.trust)
	var head Checkpoint
	var stored []tlog.Hash
	c.stored = &stored
	for i := range v.segs {
		if err := context.Cause(ctx); err != nil {
			return out, err
		}
		p, err := r.pass(v, c, i, 0, func(data []byte, at commit) {
			for _, s := range at.records {
				w.entry(data[s.start:s.end])
			}
		})
		if err != nil {
			return out, err
		}
		if p.signed.Size > head.Size {
			head = p.signed
		}
	}
	if head.Size == 0 {
		return out, errors.New("ledger: an empty log has no tiles")
	}
	w.flush()
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for _, t := range tlog.NewTiles(tileHeight, 0, int64(head.Size)) {
		data, err := tlog.ReadTileData(t, hashes)
		if err != nil {
			return out, err
		}
		w.file(tilePath(t), data)
	}
	w.file(checkpointName, head.Note)
	return Tiles{head, w.files, w.unbundled}, w.err
}

// tilePath is the path of a tile in tlog-tiles, which leaves out the height.
func tilePath(t tlog.Tile) string {
	return strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
}

// tileWriter writes the files of a tiled log. The first failure sticks.
type tileWriter struct {
	dir string
	err error

	bundle    []byte
	entries   int  // in bundle
	long      bool // one of them does not fit
	bundles   int64
	files     int
	unbundled int
}

// begin checks that there is nothing to overwrite.
func (w *tileWriter) begin() error {
	there, err := os.ReadDir(w.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(there) > 0 {
		err = &fs.PathError{Op: "write tiles", Path: w.dir, Err: errors.New("the directory is not empty")}
	}
	return err
}

// entry adds a record to the current bundle.
func (w *tileWriter) entry(line []byte) {
	if len(line) > math.MaxUint16 {
		w.long = true
		w.unbundled++
	} else {
		w.bundle = append(binary.BigEndian.AppendUint16(w.bundle, uint16(len(line))), line...)
	}
	if w.entries++; w.entries == 1<<tileHeight {
		w.flush()
	}
}

// flush writes the current bundle.
func (w *tileWriter) flush() {
	if w.entries == 0 {
		return
	}
	if !w.long {
		w.file(tilePath(tlog.Tile{H: tileHeight, L: -1, N: w.bundles, W: w.entries}), w.bundle)
	}
	w.bundles++
	w.bundle, w.entries, w.long = w.bundle[:0], 0, false
}

// file writes one file.
func (w *tileWriter) file(name string, data []byte) {
	if w.err != nil {
		return
	}
	// The level of entry bundles is called data in Go's checksum database.
	name = strings.Replace(name, "tile/data/", "tile/entries/", 1)
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if w.err = os.MkdirAll(filepath.Dir(path), 0o755); w.err != nil {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // the directory was empty
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if w.err = err; err == nil {
		w.files++
	}
}
