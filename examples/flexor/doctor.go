package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// doctorCommand checks a vault.
func (c *cli) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether a vault can do what vault.json promises",
		Long: `Checks vault.json and the layers above it, who may use the files, whether the
disk takes writes and locks, where the signing key is, the log and the clock,
who governs the vault, where the entries go, how long they are kept, and what
each pattern costs. It says what to do about what it finds; a vault that is
broken is checked as far as it goes.

The log is not changed, and not verified either: that is flexor verify. To see
whether the disk can be written, a small file is made beside the log and
removed.

  ok    as it should be
  warn  it works, but somebody should know
  fail  agents cannot record, or others can do what they must not
  skip  not checked, because of something else that is wrong

The exit code is 1 if a check fails, and 5 if the log is not what was signed.`,
		Example: examples("flexor doctor", "flexor doctor --format json"),
		Args:    noArgs,
	}
	format := addChoice(cmd, "format", "form of the output", "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context(), format.value) }
	return cmd
}

// doctor checks the vault.
func (c *cli) doctor(ctx context.Context, format string) error {
	p, err := c.admit()
	if err != nil {
		return err
	}
	d := diagnosis{Directory: p.dir, Result: healthy, Checks: []finding{}}
	for _, check := range checks() {
		for _, f := range check.examine(p, ctx) {
			f.Check = check.name
			d.Checks = append(d.Checks, f)
			d.Result = worse(d.Result, f.Result)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if format == "json" {
		err = writeJSON(c.out, d, "  ")
	} else {
		err = d.write(c)
	}
	if err != nil {
		return err
	}
	return d.verdict(p)
}

// checks returns the checks in their order.
func checks() []check {
	return []check{
		{"configuration", (*patient).configuration},
		{"layers", (*patient).layers},
		{"retention", (*patient).retention},
		{"patterns", (*patient).patterns},
		{"permissions", (*patient).permissions},
		{"directory", (*patient).directory},
		{"locks", (*patient).locks},
		{"log", (*patient).audited},
		{"key", (*patient).key},
		{"clock", (*patient).clock},
		{"governance", (*patient).governance},
		{"destination", (*patient).destination},
		{"second copy", (*patient).secondCopy},
	}
}

// A check looks at one thing and returns at least one finding.
type check struct {
	name    string
	examine func(*patient, context.Context) []finding
}

// A patient is the vault that is checked, as far as it can be opened.
type patient struct {
	file string // vault.json
	dir  string // the vault's

	cfg     *vaultcfg.Config // nil: there is no using vault.json
	cfgErr  error            // why
	missing []string         // variables that are not set here

	logDir string        // where the log is, or would be by default
	logErr error         // why it is not read
	log    *vault.Reader // nil: there is none, or logErr
	damage error         // of the governance log, as its check found

	now func() time.Time
}

// admit opens the vault that the user means as far as possible. The error is that
// there is none.
func (c *cli) admit() (*patient, error) {
	path, err := c.vaultPath()
	if err != nil {
		return nil, err
	}
	p := &patient{now: c.now}
	p.cfg, p.missing, p.cfgErr = c.config()
	if errors.Is(p.cfgErr, vaultcfg.ErrNotFound) {
		return nil, p.cfgErr
	}
	if p.cfg != nil {
		p.file, p.dir = p.cfg.Path, p.cfg.Dir
		if p.logDir, p.logErr = flexor.LogDir(p.cfg); p.logErr != nil {
			return p, nil // the check of the destination reports it
		}
	} else {
		if p.dir, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		if info, err := os.Stat(p.dir); err == nil && !info.IsDir() {
			p.dir = filepath.Dir(p.dir)
		}
		p.file, p.logDir = filepath.Join(p.dir, "vault.json"), filepath.Join(p.dir, "audit-log")
	}
	p.log, p.logErr = vault.OpenReader(p.logDir)
	if errors.Is(p.logErr, vault.ErrNotFound) {
		p.log, p.logErr = nil, (&place{dir: p.logDir}).neverWritten()
	}
	return p, nil
}

// nearest returns the directory of the log, or the nearest one above it that is there.
func (p *patient) nearest() string {
	for dir := p.logDir; dir != "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
	}
	return p.dir
}
