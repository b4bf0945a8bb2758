package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// vaultName is the form of the names of vaults.
var vaultName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// vaultCalled returns the vault.json of the vault that the user means by its
// directory or its name. A directory that is there comes first. A name is looked for
// in the vaults upward from the working directory and in vaults/<name> beside them,
// the nearest first, and then in the registry.
func (c *cli) vaultCalled(text string) (string, error) {
	if !vaultName.MatchString(text) || isVault(text) {
		return text, nil
	}
	if _, err := os.Lstat(text); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return text, nil // a directory that is no vault; loading it says what is wrong
	}
	found, err := near(text)
	if err != nil {
		return "", err
	}
	if found == "" {
		if found, err = remembered(text); err != nil {
			return "", err
		}
	}
	if found == "" {
		return "", fail(exitNotFound, nameAVault(),
			"there is no directory %s here, and no vault of that name upward from here, in a directory vaults, or among those that flexor init has made: %w", text, vaultcfg.ErrNotFound)
	}
	c.note("vault %s: %s", text, found)
	return found, nil
}

// near looks for a vault by its name from the working directory upward.
func near(name string) (dir string, err error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; at = filepath.Dir(at) {
		for _, dir := range []string{at, filepath.Join(at, "vaults", name)} {
			if nameOf(dir) == name {
				return dir, nil
			}
		}
		if at == filepath.Dir(at) {
			return "", nil
		}
	}
}

// remembered looks for a vault by its name in the registry. Of two with the same name
// neither is meant more than the other.
func remembered(name string) (dir string, err error) {
	var dirs []string
	for _, dir := range registered() {
		if nameOf(dir) == name {
			dirs = append(dirs, dir)
		}
	}
	switch len(dirs) {
	case 0:
		return "", nil
	case 1:
		return dirs[0], nil
	}
	return "", misuse("name it by its directory: --vault "+dirs[0], "%s are called %s: %s", count(len(dirs), "vault"), name, strings.Join(dirs, ", "))
}

// nameOf returns the name of the vault in dir, and nothing for what is none. It
// looks at nothing else in its vault.json: whoever uses the vault does.
func nameOf(dir string) string {
	data, err := durable.ReadFile(durable.Disk{}, filepath.Join(dir, vaultFile), maxInput)
	if err != nil {
		return ""
	}
	var v struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(data, &v) != nil {
		return ""
	}
	return v.Name
}

// knownVaults returns the directories of the vaults that a name could lead to, for
// completion and for whoever looks for a run in the wrong vault.
func knownVaults() []string {
	dirs := registered()
	at, err := os.Getwd()
	for err == nil {
		dirs = append(dirs, at)
		beside := filepath.Join(at, "vaults")
		entries, _ := os.ReadDir(beside) // mostly there is none
		for _, e := range entries {
			dirs = append(dirs, filepath.Join(beside, e.Name()))
		}
		if at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	slices.Sort(dirs)
	return slices.DeleteFunc(slices.Compact(dirs), func(dir string) bool { return nameOf(dir) == "" })
}

// nameAVault says how to name a vault, with those that are known here.
func nameAVault() string {
	var names []string
	for _, dir := range knownVaults() {
		names = withName(names, nameOf(dir))
	}
	such := ""
	if len(names) > 0 {
		such = ", such as " + few(names)
	}
	return "name a vault with --vault or FLEXOR_VAULT by its directory or its name" + such + "; or make one with flexor init DIR"
}

// completeVaults lets shells complete --vault with the names of vaults, and with
// directories.
func completeVaults(root *cobra.Command) {
	err := root.RegisterFlagCompletionFunc("vault", func(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
		for _, dir := range knownVaults() {
			names = append(names, nameOf(dir)+"\t"+dir)
		}
		return names, cobra.ShellCompDirectiveDefault
	})
	if err != nil {
		panic(err) // the flag does not exist, or was completed twice
	}
}
