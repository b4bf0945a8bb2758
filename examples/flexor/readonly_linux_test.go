//go:build linux

package main

import (
	"os"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// canMount reports whether cmdReadOnly works.
func canMount() bool { return os.Getuid() == 0 && tryMount() }

// tryMount mounts and unmounts something.
func tryMount() bool {
	dir, err := os.MkdirTemp("", "flexor-mount")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return syscall.Mount(dir, dir, "", syscall.MS_BIND, "") == nil && syscall.Unmount(dir, 0) == nil
}

// cmdReadOnly makes a directory one that cannot be written: readonly DIR. It mounts, so
// scripts ask for the condition [mount] first.
func cmdReadOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: readonly DIR")
	}
	dir := ts.MkAbs(args[0])
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		ts.Fatalf("cannot mount: %v", err)
	}
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ts.Check(syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}
