package main

import (
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/control"
)

// What somebody hands in to hold a log against may be no evidence at all: a key that was
// not copied whole, a file that was taken for another. That says nothing about the log, and
// must not look as if it did.

// checkKey refuses a text that is no public key.
func checkKey(key string) error {
	if _, err := note.NewVerifier(key); err != nil {
		return misuse("copy it whole, as flexor init printed it: flexor/VAULT/LOG+HASH+KEY", "--key: %q is no public key of a log", key)
	}
	return nil
}

// checkAnchor refuses what is no checkpoint, and that of the vault's other log. from is
// the file that it was in, and governance says which of the logs is meant.
func checkAnchor(data []byte, from string, governance bool) error {
	_, err := note.Open(data, note.VerifierList()) // who signed it is for the verifier
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return misuse("name a file that flexor verify --checkpoint wrote, or the place of a copy by its URL, as in file:///mnt/archive/", "--anchor: %s is no signed checkpoint", from)
	}
	origin, _, _ := strings.Cut(unverified.Note.Text, "\n")
	switch is := strings.HasSuffix(origin, "/"+control.LogName); {
	case is && !governance:
		return misuse("flexor verify --access --anchor "+from, "--anchor: %s is a checkpoint of %s, and not of the audit log", from, origin)
	case !is && governance:
		return misuse("flexor verify --anchor "+from, "--anchor: %s is a checkpoint of %s, and not of the governance log", from, origin)
	}
	return nil
}
