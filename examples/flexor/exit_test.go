package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{fmt.Errorf("open: %w", flexor.ErrDestination), 1},
		{&vaultcfg.Error{Msg: "wrong"}, 1},
		{misuse("", "wrong"), 2},
		{fmt.Errorf("find: %w", vaultcfg.ErrNotFound), 3},
		{&fs.PathError{Op: "open", Path: "vault.json", Err: syscall.EACCES}, 4},
		{&vault.CorruptionError{File: "segments"}, 5},
		{fmt.Errorf("read: %w", vault.ErrForeign), 5},
		{fmt.Errorf("check: %w", vault.ErrProof), 5},
		{fmt.Errorf("wrapped: %w", fail(exitPartly, "", "half")), 6},
		{context.Canceled, 1}, // not by a signal
	} {
		got, stderr := finished(context.Background(), test.err)
		assert.Equal(t, test.code, got, "%v", test.err)
		if test.err != nil {
			assert.True(t, strings.HasPrefix(stderr, "flexor: "), stderr)
		}
	}
	// A signal cancels the context with a cause of its own.
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("interrupt signal received"))
	got, stderr := finished(ctx, fmt.Errorf("tail: %w", context.Cause(ctx)))
	assert.Equal(t, 130, got)
	assert.Equal(t, "flexor: interrupted\n", stderr)
}

func TestErrorsAreReportedLineByLine(t *testing.T) {
	_, stderr := finished(context.Background(), fail(exitFailed, "do\x1b that", "flexor: one\ntwo\x1b"))
	assert.Equal(t, "flexor: one\nflexor: two\\x1b\nfix: do\\x1b that\n", stderr)
}

// finished returns the exit code for err, and what is said about it.
func finished(ctx context.Context, err error) (code int, stderr string) {
	var b strings.Builder
	c := &cli{out: bufio.NewWriter(io.Discard), err: &b}
	return c.finish(ctx, err), b.String()
}
