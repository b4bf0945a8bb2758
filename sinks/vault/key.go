package vault

import (
	"context"
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

// Signer signs the checkpoints of a log; see [Config.Signer]. It must give one signature
// only for a text, as Ed25519 does.
type Signer = ledger.Signer

// ErrKey is wrapped by the errors for a signing key that is missing, unsafe or
// of another log.
var ErrKey = errors.New("vault: signing key")

// maxKeyFile is far more than a key takes.
const maxKeyFile = 4 << 10

// ReadKey returns the signer for a key file: one line, a private key in the
// text form of C2SP signed notes. On systems with file modes, a file that others
// than its owner may read or write is refused.
func ReadKey(path string) (Signer, error) {
	data, err := durable.ReadChecked(path, maxKeyFile, func(info fs.FileInfo) error {
		if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
			return fmt.Errorf("others may use %s, its mode is %04o: run chmod 600 %s", path, mode, path)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing: without it the log can be read and verified, but not appended to; put the file back from its backup: %w", ErrKey, path, fs.ErrNotExist)
	}
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

// KeyFile returns where the private key of the log in dir is kept unless
// [Config.KeyFile] says otherwise: keys/<name of dir>.key beside dir.
func KeyFile(dir string) string {
	return filepath.Join(filepath.Dir(dir), "keys", filepath.Base(dir)+".key")
}

// newKeyExt marks the key of a log that is being created. Only once the log is
// there the key gets its name: a key without a log then means that the log was
// taken away.
const newKeyExt = ".new"

// lockKey makes the folder of keys and keeps others from creating the same one.
func lockKey(path string) (durable.Unlocker, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	name := path + ".lock"
	if err := durable.Touch(durable.Disk{}, name, 0o600); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), durable.Patience)
	defer cancel()
	unlock, err := durable.LockWithin(ctx, durable.Disk{}, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return unlock, nil
}

// newKey makes the key for a log that is to be created, with mode 0600, and
// stores it under a name of its own. The caller holds the lock of the key.
func newKey(path, origin string) (Signer, error) {
	key, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	path += newKeyExt
	err = durable.WriteFile(durable.Disk{}, path, []byte(key+"\n"), 0o600)
	if err == nil {
		err = syncDirs(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return ReadKey(path)
}

// nameKey gives the key of a log that was created its name. A process that died
// in between left that to the next.
func nameKey(path string) error {
	if _, err := os.Lstat(path + newKeyExt); errors.Is(err, fs.ErrNotExist) {
		return nil // named already, as it is but for that one time
	}
	err := os.Rename(path+newKeyExt, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // by another process, just now
	}
	if err == nil {
		err = syncDirs(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	return nil
}

// syncDirs makes the names in the folder of keys durable, and its own.
func syncDirs(dir string) error {
	return errors.Join(durable.Disk{}.SyncDir(dir), durable.Disk{}.SyncDir(filepath.Dir(dir)))
}
