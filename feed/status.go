package feed

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Position says how far a target is with a log.
type Position struct {
	Name    string    `json:"name"` // of the target
	Log     string    `json:"log"`  // origin
	Sent    uint64    `json:"sent"` // records of the log that the target has, or was not to have
	SentAt  time.Time `json:"sent_at,omitzero"`
	Behind  uint64    `json:"behind"`          // records that are to be sent
	Missing uint64    `json:"missing"`         // records that were removed from the log before they were sent, when sending goes on
	Since   time.Time `json:"since,omitzero"`  // when the first of them was recorded; zero: there are none
	Error   string    `json:"error,omitempty"` // why the last attempt failed
	NextTry time.Time `json:"next_try,omitzero"`

	// Refused is how many records the target refused for what they are, so that they were left
	// out: see [Aside]. They count among Sent. The others are of the last of them.
	Refused     uint64    `json:"refused,omitempty"`
	LastRefused uint64    `json:"last_refused,omitempty"` // index
	RefusedAt   time.Time `json:"refused_at,omitzero"`
	Refusal     string    `json:"refusal,omitempty"` // what the target has against it
}

// Status returns how far the targets of a log are whose feeds have their [Config.State] in
// folders of dir, by what the process that sends wrote down, up to a second ago. It asks no
// target.
func Status(ctx context.Context, log *vault.Reader, dir string) (out []Position, err error) {
	folders, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, d := range folders {
		s, err := readState(filepath.Join(dir, d.Name()))
		if err != nil {
			return nil, err
		}
		if s.Log != log.Origin() {
			continue // nothing was sent yet, or not from this log
		}
		p, err := s.position(ctx, log)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// position holds the state against the log.
func (s *state) position(ctx context.Context, log *vault.Reader) (Position, error) {
	p := Position{
		Name: s.Name, Log: s.Log, Sent: s.Next, SentAt: s.SentAt, Error: s.Error, NextTry: s.NextTry,
		Refused: s.Refused, LastRefused: s.LastRefused, RefusedAt: s.RefusedAt, Refusal: s.Refusal,
	}
	head, err := log.Head()
	if err != nil || head.Size <= s.Next {
		return p, err
	}
	first, err := log.First()
	if err != nil {
		return p, err
	}
	at := max(s.Next, first)
	p.Behind, p.Missing = head.Size-at, at-s.Next
	for first, err := range log.Records(ctx, at) {
		if errors.Is(err, vault.ErrCorrupt) {
			return p, nil // of a log that is damaged, what is known still counts
		}
		if err != nil {
			return p, err
		}
		var line struct {
			At      time.Time
			EndedAt time.Time              `json:"ended_at"` // of an entry
			Event   struct{ At time.Time } // of a governance log
		}
		if json.Unmarshal(first.Line, &line) == nil { // else it is none of ours, and has no time
			for _, at := range []time.Time{line.At, line.EndedAt, line.Event.At} {
				if p.Since.IsZero() {
					p.Since = at
				}
			}
		}
		break
	}
	return p, nil
}
