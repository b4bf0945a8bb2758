package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// length is a flag that takes a length of time, as the flags that take a time do: 90m, 2h
// or 7d, and shorter ones such as 10s.
type length struct{ value *time.Duration }

// addLength adds such a flag to a command. value has its default.
func addLength(cmd *cobra.Command, value *time.Duration, name, usage string) {
	cmd.Flags().Var(length{value}, name, usage)
}

// String, Set and Type implement [pflag.Value].
func (l length) String() string {
	if l.value == nil || *l.value == 0 {
		return ""
	}
	return l.value.String()
}

func (l length) Type() string { return "LONG" }

func (l length) Set(text string) error {
	days, inDays := strings.CutSuffix(text, "d")
	if inDays {
		text = days + "h"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("write a length of time such as 10s, 90m, 2h or 7d")
	}
	if inDays {
		d *= 24
	}
	*l.value = d
	return nil
}
