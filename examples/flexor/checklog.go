package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// audited checks whether the log can be read.
func (p *patient) audited(context.Context) []finding {
	switch {
	case p.logDir == "":
		return skip("not checked: its directory is not known")
	case p.logErr != nil:
		return p.unreadable(p.logErr)
	case p.log == nil:
		return fine("nothing has been recorded yet")
	}
	head, err := p.log.Head()
	if err != nil {
		p.logErr = err
		return p.unreadable(err)
	}
	return fine("%s up to the newest checkpoint", count(int(head.Size), "record"))
}

func (p *patient) unreadable(err error) []finding {
	remedy := "flexor verify shows what is still right; keep this copy as evidence, and put the log back from a backup"
	if !errors.Is(err, vault.ErrCorrupt) {
		remedy = judge(err).fix
	}
	return bad(remedy, "%s", cause(err))
}

// key checks who can sign the log: nobody but its owner should read the key, and a key
// beside the log proves less than one elsewhere.
func (p *patient) key(context.Context) []finding {
	if p.logDir == "" {
		return skip("not checked: the directory of the log is not known")
	}
	file := vault.KeyFile(p.logDir)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && p.log == nil:
		return fine("none yet: it is made together with the log")
	case errors.Is(err, fs.ErrNotExist):
		return warn("nothing, if programs have flexor.Options.Signer; else put it back from its backup", "%s is missing: only a program with a signer of its own can record", file)
	case err != nil:
		return bad("use an account that may read it", "%s", cause(err))
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return bad("chmod 600 "+file, "others may use the signing key %s, its mode is %04o", file, mode)
	}
	signer, err := vault.ReadKey(file)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return bad("let agents run as the user who owns it", "%s", cause(err))
	case err != nil:
		return bad("put it back from its backup", "%s", err)
	case p.log != nil && signer.VerifierKey() != p.log.PublicKey():
		return bad("put it back from its backup", "%s is the key of another log, %s", file, signer.Name())
	}
	return warn("keep checkpoints elsewhere (flexor verify --checkpoint), or the key itself (flexor.Options.Signer)",
		"the signing key is in the vault, %s: whoever can copy both could write the log anew", file)
}

const (
	// newest is how many of the newest records are looked at for their times.
	newest = 1000
	// slack is how far times may be apart before it counts: processes write to one
	// log, and machines are set to time servers.
	slack = time.Minute
)

// clock checks whether times are plausible: not before what is recorded already, and
// not going back.
func (p *patient) clock(ctx context.Context) []finding {
	const remedy = "set the clock by a time server"
	now := p.now().Round(0) // without the monotonic reading, which cannot go back
	if now.Year() < 2026 {
		return bad(remedy, "it is not %s", clock(now.UTC()))
	}
	if later := p.now().Round(0); later.Before(now) {
		return bad(remedy, "the clock goes back: after %s comes %s", now.UTC().Format(time.RFC3339Nano), later.UTC().Format(time.RFC3339Nano))
	}
	if p.log == nil || p.logErr != nil {
		return fine("%s UTC", clock(now.UTC()))
	}
	last, back, err := p.times(ctx)
	switch {
	case err != nil:
		return skip("not compared with the log: %s", cause(err))
	case last.Sub(now) > slack:
		return bad(remedy, "it is %s UTC, but the newest record is of %s UTC", clock(now.UTC()), clock(last))
	case last.IsZero():
		return fine("%s UTC", clock(now.UTC()))
	case back > slack:
		return warn("run one time service on all machines that write the log; the order of the log is right all the same", "among the newest records, times go back by up to %s", back.Round(time.Second))
	}
	return fine("%s UTC, after the newest record", clock(now.UTC()))
}

// times returns the latest time among the newest records, and by how much times go
// back there.
func (p *patient) times(ctx context.Context) (last time.Time, back time.Duration, err error) {
	head, err := p.log.Head()
	if err != nil {
		return last, 0, err
	}
	for rec, err := range p.log.Records(ctx, head.Size-min(head.Size, newest)) {
		if err != nil {
			return last, back, err
		}
		line, err := audit.DecodeLine(rec.Line)
		if err != nil {
			return last, back, err
		}
		if line.At.After(last) {
			last = line.At
		} else if !line.At.IsZero() {
			back = max(back, last.Sub(line.At))
		}
	}
	return last, back, nil
}
