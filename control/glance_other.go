//go:build !linux

package control

import "time"

// dirName is of use on Linux only: elsewhere each look is a close one.
type dirName struct{}

func newDirName(string) dirName { return dirName{} }

type dirStamp struct{ changed time.Time }

func (dirName) stamp() (dirStamp, bool) { return dirStamp{}, false }
