package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// A weight is how many bytes the program in weight/<name> has.
type weight struct {
	name            string
	whole, stripped int64
}

// The programs that are weighed: one that records a run in a vault, and those that
// also decide.
const (
	bare      = "none"
	withRBAC  = "rbac"
	withCedar = "cedar"
)

var programs = []string{bare, withRBAC, withCedar, "casbin", "opa", "openfga"}

// weigh builds programs. It must run in this directory.
func weigh(ctx context.Context, names ...string) (all []weight, err error) {
	dir, err := os.MkdirTemp("", "weigh-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, name := range names {
		w := weight{name: name}
		if w.whole, err = build(ctx, dir, name, ""); err != nil {
			return nil, err
		}
		if w.stripped, err = build(ctx, dir, name, "-s -w"); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func build(ctx context.Context, dir, name, ldflags string) (size int64, err error) {
	file := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", ldflags, "-o", file, "./weight/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build %s: %w: %s", name, err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
