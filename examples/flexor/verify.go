package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/sinks/vault"
)

// verification is the command line of flexor verify.
type verification struct {
	anchor     string
	key        string
	proof      string
	line       string
	checkpoint bool
	tiles      string

	access      bool
	fingerprint string

	format *choice
}

// verifyCommand verifies a log, or a proof without one.
func (c *cli) verifyCommand() *cobra.Command {
	v := &verification{}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check every byte of the audit log, or a proof taken from it",
		Long: `Checks every byte of the audit log against its signed history, and says how far
the trust in it goes. A copy of the vault on a disk that cannot be written will
do, and no private key is needed. Nothing is changed.

  SELF-SIGNED  the log is what its own key signed: whoever holds that key could
               have rewritten all of it
  ANCHORED     besides, it begins with all that a checkpoint stated that was
               kept elsewhere

Keep a checkpoint elsewhere from time to time (--checkpoint), and hold the log
against it (--anchor). Or name the place that a second copy of the log is sent
to: then the log is held against that copy, and a log that was cut back,
rewritten or begun anew is found, with the place from which on it differs.
Damage is exit code 5.

With --export-tiles the log is also written as C2SP tlog-tiles, for clients and
witnesses of transparency logs.

With --access it checks the governance log in place of the audit log: every
decision that it records is derived anew, from its bytes and the fingerprint of
the genesis alone, and every finished run is held against it: what it says of
the governance log and of its deployment must be so. That takes no key.

With --proof and --line it checks offline what flexor explain --proof kept, and
with --proof DIR what flexor lineage --prove DIR wrote; with --key that needs no
vault.`,
		Example: examples(
			"flexor verify",
			"flexor verify --checkpoint > april.checkpoint",
			"flexor verify --anchor april.checkpoint",
			"flexor verify --anchor file://$PWD/archive",
			"flexor verify --export-tiles tiles",
			"flexor verify --access",
			"flexor verify --access --checkpoint > april.access",
			"flexor verify --proof run.proof --line run.proof.line",
			"flexor verify --proof lineage.proof",
			"flexor verify --format json",
		),
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&v.anchor, "anchor", "", "hold the log against the checkpoint in `FILE` that was kept elsewhere, or against the copy in the place with that URL")
	f.StringVar(&v.key, "key", "", "public `KEY` that the log must have, as known from elsewhere")
	f.BoolVar(&v.checkpoint, "checkpoint", false, "print only the signed checkpoint of the log, to keep it elsewhere")
	f.StringVar(&v.tiles, "export-tiles", "", "write the log as C2SP tlog-tiles into `DIR`, which must be empty")
	f.BoolVar(&v.access, "access", false, "check the governance log: who may do what, and who did")
	f.StringVar(&v.fingerprint, "fingerprint", "", "with --access: the `SHA256:HASH` of the genesis, as flexor init printed it")
	f.StringVar(&v.proof, "proof", "", "check the proof of one entry in `FILE`, or of lineage in that directory, in place of the log")
	f.StringVar(&v.line, "line", "", "the line that the proof is about, in `FILE`")
	v.format = addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.verify(cmd.Context(), v) }
	return cmd
}

// isFingerprint reports whether text has the form of what flexor init prints of the
// genesis.
func isFingerprint(text string) bool {
	hash, ok := strings.CutPrefix(text, "SHA256:")
	sum, err := base64.RawStdEncoding.DecodeString(hash)
	return ok && err == nil && len(sum) == sha256.Size
}

// check refuses flags that do not go together, and what cannot be meant by one.
func (v *verification) check() error {
	if v.key != "" {
		if err := checkKey(v.key); err != nil {
			return err
		}
	}
	lost := v.proof != "" && v.proof != "-" && !exists(v.proof)
	switch {
	case (v.proof == "") != (v.line == "") && !isDir(v.proof) && !lost:
		return misuse("flexor verify --proof FILE --line FILE.line", "--proof and --line go together: the proof is about the line")
	case v.proof != "" && (v.anchor != "" || v.checkpoint || v.tiles != ""):
		return misuse("flexor verify --proof FILE --line FILE.line", "--proof checks one line without the log; --anchor, --checkpoint and --export-tiles are about the log")
	case v.access && (v.proof != "" || v.tiles != "" || v.key != ""):
		return misuse("flexor verify --access", "--access is about the governance log: with it go --fingerprint, --anchor and --checkpoint")
	case v.fingerprint != "" && !v.access:
		return misuse("flexor verify --access --fingerprint "+v.fingerprint, "--fingerprint is that of the genesis of the governance log, and goes with --access")
	case v.fingerprint != "" && !isFingerprint(v.fingerprint):
		return misuse("flexor verify --access --fingerprint SHA256:HASH", "--fingerprint: %q is none: that of a genesis is SHA256: and 43 characters; was it copied whole?", v.fingerprint)
	case v.checkpoint && v.format.value == "json":
		return misuse("flexor verify --checkpoint", "--checkpoint has one form, that of a signed note")
	case lost:
		return fail(exitNotFound, "name what flexor explain --proof or flexor lineage --prove wrote", "--proof: there is no file or directory %s", v.proof)
	}
	return nil
}

// verify verifies a log, or a proof.
func (c *cli) verify(ctx context.Context, v *verification) error {
	if err := v.check(); err != nil {
		return err
	}
	switch {
	case isDir(v.proof):
		return c.verifyLineage(v)
	case v.proof != "":
		return c.verifyProof(v)
	case v.access:
		return c.verifyAccess(ctx, v)
	}
	p, err := c.open()
	if damaged(err) {
		return fail(exitIntegrity, putBack, "verify: %w", err)
	}
	if err != nil {
		return err
	}
	c.warnDisabled(p)
	held, err := c.readAnchor(ctx, p.cfg, p.dir, v.anchor)
	if err != nil {
		return err
	}
	defer held.close() //nolint:errcheck // nothing was written there
	if p.log == nil {
		if held.note != nil {
			return fail(exitIntegrity, "name the vault that the checkpoint is of with --vault", "verify: there is no log in %s, but the anchor states one", p.dir)
		}
		return fail(exitNotFound, "run an agent in this vault first", "verify: nothing has been recorded in %s, so there is no log", p.cfg.Dir)
	}
	rep, err := p.log.Verify(ctx, &vault.VerifyOptions{Anchor: held.note, PublicKey: v.key})
	if err == nil {
		err = purgeRecorded(ctx, p, rep)
	}
	if err != nil && !damaged(err) {
		return err
	}
	err = held.locate(ctx, err)
	if v.tiles != "" && err == nil {
		if err := c.writeTiles(ctx, p, v.tiles); err != nil {
			return err
		}
	}
	if v.checkpoint && err == nil {
		return c.writeCheckpoint(rep)
	}
	out := verdictOf(ctx, p, rep, err)
	if v.checkpoint {
		return damage(p, out.Damage) // what was asked for cannot be had
	}
	if v.format.value == "json" {
		if werr := writeJSON(c.out, out, "  "); werr != nil {
			return werr
		}
	} else if werr := out.write(c.out, c.colour); werr != nil {
		return werr
	}
	if out.Damage != nil {
		return damage(p, out.Damage)
	}
	if rep.Verdict == vault.SelfSigned {
		c.note("note: whoever holds the log's key could have rewritten all of it; keep a checkpoint elsewhere (flexor verify --checkpoint) and hold the log against it (--anchor)")
	}
	return nil
}

// damaged reports whether err says that the log is not what it should be, rather than
// that it could not be read.
func damaged(err error) bool {
	return errors.Is(err, vault.ErrCorrupt) || errors.Is(err, vault.ErrForeign)
}

// putBack is what to do about a log that is not right.
const putBack = "keep this copy as evidence, put the log back from a backup, and verify that with --anchor"

// damage is the failure for a log that is not right.
func damage(p *place, d *damageReport) error {
	return fail(exitIntegrity, putBack,
		"verify: %s is damaged: %s\nstill right: %s", p.dir, d.text(), d.right())
}

// writeTiles writes the log as tiles.
func (c *cli) writeTiles(ctx context.Context, p *place, dir string) error {
	tiles, err := p.log.WriteTiles(ctx, dir)
	if err != nil {
		return fail(exitFailed, "name a directory that is empty or not there, on a disk with room", "verify: --export-tiles: %s", cause(err))
	}
	c.note("wrote %s of tlog-tiles to %s", count(tiles.Files, "file"), dir)
	if tiles.Unbundled > 0 {
		c.note("note: %s longer than an entry of tlog-tiles may be (65535 bytes): the bundles with them are left out, their hashes are there", count(tiles.Unbundled, "record"))
	}
	return nil
}

// writeCheckpoint writes the checkpoint of a log that is right.
func (c *cli) writeCheckpoint(rep vault.Report) error {
	if rep.Head.Note == nil {
		return fail(exitNotFound, "run an agent in this vault first", "verify: the log is empty, and nothing is signed yet")
	}
	c.note("checkpoint of %d records, root %s", rep.Head.Size, rep.Head.Root)
	_, err := c.out.Write(rep.Head.Note)
	return err
}
