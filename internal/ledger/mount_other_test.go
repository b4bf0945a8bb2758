//go:build !linux

package ledger

import (
	"errors"
	"testing"
)

func mountReadOnly(testing.TB, string) error { return errors.ErrUnsupported }
