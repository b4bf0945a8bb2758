package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// The formats on disk; see docs/design/ledger.md. New logs are of Format. A log of
// an older one stays what it is, and what is appended to it is too.
const (
	Format   = "flexor.ledger/v2"
	formatV1 = "flexor.ledger/v1"
)

// infoFile holds the [Info] of a ledger. It is written once.
const infoFile = "log.json"

// Info identifies a ledger. It is the content of its log.json.
type Info struct {
	Format    string `json:"format"`
	Origin    string `json:"origin"`     // the name in every checkpoint, "flexor/<vault>/<log>"
	PublicKey string `json:"public_key"` // C2SP signed-note verifier key
}

// encode returns the one encoding of i; a log.json that differs from it in any
// byte was not written by us.
func (i Info) encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(i) // three strings: cannot fail
	return b.Bytes()
}

// ReadInfo reads and checks the log.json of the ledger in dir.
func ReadInfo(fsys durable.FS, dir string) (Info, note.Verifier, error) {
	data, err := durable.ReadFile(fsys, filepath.Join(dir, infoFile), 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, nil, fmt.Errorf("%w: %s has no %s", ErrNotFound, dir, infoFile)
	}
	if err != nil {
		return Info{}, nil, err
	}
	corrupt := func(reason string) (Info, note.Verifier, error) {
		return Info{}, nil, &CorruptionError{File: infoFile, Reason: reason}
	}
	var info Info
	if err := json.Unmarshal(data, &info); err != nil {
		return corrupt(err.Error())
	}
	if info.Format != Format && info.Format != formatV1 {
		return corrupt(fmt.Sprintf("format %q is neither %q nor %q; a newer version of this software may read it", info.Format, Format, formatV1))
	}
	if !bytes.Equal(info.encode(), data) {
		return corrupt("not in the form in which it was written")
	}
	v, err := note.NewVerifier(info.PublicKey)
	if err != nil {
		return corrupt("public_key: " + err.Error())
	}
	if v.Name() != info.Origin {
		return corrupt(fmt.Sprintf("public_key is of %q, not of %q", v.Name(), info.Origin))
	}
	if want, err := verifierKey(v, info.PublicKey); err != nil || want != info.PublicKey {
		return corrupt("public_key: not in the form in which it was written")
	}
	return info, v, nil
}

// verifierKey returns the one right text of the verifier key that v was made
// from: a hash in upper case or stray bits in base64 mean the same and yet are
// not what was written.
func verifierKey(v note.Verifier, text string) (string, error) {
	parts := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	return fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(key)), err
}

// signedBy checks that s signs the ledger in dir, of which v verifies the signatures.
func (i Info) signedBy(s Signer, v note.Verifier, dir string) error {
	if s.Name() != v.Name() || s.KeyHash() != v.KeyHash() {
		return fmt.Errorf("ledger: the signing key is %s+%08x, but the ledger in %s belongs to %s+%08x", s.Name(), s.KeyHash(), dir, i.Origin, v.KeyHash())
	}
	return nil
}
