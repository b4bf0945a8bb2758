package lineage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// SendCursor is how far the events of a log are with a server, kept in a file from one
// [Sender.Send] to the next.
type SendCursor struct {
	Log  string `json:"log"`  // the origin of the log
	Next uint64 `json:"next"` // the position to go on from; all before it is with the server

	// Missing is how many records from Next on are not in the log any more, so that what
	// ended there cannot be sent. [ReadSendCursor] sets it.
	Missing uint64 `json:"-"`
}

// ErrCursor is wrapped when a cursor is none of the log it is used with.
var ErrCursor = errors.New("lineage: the cursor is not of this log")

// maxCursor is the most bytes that the file of a cursor has.
const maxCursor = 4 << 10

// ReadSendCursor returns the cursor in a file for a log: the beginning of the log if there
// is no file. A cursor of another log, or one beyond the end of the log, wraps [ErrCursor]:
// the file belongs elsewhere, or the log was put back from a copy.
func ReadSendCursor(ctx context.Context, name string, log Log) (SendCursor, error) {
	head, err := log.Head()
	if err != nil {
		return SendCursor{}, err
	}
	data, err := durable.ReadFile(durable.Disk{}, name, maxCursor)
	if errors.Is(err, fs.ErrNotExist) {
		return SendCursor{Log: head.Origin}, nil
	}
	if err != nil {
		return SendCursor{}, fmt.Errorf("lineage: cursor: %w", err)
	}
	var c SendCursor
	switch err := json.Unmarshal(data, &c); {
	case err != nil:
		return SendCursor{}, fmt.Errorf("%w: %s holds none: %w", ErrCursor, name, err)
	case c.Log != head.Origin:
		return SendCursor{}, fmt.Errorf("%w: it is of %q, not of %q", ErrCursor, c.Log, head.Origin)
	case c.Next > head.Size:
		return SendCursor{}, fmt.Errorf("%w: it stands at %d, and the log has only %d records", ErrCursor, c.Next, head.Size)
	}
	for rec, err := range log.Records(ctx, c.Next) {
		if err != nil {
			return SendCursor{}, err
		}
		c.Missing = rec.Index - c.Next
		break
	}
	return c, nil
}

// Write puts the cursor into a file, in place of the one that is there: whoever reads it
// gets one or the other whole. It is on disk when Write returns.
func (c SendCursor) Write(name string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.Disk{}, name, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("lineage: cursor: %w", err)
	}
	return nil
}
