package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// accessVerdict is what verify --access found.
type accessVerdict struct {
	Verdict   string `json:"verdict"`
	Directory string `json:"directory"`
	control.AccessReport
	Runs   *boundRuns    `json:"runs,omitempty"` // none: there is no audit log
	Damage *damageReport `json:"damage,omitempty"`
}

// verifyAccess derives every decision of the governance log anew, and holds the runs
// of the audit log against it.
func (c *cli) verifyAccess(ctx context.Context, v *verification) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	held, err := c.readAnchor(ctx, p.cfg, filepath.Join(p.cfg.Dir, control.LogName), v.anchor)
	if err != nil {
		return err
	}
	defer held.close() //nolint:errcheck // nothing was written there
	rep, err := control.VerifyAccess(ctx, p.cfg.Dir, &control.VerifyOptions{Fingerprint: v.fingerprint, Anchor: held.note})
	if errors.Is(err, vault.ErrNotFound) {
		if err = governedBefore(ctx, p); err == nil {
			return fail(exitNotFound, firstOwner(p.cfg), "verify: the vault %s has no governance log, and so no owner", p.cfg.Name)
		}
	}
	if err != nil && !damaged(err) {
		return err
	}
	err = held.locate(ctx, err)
	out := accessVerdict{Verdict: string(vault.SelfSigned), Directory: p.cfg.Dir, AccessReport: rep}
	if rep.Anchored {
		out.Verdict = string(vault.Anchored)
	}
	in := filepath.Join(p.cfg.Dir, control.LogName) // where the damage is
	if err == nil && p.log != nil {
		out.Runs, err = bindRuns(ctx, p)
		if isCorruption(err) {
			in = p.dir
		}
		if err != nil && !damaged(err) {
			return err
		}
		if out.Runs != nil && len(out.Runs.Contradictions) > 0 {
			err = fmt.Errorf("%w: %s the governance log", vault.ErrCorrupt, verb(len(out.Runs.Contradictions), "run contradicts", "runs contradict"))
		}
	}
	if err != nil {
		out.Verdict, out.Damage = corrupt, damageOf(err)
		if in == p.dir {
			out.Damage.countRight(ctx, p.log)
		} else {
			out.Damage.StillRight = out.Events
		}
		if out.Damage.inSegment() {
			out.Damage.File = filepath.Base(in) + "/" + out.Damage.File
		}
	}
	if v.checkpoint && err == nil {
		return c.writeAccessCheckpoint(ctx, p, rep)
	}
	if v.format.value == "json" {
		if werr := writeJSON(c.out, out, "  "); werr != nil {
			return werr
		}
	} else if werr := out.write(c); werr != nil {
		return werr
	}
	if err != nil {
		return fail(exitIntegrity, "keep this copy as evidence, put the logs back from a backup, and verify that with --fingerprint and --anchor", "verify: %s", out.Damage.text())
	}
	c.notTrusted(&out)
	return nil
}

// writeAccessCheckpoint writes the checkpoint of a governance log that is right.
func (c *cli) writeAccessCheckpoint(ctx context.Context, p *place, rep control.AccessReport) error {
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return err
	}
	r, err := ctl.Receipt(ctx, rep.Head.Size-1) // there is a genesis at least
	if err = errors.Join(err, ctl.Close()); err != nil {
		return err
	}
	c.note("checkpoint of %d records, root %s", r.Checkpoint.Size, r.Checkpoint.Root)
	_, err = c.out.Write(r.Checkpoint.Note)
	return err
}

// notTrusted says how far the trust goes.
func (c *cli) notTrusted(v *accessVerdict) {
	if len(v.Flags) > 0 {
		c.note("note: %s without effect: whoever wrote them had no right to what they say, or a newer version of flexor", verb(len(v.Flags), "event is", "events are"))
	}
	if !v.Trusted {
		c.note("note: the genesis is believed because it stands there; hold it against the fingerprint that flexor init printed (--fingerprint)")
	}
}

// write writes the verdict for people.
func (v *accessVerdict) write(c *cli) error {
	var f facts
	colour := audit.Success
	if v.Damage != nil {
		colour = audit.Failed
	}
	f.add("verdict", "%s", c.colour.status(colour, v.Verdict))
	f.add("log", "%s, in %s", control.LogName, printable(v.Directory))
	if d := v.Damage; d != nil {
		f.add("damage", "%s", printable(d.text()))
	}
	trust := "as it stands there"
	if v.Trusted {
		trust = "as known from elsewhere"
	}
	if v.Fingerprint != "" {
		f.add("genesis", "%s, %s", printable(v.Fingerprint), trust)
	}
	f.add("size", "%s, root %s", count(v.Events, "event"), v.Head.Root)
	if v.Events > 0 {
		f.add("decisions", "%d, derived anew from the log: all as recorded", v.Decisions)
	}
	f.add("events", "%s", kindsText(v.Kinds))
	for _, flag := range v.Flags {
		f.add("no effect", "event %d: %s", flag.Index, printable(flag.Reason))
	}
	if r := v.Runs; r != nil {
		f.add("runs", "%d finished, %d of them under this log, %d by a deployment", r.Finished, r.Governed, r.Deployed)
		for _, bad := range r.Contradictions {
			f.add("contradiction", "%s", printable(bad))
		}
	}
	return f.write(c.out, "")
}
