package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Folder is the directory in a vault where forwarding keeps its state: for each
// destination a folder with a lock and a file for each log.
const Folder = "forward"

const (
	stateFormat = "flexor.forward/v1"
	stateExt    = ".json"
	lockFile    = "lock"
	// hurryFile asks the process that forwards not to wait.
	hurryFile = "hurry"
	maxState  = 1 << 16
)

// state is what a file in [Folder] says of one log and one destination. It saves
// the next one who forwards from listing all that the destination holds, and tells
// others how it goes. What was sent is known by the destination alone: a state that
// is lost or wrong costs time, and no record.
type state struct {
	Format      string `json:"format"`
	Destination string `json:"destination"` // as vault.json has it
	Log         string `json:"log"`         // origin
	Dir         string `json:"dir"`         // of the log below the vault, with slashes

	Chunk       string    `json:"chunk,omitempty"` // name of the newest one that is confirmed
	Size        uint64    `json:"size"`            // records of the log up to there
	Sealed      bool      `json:"sealed"`          // it ends a segment
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	LookedAt    time.Time `json:"looked_at,omitzero"` // when it was last seen to be there
	Differs     bool      `json:"differs,omitempty"`  // since then it was found not to hold this log, and nothing is confirmed
	Purged      uint64    `json:"purged,omitempty"`   // records that were purged by the newest statement that was sent
	Sending     *sending  `json:"sending,omitempty"`

	Error    string    `json:"error,omitempty"` // why the last attempt failed
	Failures int       `json:"failures,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
	Stopped  bool      `json:"stopped,omitempty"` // it is not tried again before the next start
}

// sending is the piece that was on its way when the state was written. It is sent
// again as it was: nobody knows whether it arrived, or will.
type sending struct {
	Segment    string `json:"segment"`
	Offset     int64  `json:"offset"`
	End        int64  `json:"end"` // offset behind it
	Checkpoint string `json:"checkpoint"`
}

// length is how many bytes were being sent, if the state is right.
func (s *sending) length() int { return int(min(max(s.End-s.Offset, 1), maxChunk)) }

// is reports whether it was that chunk.
func (s *sending) is(c chunk) bool {
	return s.Segment == c.Segment && s.Offset == c.Offset && s.End == c.end()
}

// unconfirm notes that the destination holds nothing of the log.
func (s *state) unconfirm() {
	s.Chunk, s.Size, s.Sealed, s.ConfirmedAt, s.Purged = "", 0, false, time.Time{}, 0
}

// destinationFolder returns the folder of a destination in a vault.
func destinationFolder(vault, url string) string {
	sum := sha256.Sum256([]byte(url))
	return filepath.Join(vault, Folder, hex.EncodeToString(sum[:8]))
}

// readState reads a state. One that is not there, or not whole, is false.
func readState(path string) (s state, ok bool, err error) {
	data, err := durable.ReadFile(durable.Disk{}, path, maxState)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	s, ok = parseState(data)
	return s, ok, nil
}

// parseState reads what [state.write] wrote.
func parseState(data []byte) (s state, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil || s.Format != stateFormat || !bytes.HasSuffix(data, []byte("}\n")) {
		return state{}, false
	}
	return s, true
}

// write puts the state in place of the one that is there.
func (s *state) write(path string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.Disk{}, path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}
