package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/internal/durable"
)

// agentFile is the file of an agent in a vault, agents/<name>.yaml.
type agentFile struct {
	control.Manifest
	digest  string // of its bytes, as deployments state it
	trigger string // its type; empty: not stated in a form that is understood
	err     error  // why it cannot be used
}

// agentFiles are the files of the agents of a vault by name. Each is read once, so
// that what is checked is what is deployed.
type agentFiles struct {
	dir  string
	read map[string]*agentFile // nil values: there is no such file
}

func agentFilesIn(vault string) *agentFiles {
	return &agentFiles{filepath.Join(vault, "agents"), map[string]*agentFile{}}
}

// file returns the file of an agent, and nil if there is none.
func (a *agentFiles) file(agent string) *agentFile {
	if f, known := a.read[agent]; known {
		return f
	}
	f := a.load(agent)
	a.read[agent] = f
	return f
}

// maxAgentFile is more than any agent's file has, in bytes.
const maxAgentFile = 1 << 20

func (a *agentFiles) load(agent string) *agentFile {
	name := filepath.FromSlash(agent) + ".yaml"
	if !filepath.IsLocal(name) {
		return nil // such as a/../../b: no name of a file in the vault
	}
	path := filepath.Join(a.dir, name)
	data, err := durable.ReadFile(durable.Disk{}, path, maxAgentFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &agentFile{err: err}
	}
	m, err := control.ReadManifest(data)
	if err != nil {
		return &agentFile{err: fmt.Errorf("%s: %w", path, err)}
	}
	sum := sha256.Sum256(data)
	return &agentFile{Manifest: m, digest: "sha256:" + hex.EncodeToString(sum[:]), trigger: triggerOf(data)}
}

// lookup is file, as the control package asks for it.
func (a *agentFiles) lookup(agent string) (control.Manifest, bool, error) {
	f := a.file(agent)
	switch {
	case f == nil:
		return control.Manifest{}, false, nil
	case f.err != nil:
		return control.Manifest{}, false, f.err
	}
	return f.Manifest, true, nil
}

// names returns the agents that have a file, by name.
func (a *agentFiles) names() (names []string, err error) {
	err = filepath.WalkDir(a.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(a.dir, path)
		if name, ok := strings.CutSuffix(filepath.ToSlash(rel), ".yaml"); ok && err == nil {
			names = append(names, name)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// completeAgents lets shells complete --agent with the agents that have a file.
func (c *cli) completeAgents(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("agent", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		cfg, _, err := c.config()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names, _ := agentFilesIn(cfg.Dir).names() // without them there is nothing to complete
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag does not exist, or was completed twice
	}
}

// triggerOf returns the type of the trigger that an agent's file states, where it
// stands in the usual form:
//
//	trigger:
//	  type: schedule
//
// It is for people only. In any other form nothing is stated.
func triggerOf(data []byte) string {
	inside := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n\t ")
		key, value, ok := strings.Cut(strings.TrimLeft(line, " "), ":")
		indented := strings.HasPrefix(line, " ")
		switch {
		case line == "" || strings.HasPrefix(strings.TrimLeft(line, " "), "#"):
		case !indented:
			inside = ok && key == "trigger" && value == ""
		case inside && ok && key == "type":
			value, _, _ = strings.Cut(value, " #")
			return strings.Trim(value, " \t\"'")
		}
	}
	return ""
}
