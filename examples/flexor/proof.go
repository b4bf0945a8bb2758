package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// proof shows that the entry of a run stands in the signed log. Hashes are in standard
// base64, as in the checkpoint.
type proof struct {
	Position   uint64 `json:"position"`
	File       string `json:"file"` // below the directory of the log
	Offset     int64  `json:"offset"`
	LeafHash   string `json:"leaf_hash"` // RFC 6962, of Line
	Checkpoint head   `json:"checkpoint"`
	PublicKey  string `json:"public_key"`
	Verified   bool   `json:"verified"`
	Receipt    string `json:"receipt"` // C2SP tlog-proof
	Line       string `json:"line"`    // of the log, byte for byte, without its newline
}

// head is what a checkpoint states.
type head struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
}

func headOf(c vault.Checkpoint) head { return head{c.Origin, c.Size, c.Root.String()} }

// prove obtains the proof of a run's entry and checks it as anybody else would; nil if
// the run has no entry.
func (c *cli) prove(ctx context.Context, p *place, s *story) (*proof, error) {
	if s.entry == nil {
		return nil, nil
	}
	r, err := p.log.Receipt(ctx, s.entry.Index)
	if err != nil {
		return nil, err
	}
	if err := vault.CheckReceipt(p.log.PublicKey(), r.Text(), s.entry.Line); err != nil {
		return nil, fmt.Errorf("the entry of %s: %w", s.run.RunID, err)
	}
	return &proof{
		Position: s.entry.Index, File: s.entry.File, Offset: s.entry.Offset,
		LeafHash: tlog.RecordHash(s.entry.Line).String(), Checkpoint: headOf(r.Checkpoint),
		PublicKey: p.log.PublicKey(), Verified: true, Receipt: string(r.Text()), Line: string(s.entry.Line),
	}, nil
}

// keep writes the proof to a new file, and the line that it proves to another. The
// line is without a newline, so that standard tools come to the leaf hash.
func (p *proof) keep(file string) error {
	line := file + ".line"
	if err := writeNew(file, p.Receipt); err != nil {
		return err
	}
	if err := writeNew(line, p.Line); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// writeNew writes a file that must not be there: what may be somebody's evidence is
// not overwritten.
func writeNew(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fail(exitFailed, "choose another file, or remove that one", "%s exists already", file)
	}
	if err != nil {
		return fail(exitFailed, "name a file in a directory that is there, and that you may write", "%w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// explained is the JSON form of explain.
type explained struct {
	RunID   string       `json:"run_id"`
	State   string       `json:"state"`
	PID     int          `json:"pid,omitempty"`     // of a run that has not ended
	Refused string       `json:"refused,omitempty"` // why the run was not admitted
	Entry   *audit.Entry `json:"entry,omitempty"`   // with all that its line had no room for
	SoFar   *soFar       `json:"so_far,omitempty"`  // of a run without an entry
	// Accesses are the reads and writes of data records, as the log has them.
	Accesses []audit.Access    `json:"accesses,omitempty"`
	Late     []json.RawMessage `json:"late,omitempty"` // records written after the end
	Proof    *proof            `json:"proof,omitempty"`

	Authority *authority `json:"authority,omitempty"` // of a run that names a deployment
}

// soFar is what is known of a run that has no entry. It has no status, so that
// nobody takes it for the outcome.
type soFar struct {
	AgentName    string             `json:"agent_name"`
	AgentVersion string             `json:"agent_version,omitempty"`
	Vault        string             `json:"vault"`
	Environment  string             `json:"environment"`
	TriggerType  audit.TriggerType  `json:"trigger_type"`
	TriggerAt    time.Time          `json:"trigger_at"`
	TriggeredBy  string             `json:"triggered_by,omitempty"`
	ParentRunID  string             `json:"parent_run_id,omitempty"`
	StartedAt    time.Time          `json:"started_at"`
	LastRecordAt time.Time          `json:"last_record_at"`
	Tasks        []audit.TaskResult `json:"tasks"`
	Decisions    []audit.Decision   `json:"decisions"`
	Outputs      audit.Values       `json:"outputs"`
	Errors       []audit.ErrorEvent `json:"errors"`
}

// report returns the JSON form of the story.
func (s *story) report(p *proof) explained {
	r := explained{RunID: s.run.RunID, State: s.state(), Refused: s.refused, Accesses: s.accesses, Proof: p}
	for _, l := range s.late {
		r.Late = append(r.Late, l.Line)
	}
	if s.entry != nil {
		r.Entry = &s.run
		return r
	}
	if s.flight != nil {
		r.PID = s.flight.PID
	}
	e := &s.run
	r.SoFar = &soFar{
		AgentName: e.AgentName, AgentVersion: e.AgentVersion, Vault: e.Vault, Environment: e.Environment,
		TriggerType: e.TriggerType, TriggerAt: e.TriggerAt, TriggeredBy: e.TriggeredBy, ParentRunID: e.ParentRunID,
		StartedAt: e.StartedAt, LastRecordAt: s.last,
		Tasks: orEmpty(e.Tasks), Decisions: orEmpty(e.Decisions), Outputs: e.Outputs, Errors: orEmpty(e.Errors),
	}
	return r
}
