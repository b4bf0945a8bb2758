package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// verdict is what verify found.
type verdict struct {
	Verdict    string             `json:"verdict"`
	Log        string             `json:"log"`
	Directory  string             `json:"directory"`
	PublicKey  string             `json:"public_key"`
	Size       uint64             `json:"size"` // records, as far as they are right
	Root       string             `json:"root"`
	First      uint64             `json:"first"` // record that is left; those before were removed when their time was over
	Segments   int                `json:"segments"`
	Commits    int                `json:"commits"`
	Bytes      int64              `json:"bytes"`
	Entries    int                `json:"entries"` // finished runs
	Kinds      map[audit.Kind]int `json:"kinds"`   // records by kind
	Unfinished int64              `json:"unfinished_bytes"`
	Unsigned   uint64             `json:"unsigned_records"` // behind size, which no signature covers yet
	Notes      []string           `json:"notes"`
	Damage     *damageReport      `json:"damage,omitempty"`
}

// damageReport says where a log is not right.
type damageReport struct {
	File   string `json:"file,omitempty"`
	Offset int64  `json:"offset"`
	Record uint64 `json:"record"`
	Reason string `json:"reason"`
	// StillRight is how many records before the damage match what was signed, and
	// Entries how many finished runs are among them.
	StillRight int `json:"still_right"`
	Entries    int `json:"still_right_entries"`
}

// right says what can still be believed.
func (d *damageReport) right() string {
	if d.StillRight == 0 {
		return "nothing that comes before it"
	}
	return fmt.Sprintf("the first %s match what the log's key signed, with %s", count(d.StillRight, "record"), count(d.Entries, "finished run"))
}

// corrupt is the verdict on a log that is not right.
const corrupt = "CORRUPT"

// verdictOf puts together what was found.
func verdictOf(ctx context.Context, p *place, rep vault.Report, err error) verdict {
	v := verdict{
		Verdict: string(rep.Verdict), Log: p.log.Origin(), Directory: p.dir, PublicKey: p.log.PublicKey(),
		Size: rep.Head.Size, Root: rep.Head.Root.String(), First: rep.Purged.Size, Segments: rep.Segments, Commits: rep.Commits, Bytes: rep.Bytes,
		Entries: rep.Entries, Kinds: rep.Kinds, Unfinished: rep.Unfinished, Unsigned: rep.Unsigned, Notes: orEmpty(rep.Notes),
	}
	if err == nil {
		return v
	}
	v.Verdict, v.Damage = corrupt, damageOf(err)
	v.Damage.countRight(ctx, p.log)
	return v
}

// countRight counts what of an audit log is right before the damage. A report of the log
// counts whole segments.
func (d *damageReport) countRight(ctx context.Context, log *vault.Reader) {
	for rec, err := range log.Records(ctx, 0) {
		if err != nil {
			break
		}
		d.StillRight++
		if line, err := audit.DecodeLine(rec.Line); err == nil && line.Kind == audit.KindRun {
			d.Entries++
		}
	}
}

// inSegment reports whether the damage has a place in a segment. What is wrong with a log
// as a whole has none.
func (d *damageReport) inSegment() bool { return strings.HasSuffix(d.File, ".jsonl") }

// text says where the damage is, and what.
func (d *damageReport) text() string {
	if !d.inSegment() {
		return d.Reason
	}
	return fmt.Sprintf("%s at byte %d, record %d: %s", d.File, d.Offset, d.Record, d.Reason)
}

// isCorruption reports whether err is damage of the bytes of a log.
func isCorruption(err error) bool {
	var ce *vault.CorruptionError
	return errors.As(err, &ce)
}

// damageOf says what err found.
func damageOf(err error) *damageReport {
	var ce *vault.CorruptionError
	if errors.As(err, &ce) {
		return &damageReport{File: ce.File, Offset: ce.Offset, Record: ce.Index, Reason: ce.Reason}
	}
	return &damageReport{Reason: err.Error()}
}

// write writes the verdict for people.
func (v verdict) write(w io.Writer, p palette) error {
	var f facts
	colour := audit.Success
	if v.Damage != nil {
		colour = audit.Failed
	}
	f.add("verdict", "%s", p.status(colour, v.Verdict))
	f.add("log", "%s, in %s", printable(v.Log), printable(v.Directory))
	if d := v.Damage; d != nil {
		f.add("damage", "%s at byte %d, record %d", printable(d.File), d.Offset, d.Record)
		f.add("", "%s", printable(d.Reason))
		f.add("still right", "%s", d.right())
	}
	if v.Damage == nil {
		f.add("size", "%s, %s", count(int(v.Size), "record"), count(v.Entries, "finished run"))
		f.add("root", "%s", v.Root)
		f.add("segments", "%d, with %s in %d bytes", v.Segments, count(v.Commits, "commit"), v.Bytes)
		f.add("records", "%s", kindsText(v.Kinds))
	}
	if v.First > 0 {
		f.add("removed", "the records before %d, whose time was over", v.First)
	}
	f.add("public key", "%s", printable(v.PublicKey))
	if v.Unfinished > 0 {
		f.add("unfinished", "%d bytes of a write that is under way or never finished; nothing in them was acknowledged", v.Unfinished)
	}
	for _, n := range v.Notes {
		f.add("note", "%s", printable(n))
	}
	return f.write(w, "")
}

// kindsText counts records by kind, in the order of the alphabet, without the versions
// of the kinds.
func kindsText[K ~string](kinds map[K]int) string {
	var parts []string
	for k, n := range kinds {
		name, _, _ := strings.Cut(string(k), "/")
		parts = append(parts, fmt.Sprintf("%s %d", printable(name), n))
	}
	if len(parts) == 0 {
		return "none"
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
