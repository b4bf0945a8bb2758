package main

import (
	"fmt"
	"io"
	"os"
)

// readInput reads a small file that a flag names, or standard input for "-".
func (c *cli) readInput(flag, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.in, maxInput))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fail(exitNotFound, "name a file that is there", "%s: %w", flag, err)
	}
	defer f.Close() // opened for reading: nothing to lose
	data, err := io.ReadAll(io.LimitReader(f, maxInput))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return data, nil
}

// maxInput is more than any line, proof or checkpoint has.
const maxInput = 4 << 20
