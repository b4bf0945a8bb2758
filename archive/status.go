package archive

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Copy says how far a destination is with a log.
type Copy struct {
	Destination string    `json:"destination"`
	Log         string    `json:"log"`                   // origin
	Confirmed   uint64    `json:"confirmed"`             // records that the destination holds
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"` // when that was last known
	LookedAt    time.Time `json:"looked_at,omitzero"`    // when it was last seen that the destination holds them
	Behind      uint64    `json:"behind"`                // records that it does not hold yet
	Since       time.Time `json:"since,omitzero"`        // when the first of them was recorded; zero: there are none
	Error       string    `json:"error,omitempty"`       // why the last attempt failed
	NextTry     time.Time `json:"next_try,omitzero"`
	Stopped     bool      `json:"stopped,omitempty"` // it is not tried before somebody has looked, and the next start
	Program     bool      `json:"program,omitempty"` // see [Destination.Program]
}

// Status returns how far each destination is with the logs in the vault, by what the
// process that forwards wrote down. It asks no destination.
func Status(ctx context.Context, vault string) (out []Copy, err error) {
	folders, err := destinationFolders(vault)
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		program, err := marked(folder)
		if err != nil {
			return nil, err
		}
		err = states(folder, func(_ string, s state) error {
			c, err := s.copy(ctx, vault)
			if err != nil && !errors.Is(err, ledger.ErrCorrupt) { // of a log that is damaged, what is known still counts
				return err
			}
			c.Program = program
			out = append(out, c)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Confirmed returns how many of the first records of a log in the vault every one of
// the destinations holds, as the process that forwards wrote down. A segment whose records
// are all among them can be rebuilt from any. destinations are their URLs; those of programs
// (see [Destination.Program]) count too, until they are forgotten ([Forget]).
func Confirmed(vault, log string, destinations ...string) (uint64, error) {
	folders, err := destinationFolders(vault)
	if err != nil {
		return 0, err
	}
	counts := make([]string, len(destinations))
	for i, url := range destinations {
		counts[i] = destinationFolder(vault, url)
	}
	for _, folder := range folders {
		program, err := marked(folder)
		if err != nil {
			return 0, err
		}
		if program {
			counts = append(counts, folder)
		}
	}
	confirmed := uint64(math.MaxUint64)
	for _, folder := range counts {
		s, ok, err := readState(filepath.Join(folder, filepath.Base(log)+stateExt))
		if err != nil {
			return 0, err
		}
		if !ok || s.Differs {
			return 0, nil
		}
		// A segment whose last record was sent still lacks the line that ends it.
		if s.Size > 0 && !s.Sealed {
			s.Size--
		}
		confirmed = min(confirmed, s.Size)
	}
	return confirmed, nil
}

// Holds asks a destination whether it still holds what it confirmed last of a log in the
// vault, by two requests. url is that of the destination, of which store was opened.
func Holds(ctx context.Context, store Store, vault, log, url string) (bool, error) {
	s, ok, err := readState(filepath.Join(destinationFolder(vault, url), filepath.Base(log)+stateExt))
	if err != nil || !ok || s.Chunk == "" {
		return true, err // which is nothing
	}
	prefix := logName(s.Log)
	if _, err := store.Get(ctx, prefix+logFile); errors.Is(err, ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	for o, err := range store.List(ctx, prefix+s.Chunk, "") {
		return err == nil && o.Name == prefix+s.Chunk, err
	}
	return false, nil
}

// copy holds the state against the log.
func (s *state) copy(ctx context.Context, vault string) (Copy, error) {
	c := Copy{Destination: s.Destination, Log: s.Log, Confirmed: s.Size, ConfirmedAt: s.ConfirmedAt, LookedAt: s.LookedAt, Error: s.Error, NextTry: s.NextTry, Stopped: s.Stopped}
	r, err := ledger.OpenReader(durable.Disk{}, filepath.Join(vault, filepath.FromSlash(s.Dir)))
	if errors.Is(err, ledger.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	head, err := r.Published()
	if err != nil {
		return c, err
	}
	first, err := r.First() // what was purged before it was sent never will be
	at := max(s.Size, first)
	if err != nil || head.Size <= at {
		return c, err
	}
	c.Behind = head.Size - at
	oldest, err := r.Record(ctx, at)
	if purged := (*ledger.PurgedError)(nil); errors.As(err, &purged) {
		return c, nil // meanwhile
	}
	if err != nil {
		return c, err
	}
	var line struct {
		At    time.Time // of a record of a run
		Event struct{ At time.Time }
	}
	if err := json.Unmarshal(oldest.Line, &line); err == nil { // else it is none of ours, and has no time
		c.Since = line.At
		if c.Since.IsZero() {
			c.Since = line.Event.At
		}
	}
	return c, nil
}
