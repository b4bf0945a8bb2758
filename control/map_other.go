//go:build !linux && !darwin && !freebsd

package control

import (
	"errors"
	"os"
)

// mapFile maps nothing where it is not known that what another process writes is
// in the mapping at once.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
