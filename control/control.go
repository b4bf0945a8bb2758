package control

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// LogName is the name of the governance log's directory in a vault.
const LogName = "governance-log"

// Config is what [Open] and [Init] may be told. The zero value works.
type Config struct {
	// Key is the actor's: orders are given in its name and signed by it; see
	// [LoadKey]. Zero: nobody acts. The state can be read, and every order is denied.
	Key rbac.APIKey
	// Signer signs the log's checkpoints, and the events of nobody, in place of the
	// key file keys/governance-log.key in the vault. Zero: the key file.
	Signer vault.Signer
	// Manifest returns the manifest of an agent, and false if it has none. Zero:
	// agents/<name>.yaml in the vault, see [ReadManifest].
	Manifest func(agent string) (m Manifest, ok bool, err error)
	// Now tells the time. Zero: time.Now.
	Now func() time.Time
	// Random makes keys. Zero: crypto/rand.Reader.
	Random io.Reader
	// Logger hears of damage, of events that were skipped, and of failures in the
	// background. Zero: nobody.
	Logger *slog.Logger
}

// Control is the governance of one vault: what its governance log says, and the
// one way to add to it. It is safe for concurrent use, and any number of
// processes may have one for the same vault.
//
// What it answers takes everything into account that was recorded, by whatever
// process, before it was asked.
type Control struct{}

// Open opens the governance of the vault in dir. A vault without a governance
// log, or whose log has no genesis, opens too: every order is then denied with
// rbac.NotInitialised, see [Init]. So does one whose log is damaged or cannot be
// written; see [Control.Damage].
//
// An error is of the file system, or of the signing key.
func Open(ctx context.Context, dir string, cfg *Config) (*Control, error) {
	return nil, errUnfinished
}

// Init gives the vault in dir its first owner, and returns the owner's key: it
// is stored nowhere, so it must be shown now. The vault is opened with that key.
// A vault that has had its first owner is an error that wraps rbac.ErrInitialised.
func Init(ctx context.Context, dir string, g Genesis, cfg *Config) (*Control, rbac.APIKey, error) {
	return nil, rbac.APIKey{}, errUnfinished
}

// A Genesis is what [Init] needs to know.
type Genesis struct {
	Vault   string        // name of the vault, as in its vault.json; required
	Tier    rbac.Tier     // of the vault; required
	Owner   rbac.Subject  // required
	KeyLife time.Duration // of the owner's key. Zero: rbac.DefaultKeyLife
}

// Close ends the use of the vault's governance. Denials that were counted are
// recorded. It is idempotent.
func (c *Control) Close() error { return errUnfinished }

// Head returns how much of the governance log the state takes into account.
func (c *Control) Head() rbac.Head { return rbac.Head{} }

// Vault returns the vault's name; empty: there is no genesis.
func (c *Control) Vault() string { return "" }

// Actor returns who acts through this Control, and the role. Zero: nobody who is
// known.
func (c *Control) Actor() (rbac.Subject, rbac.Grant) { return rbac.Subject{}, rbac.Grant{} }

// Fingerprint returns what identifies the genesis: "SHA256:" and the base64 of
// the hash of its event, exactly as it stands in the log. Whoever is to believe the
// log must know it from elsewhere. Empty: there is no genesis.
func (c *Control) Fingerprint() string { return "" }

// Damage returns why everything but pause and kill is denied, an error that
// wraps [ErrCorrupt]. Nil: the log is whole, as far as it was read.
func (c *Control) Damage() error { return nil }

// Flags returns the events that have no effect, in the order of the log.
func (c *Control) Flags() []Flag { return nil }

// A Flag is an event of the log that was skipped.
type Flag struct {
	Index  uint64 `json:"index"`
	Reason string `json:"reason"`
}
