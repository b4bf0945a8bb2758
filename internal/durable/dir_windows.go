package durable

// There are no such flags: there are no pipes among the files, and to make a link takes
// a privilege.
const noWait, noFollow = 0, 0

// syncDir does nothing: a directory cannot be flushed on Windows.
func syncDir(string) error { return nil }
