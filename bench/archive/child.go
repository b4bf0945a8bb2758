package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// childArg is the first argument of a process that [run] starts.
const childArg = "child"

// job is what such a process does: one of them.
type job struct {
	Send   *sendJob
	Record *recordJob
}

// run does a job in a process of its own, with env beside its environment.
func run(ctx context.Context, j job, env []string, found any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, childArg, string(text))
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return json.Unmarshal(out, found)
}

// child does the job if this process was started by run.
func child(args []string, out io.Writer) (bool, error) {
	if len(args) != 3 || args[1] != childArg {
		return false, nil
	}
	var j job
	if err := json.Unmarshal([]byte(args[2]), &j); err != nil {
		return true, err
	}
	var found any
	var err error
	switch ctx := context.Background(); {
	case j.Send != nil:
		found, err = j.Send.do(ctx)
	case j.Record != nil:
		found, err = j.Record.do(ctx)
	default:
		err = fmt.Errorf("no job in %s", args[2])
	}
	if err != nil {
		return true, err
	}
	return true, json.NewEncoder(out).Encode(found)
}
