package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/sinks/openlineage"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// wired are Options with the places that this program reaches, beside file.
func wired() *flexor.Options {
	return &flexor.Options{Sinks: flexor.Sinks{"s3": s3.Open}, Feeds: flexor.Feeds{"openlineage": openlineage.Open}}
}

// openToRecord opens a vault for recording. The key of its pseudonyms is with the programs
// that have agents; what is recorded from here has no values of theirs that would have to
// be found again.
func (c *cli) openToRecord(ctx context.Context, path string) (*flexor.Vault, error) {
	o := wired()
	o.Getenv, o.ManualRetention, o.Pseudonyms = c.getenv, true, onceKey()
	return flexor.Open(ctx, path, o)
}

// openStore opens the place that a URL names. A nil cfg: there is no vault yet.
func openStore(ctx context.Context, cfg *vaultcfg.Config, flag, url string) (archive.Store, error) {
	place, err := vaultcfg.ParseLocation(url)
	if err != nil {
		return nil, misuse("name the place as audit.secondary_destination of vault.json does", "%s: %w", flag, err)
	}
	store, err := flexor.OpenStore(ctx, cfg, wired().Sinks, place)
	if err != nil {
		return nil, fail(exitFailed, "name the place as audit.secondary_destination of vault.json does", "%s: %s", flag, cause(err))
	}
	return store, nil
}

// isURL reports whether an argument names a place elsewhere, and no file.
func isURL(text string) bool { return strings.Contains(text, "://") }

// anchor is what a log is held against.
type anchor struct {
	note  []byte        // a signed checkpoint; nil: nothing
	store archive.Store // where it was kept; nil: in a file
	dir   string        // of the log
}

// readAnchor reads the anchor that --anchor names: a file, or the place that a copy of
// the log in dir is kept in.
func (c *cli) readAnchor(ctx context.Context, cfg *vaultcfg.Config, dir, from string) (a anchor, err error) {
	switch {
	case from == "":
		return a, nil
	case !isURL(from):
		if a.note, err = c.readInput("--anchor", from); err != nil {
			return a, err
		}
		return a, checkAnchor(a.note, from, filepath.Base(dir) == control.LogName)
	}
	store, err := openStore(ctx, cfg, "--anchor", from)
	if err != nil {
		return a, err
	}
	identity, err := durable.ReadFile(durable.Disk{}, filepath.Join(dir, "log.json"), maxInput)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return a, errors.Join(err, store.Close())
	}
	name := cfg.Name + "/" + filepath.Base(dir)
	kept, err := archive.ReadAnchor(ctx, store, name, identity)
	if err != nil {
		return a, errors.Join(anchorError(from, err), store.Close())
	}
	c.note("anchor: %s holds %s of %s; its newest object is %s", from, count(int(kept.Records), "record"), name, kept.Object)
	return anchor{kept.Note, store, dir}, nil
}

// anchorError says what it means that there is no anchor.
func anchorError(from string, err error) error {
	switch {
	case errors.Is(err, archive.ErrNotExist):
		return fail(exitNotFound, "see flexor status for how far the copy is, or name another place", "--anchor %s: %s", from, cause(err))
	case errors.Is(err, archive.ErrConflict):
		return fail(exitIntegrity, "keep both as evidence; flexor restore --from "+from+" DIR shows the log that is kept there", "--anchor %s: %s", from, cause(err))
	case errors.Is(err, archive.ErrDamaged):
		return fail(exitIntegrity, "keep it as evidence, and hold the log against another copy or a checkpoint in a file", "--anchor %s: %s", from, cause(err))
	}
	return fail(exitFailed, "make sure that the place can be reached, and read by this user", "--anchor %s: %s", from, cause(err))
}

// locate says where a log that is damaged, by err, leaves the copy that it was held
// against.
func (a *anchor) locate(ctx context.Context, err error) error {
	var ce *vault.CorruptionError
	if a.store == nil || !errors.As(err, &ce) {
		return err
	}
	at, derr := archive.Differ(ctx, a.store, a.dir)
	if derr != nil || at == nil {
		return err // the damage as it was found is right too
	}
	at.Reason = fmt.Sprintf("%s; %s", ce.Reason, at.Reason)
	return at
}

// close gives back what was opened.
func (a *anchor) close() error {
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}
