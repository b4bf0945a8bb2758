package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

const stateFormat = "flexor.feed/v1"

// state is how far a sink is with a log.
type state struct {
	Format string `json:"format"`
	Log    string `json:"log"`  // origin
	Next   uint64 `json:"next"` // index of the first record that the sink may not have
}

func (f *Feed) statePath() string { return filepath.Join(f.cfg.State, "position.json") }

// load returns the index of the next record to send. A state that is not there, is damaged
// or of another log counts for nothing: then all is sent.
func (f *Feed) load() (uint64, error) {
	data, err := durable.ReadFile(durable.Disk{}, f.statePath(), 1<<16)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("feed: %w", err)
	}
	var s state
	if json.Unmarshal(data, &s) != nil || s.Format != stateFormat || s.Log != f.cfg.Log.Origin() || !bytes.HasSuffix(data, []byte("}\n")) {
		return 0, nil
	}
	return s.Next, nil
}

// store notes how far the sink is. It is on disk when it returns.
func (f *Feed) store(next uint64) error {
	data, err := json.Marshal(state{stateFormat, f.cfg.Log.Origin(), next})
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.Disk{}, f.statePath(), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}
