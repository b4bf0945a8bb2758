package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// The exit codes. They are a promise to scripts: new ones may be added, none is
// ever given another meaning.
const (
	exitOK          = 0
	exitFailed      = 1   // it was tried and did not work
	exitUsage       = 2   // the command line is wrong; nothing was tried
	exitNotFound    = 3   // no such vault, no such run
	exitDenied      = 4   // not permitted
	exitIntegrity   = 5   // the log is not what was signed
	exitPartly      = 6   // some of it was done
	exitInterrupted = 130 // by a signal
)

// failure is an error that knows its exit code and how to mend it.
type failure struct {
	code int
	err  error
	fix  string // a command or an action; empty: there is nothing to say
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail returns a failure with the given code and fix.
func fail(code int, fix, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...), fix}
}

// misuse returns the failure of a wrong command line.
func misuse(fix, format string, args ...any) error {
	return fail(exitUsage, fix, format, args...)
}

// finish flushes the data, reports err, and returns the exit code.
func (c *cli) finish(ctx context.Context, err error) int {
	// What was found before a failure is still true, and the code says that it is
	// not all.
	if ferr := c.out.Flush(); ferr != nil && err == nil {
		err = ferr
	}
	if err == nil {
		return exitOK
	}
	f := judge(err)
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		f = &failure{exitInterrupted, errors.New("interrupted"), ""}
	}
	for line := range strings.Lines(f.Error()) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "flexor: ") // package flexor says so too
		fmt.Fprintf(c.err, "flexor: %s\n", printable(line))
	}
	if f.fix != "" {
		fmt.Fprintf(c.err, "fix: %s\n", printable(f.fix))
	}
	return f.code
}

// judge finds the exit code and the fix for an error that does not bring its own.
func judge(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return &failure{f.code, err, f.fix}
	case errors.Is(err, vault.ErrCorrupt), errors.Is(err, vault.ErrForeign), errors.Is(err, lineage.ErrForeign):
		return &failure{exitIntegrity, err, "flexor verify shows what is still right; keep this copy as evidence, and put the log back from a backup"}
	case errors.Is(err, vault.ErrProof):
		return &failure{exitIntegrity, err, ""}
	case errors.Is(err, vaultcfg.ErrNotFound):
		return &failure{exitNotFound, err, nameAVault()}
	case errors.Is(err, flexor.ErrDestination):
		return &failure{exitFailed, err, `set audit.destination to "vault://audit-log/" in vault.json`}
	case errors.Is(err, vaultcfg.ErrInvalid):
		return &failure{exitFailed, err, "change vault.json as it says, then see flexor status"}
	case errors.Is(err, syscall.ENOSPC):
		return &failure{exitFailed, err, "free space on that disk, or write elsewhere"}
	case errors.Is(err, fs.ErrPermission):
		return &failure{exitDenied, err, "use an account that may read the vault, or ask its owner for a copy"}
	}
	return &failure{exitFailed, err, ""}
}

// note tells the user something that is not data, after the data that came before it.
func (c *cli) note(format string, args ...any) {
	_ = c.out.Flush() // its error sticks, and finish reports it
	fmt.Fprintf(c.err, "%s\n", printable(fmt.Sprintf(format, args...)))
}
