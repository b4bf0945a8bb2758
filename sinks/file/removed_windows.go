package file

import "io/fs"

// removed reports false: Windows does not let anybody remove the name of a file
// that we have open.
func removed(fs.FileInfo) bool { return false }
