//go:build !linux

package durable

import "os"

// datasync is what os.File.Sync does: F_FULLFSYNC on macOS, FlushFileBuffers
// on Windows, fsync elsewhere.
func datasync(f *os.File) error { return f.Sync() }
