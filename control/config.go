package control

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Config is what [Open] and [Init] may be told. The zero value works.
type Config struct {
	// Key is the actor's: orders are given in its name and signed by it; see
	// [Credentials.LoadKey]. Zero: nobody acts. The state can be read, and every
	// order is denied.
	Key rbac.APIKey
	// Signer signs the log's checkpoints, and the events of nobody, in place of the
	// key file keys/governance-log.key in the vault. It must be an Ed25519 key. Zero:
	// the key file.
	Signer vault.Signer
	// Fingerprint is that of the vault's genesis, as known from elsewhere; see
	// [Control.Fingerprint]. A log with another genesis is damage. Empty: the genesis
	// that stands in the log is believed, unless Snapshots knows better.
	Fingerprint string
	// Known is a head that the log once had, as known from elsewhere, such as an entry of
	// the audit log. A log that is shorter, or had another root at that size, is
	// damage. Zero: none is known.
	Known rbac.Head
	// Snapshots is a directory that only this user can write, such as flexor in the
	// directory of os.UserCacheDir, for what the log came to when it was last looked at:
	// opening a vault with thousands of grants takes milliseconds then, and a log that
	// became shorter, was replaced or is gone since is noticed. It must not be in the vault.
	// Empty: the log is read from its beginning each time.
	Snapshots string
	// Manifest returns the manifest of an agent, and false if it has none. Zero:
	// agents/<name>.yaml in the vault, see [ReadManifest].
	Manifest func(agent string) (m Manifest, ok bool, err error)
	// Redactor sees the reason of every order before it is signed: the log keeps it
	// for ever. What it leaves of it is recorded, as one line of at most 1 KiB; if that
	// is nothing, or it fails, "[REDACTED]". Zero: secrets are removed.
	Redactor audit.Redactor
	// Patience is for how long an order waits, unless its context ends sooner, for the log
	// while somebody else has its lock or the disk is slow: the log of a vault whose
	// processes are well has it free every few milliseconds. An order to stop does not wait before it acts. Zero:
	// 10 s.
	Patience time.Duration
	// Now tells the time. Zero: time.Now.
	Now func() time.Time
	// Random makes keys. Zero: crypto/rand.Reader.
	Random io.Reader
	// Logger hears of damage and of failures in the background. Zero: nobody.
	Logger *slog.Logger

	fs durable.FS // of the log; nil: the host's. Tests have others
}

// withDefaults returns a copy for the vault in dir without zero values, but for
// Key and Signer.
func (c *Config) withDefaults(dir string) Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Manifest == nil {
		out.Manifest = manifestIn(dir)
	}
	if out.Patience <= 0 {
		out.Patience = durable.Patience
	}
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.Random == nil {
		out.Random = rand.Reader
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	if out.fs == nil {
		out.fs = durable.Disk{}
	}
	return out
}

// ledger returns the settings for appending to the log.
func (c *Config) ledger(signer vault.Signer) *ledger.Options {
	o := &ledger.Options{Signer: signer, Now: c.Now, Logger: c.Logger}
	if c.fs != (durable.Disk{}) {
		o.FS = c.fs
	}
	return o
}
