package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Signer signs the checkpoints of a log; see [Config.Signer].
type Signer = ledger.Signer

// ErrKey is wrapped by the errors for a signing key that is missing, unsafe or
// of another log.
var ErrKey = errors.New("vault: signing key")

// ReadKey returns the signer for a key file: one line, a private key in the
// text form of C2SP signed notes. On systems with file modes, a file that others
// than its owner may read or write is refused.
func ReadKey(path string) (Signer, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing: without it the log can be read and verified, but not appended to; put the file back from its backup: %w", ErrKey, path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: others may use %s, its mode is %04o: run chmod 600 %s", ErrKey, path, mode, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	s, err := parseKey(strings.TrimSpace(string(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no key in the form PRIVATE+KEY+<name>+<hash>+<key>", ErrKey, path)
	}
	return s, nil
}

// parseKey derives the verifier key from the signing key.
func parseKey(key string) (Signer, error) {
	s, err := note.NewSigner(key)
	if err != nil {
		return nil, err
	}
	// PRIVATE+KEY+<name>+<hash>+<base64>, in which only the base64 may hold a '+'.
	parts := strings.SplitN(key, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("not an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	verifier, err := note.NewEd25519VerifierKey(s.Name(), public)
	if err != nil {
		return nil, err
	}
	return ledger.NewSigner(key, verifier)
}

// createKey makes a key for a new log and stores it under path with mode 0600,
// unless another process was faster; it returns the key that stands there.
func createKey(path, origin string) (Signer, error) {
	if _, err := os.Lstat(path); err == nil {
		return ReadKey(path)
	}
	key, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	tmp, err := os.CreateTemp(dir, "new-*.tmp") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // a leftover is harmless and has mode 0600
	_, err = tmp.WriteString(key + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	// A link never replaces what is there.
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if err := (durable.Disk{}).SyncDir(dir); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return ReadKey(path)
}
