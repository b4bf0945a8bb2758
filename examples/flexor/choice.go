package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words.
type choice struct {
	allowed []string
	value   string
}

// addChoice adds such a flag to a command; the first word is the default.
func addChoice(cmd *cobra.Command, name, usage string, allowed ...string) *choice {
	c := &choice{allowed, allowed[0]}
	cmd.Flags().Var(c, name, usage)
	completeWith(cmd, name, allowed)
	return c
}

// String, Set and Type implement [pflag.Value].
func (c *choice) String() string { return c.value }

func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return notAllowed(word, c.allowed)
	}
	c.value = word
	return nil
}

// choices is a flag that takes some of a few words, repeated or with commas.
type choices[T ~string] struct {
	allowed []T
	values  []T
}

// addChoices adds such a flag to a command; by default none is chosen.
func addChoices[T ~string](cmd *cobra.Command, name, usage string, allowed ...T) *choices[T] {
	c := &choices[T]{allowed: allowed}
	cmd.Flags().Var(c, name, usage)
	completeWith(cmd, name, c.words(allowed))
	return c
}

func (c *choices[T]) words(values []T) []string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return words
}

// String, Set and Type implement [pflag.Value].
func (c *choices[T]) String() string { return strings.Join(c.words(c.values), ",") }

func (c *choices[T]) Type() string { return strings.Join(c.words(c.allowed), "|") }

func (c *choices[T]) Set(list string) error {
	for word := range strings.SplitSeq(list, ",") {
		if !slices.Contains(c.allowed, T(word)) {
			return notAllowed(word, c.words(c.allowed))
		}
		c.values = append(c.values, T(word))
	}
	return nil
}

// notAllowed names the words that are.
func notAllowed(word string, allowed []string) error {
	msg := fmt.Sprintf("%q is none of %s", word, strings.Join(allowed, ", "))
	if right, ok := nearest(word, allowed); ok {
		msg += fmt.Sprintf("; did you mean %s?", right)
	}
	return errors.New(msg)
}

// completeWith lets shells complete a flag with the given words.
func completeWith(cmd *cobra.Command, flag string, words []string) {
	// It fails only for a flag that does not exist or was completed twice.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
