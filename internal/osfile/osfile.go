// Package osfile opens and renames files so that on Windows, too, an open file can be
// renamed, replaced and removed by others, this process included.
//
// Package os opens files there without FILE_SHARE_DELETE (go.dev/issue/32088). A log
// could then not be rotated, purged or restored while any process of it lives.
package osfile

import (
	"io/fs"
	"os"
)

// Open is os.OpenFile, but that others may rename, replace and remove the file while
// it is open. A pipe in its place has nobody wait for its other end: whoever can write a
// directory must not be able to stop those who read it.
func Open(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return open(name, flag, perm)
}

// Rename is os.Rename, but that a file that others opened with [Open] is replaced. On
// Windows it waits up to half a second for those that opened it otherwise, such as a
// virus scanner.
func Rename(from, to string) error { return rename(from, to) }
