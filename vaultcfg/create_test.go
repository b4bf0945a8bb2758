package vaultcfg

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestCreateLeavesNothingHalfDone fails after a part is written, as a full disk
// does.
func TestCreateLeavesNothingHalfDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), fileName)
	full := errors.New("disk full")
	err := create(path, func(f *os.File) error {
		_, err := f.WriteString(`{"name":`)
		return errors.Join(err, full)
	})
	assert.ErrorIs(t, err, full)
	assert.NoFileExists(t, path)

	closed := create(path, func(f *os.File) error { return f.Close() }) // so that the sync fails
	assert.ErrorIs(t, closed, os.ErrClosed)
	assert.NoFileExists(t, path)
}
