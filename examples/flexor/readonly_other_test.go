//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// canMount reports that cmdReadOnly does not work on this system.
func canMount() bool { return false }

func cmdReadOnly(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("readonly is for Linux") }
