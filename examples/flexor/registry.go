package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// registryFile is where vaults are remembered by whom they were made: a text with
// the directory of a vault in each line. Their names are in their vault.json, so that
// no name can lead to a vault that is called otherwise.
func registryFile() (string, error) {
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "flexor", "vaults"), err
}

// registered returns the directories in the registry. A registry that cannot be
// read remembers nothing.
func registered() (dirs []string) {
	path, err := registryFile()
	if err != nil {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close() // opened for reading: nothing to lose
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if dir := lines.Text(); filepath.IsAbs(dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// register remembers a vault, so that --vault finds it by its name from anywhere.
// What is there already is only added to.
func register(dir string) error {
	if slices.Contains(registered(), dir) {
		return nil
	}
	if strings.ContainsAny(dir, "\r\n") {
		return errors.New("a directory with a line break in its name")
	}
	path, err := registryFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(dir + "\n")
	return errors.Join(err, f.Close())
}

// isVault reports whether there is a vault.json in dir.
func isVault(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, vaultFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// vaultFile is the name of the file that makes a directory a vault.
const vaultFile = "vault.json"
