package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// childArg is the first argument of a process that [Start] started.
const childArg = "child"

// Child is a process of this same program that works for the one that started it.
// They speak over its standard input and output: it says that it is ready, is
// told to go, and hands over what it found.
type Child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

// Start starts a child with a job, and returns when it is ready. ctx ends it by
// SIGKILL.
func Start(ctx context.Context, job any) (*Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	c := &Child{cmd: exec.CommandContext(ctx, self, childArg, string(text))}
	c.cmd.Stderr = &c.stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := c.out.ReadByte(); err != nil {
		return nil, c.ended(err)
	}
	return c, nil
}

// Go lets the child do its job.
func (c *Child) Go() error {
	_, err := c.in.Write([]byte{'\n'})
	return err
}

// Wait receives what the child found and waits for its end.
func (c *Child) Wait(found any) error {
	return c.ended(gob.NewDecoder(c.out).Decode(found))
}

// ended waits for the child's end. If it, or err, says that something went wrong,
// so does the error, with the last words of the child.
func (c *Child) ended(err error) error {
	_ = c.in.Close() // a child that still waits to be told to go gives up
	if err = errors.Join(c.cmd.Wait(), err); err == nil {
		return nil
	}
	words, _, _ := strings.Cut(c.stderr.String(), "\n")
	return fmt.Errorf("a process of the benchmark failed: %w: %s", err, words)
}

// Killed waits for a child whose job is to die by SIGKILL.
func (c *Child) Killed() error {
	_, err := io.Copy(io.Discard, c.out)
	_ = c.cmd.Wait() // it says that the process was killed
	if err == nil && c.cmd.ProcessState.Exited() {
		err = fmt.Errorf("the process should have died: %v", c.cmd.ProcessState)
	}
	return err
}

// IsChild reports whether this process was started by [Start]; job is then set.
func IsChild(job any) (bool, error) {
	if len(os.Args) != 3 || os.Args[1] != childArg {
		return false, nil
	}
	return true, json.Unmarshal([]byte(os.Args[2]), job)
}

// Ready says that this child is ready, and waits until it is told to go.
func Ready() error {
	if _, err := os.Stdout.Write([]byte{'\n'}); err != nil {
		return err
	}
	_, err := os.Stdin.Read(make([]byte, 1))
	return err
}

// Found hands over what this child found.
func Found(found any) error { return gob.NewEncoder(os.Stdout).Encode(found) }
