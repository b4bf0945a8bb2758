package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Line is what all records of an audit log have in common. "kind" is the first
// member of every record that a [Recorder] writes.
type Line struct {
	Kind  Kind
	RunID string
	// Seq is the record's number inside its run: 0 is the start; task ends and
	// everything else follow from 1 without gaps. An entry has none, and 0 here.
	Seq  int
	At   time.Time // UTC; of an entry the time of its end
	Late bool      // written after the end of its run

	// AgentName and Writer, which is the [Config.Writer] of its process, stand in
	// the start of a run; AgentName and Environment also in its entry. Empty for
	// other kinds.
	AgentName, Environment, Writer string
}

// DecodeLine reads what is common from one record of any kind, known or not.
// Members it does not know, such as the salt that a sink added, are ignored.
func DecodeLine(line []byte) (Line, error) {
	var l struct {
		Kind    Kind      `json:"kind"`
		RunID   string    `json:"run_id"`
		Seq     int       `json:"seq"`
		At      time.Time `json:"at"`
		EndedAt time.Time `json:"ended_at"`
		Late    bool      `json:"late"`
		Agent   string    `json:"agent_name"`
		Env     string    `json:"environment"`
		Writer  string    `json:"writer"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return Line{}, fmt.Errorf("audit: decode record: %w", err)
	}
	if l.Kind == "" {
		return Line{}, errors.New("audit: decode record: it has no kind")
	}
	if l.Kind == KindRun {
		l.At = l.EndedAt
	}
	return Line{l.Kind, l.RunID, l.Seq, l.At, l.Late, l.Agent, l.Env, l.Writer}, nil
}

// DecodeEntry reads an entry from its line. Members it does not know, such as
// those of a later version or the salt that a sink added, are ignored. A record
// of another kind, or with another schema than [Schema], is an error.
func DecodeEntry(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, fmt.Errorf("audit: decode entry: %w", err)
	}
	switch {
	case e.Kind != KindRun:
		return Entry{}, fmt.Errorf("audit: decode entry: the record is a %q, not a %q", e.Kind, KindRun)
	case e.Schema != Schema:
		return Entry{}, fmt.Errorf("audit: decode entry: schema %q is not %q", e.Schema, Schema)
	case e.RunID == "":
		return Entry{}, errors.New("audit: decode entry: it has no run_id")
	}
	return e, nil
}
