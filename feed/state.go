package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Folder is the directory in a vault where flexor.Open keeps the [Config.State] of its
// feeds, each in a folder of its own.
const Folder = "feed"

const (
	stateFormat = "flexor.feed/v1"
	stateFile   = "position.json"
	lockFile    = "lock"
	hurryFile   = "hurry" // asks the process that sends not to leave the target in peace
	maxState    = 1 << 16
)

// state is how far a target is with a log, and how it goes.
type state struct {
	Format string    `json:"format"`
	Name   string    `json:"name"` // of the target, for people
	Log    string    `json:"log"`  // origin
	Next   uint64    `json:"next"` // index of the first record that the target may not have
	SentAt time.Time `json:"sent_at,omitzero"`

	Refused     uint64    `json:"refused,omitempty"` // records that the target refused for what they are, all that there were
	LastRefused uint64    `json:"last_refused,omitempty"`
	RefusedAt   time.Time `json:"refused_at,omitzero"`
	Refusal     string    `json:"refusal,omitempty"` // what it has against the last one

	Error    string    `json:"error,omitempty"` // why the last attempt failed
	Failures int       `json:"failures,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
}

// readState reads the state in a directory. One that is not there, or not whole, is the
// zero state.
func readState(dir string) (s state, err error) {
	data, err := durable.ReadFile(durable.Disk{}, filepath.Join(dir, stateFile), maxState)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return state{}, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("feed: %w", err)
	}
	if json.Unmarshal(data, &s) != nil || s.Format != stateFormat || !bytes.HasSuffix(data, []byte("}\n")) {
		return state{}, nil
	}
	return s, nil
}

// write puts the state in place of the one in a directory. It is on disk when it returns.
func (s *state) write(dir string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.Disk{}, filepath.Join(dir, stateFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}

// load returns the state of the feed. One of another log counts for nothing: then all is
// sent.
func (f *Feed) load() (state, error) {
	s, err := readState(f.cfg.State)
	if origin := f.cfg.Log.Origin(); s.Log != origin {
		s = state{Format: stateFormat, Log: origin}
	}
	s.Name = f.cfg.Name
	return s, err
}
