package control

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// LogName is the name of the governance log's directory in a vault.
const LogName = "governance-log"

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
	// became shorter or was replaced since is noticed. It must not be in the vault.
	// Empty: the log is read from its beginning each time.
	Snapshots string
	// Manifest returns the manifest of an agent, and false if it has none. Zero:
	// agents/<name>.yaml in the vault, see [ReadManifest].
	Manifest func(agent string) (m Manifest, ok bool, err error)
	// Redactor sees the reason of every order before it is signed: the log keeps it
	// for ever. What it leaves of it is recorded, as one line of at most 1 KiB; if that is nothing, or
	// it fails, "[REDACTED]". Zero: secrets are removed.
	Redactor audit.Redactor
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

// Control is the governance of one vault: what its governance log says, and the
// one way to add to it. It is safe for concurrent use, and any number of
// processes may have one for the same vault.
//
// What it answers takes everything into account that was recorded, by whatever
// process, before it was asked.
type Control struct {
	cfg    Config
	dir    string            // of the vault
	log    string            // directory of the governance log
	public ed25519.PublicKey // of the actor's key; nil: none

	mu        sync.RWMutex    // guards what follows; taken under the ledger's lock, and never the other way round
	reader    *ledger.Reader  // nil: there is no log yet
	tail      *ledger.Tail    // nil: there is no log yet
	horizon   horizon         // of the log
	state     *state          // nil: there is no log yet
	proven    bool            // the state knows the actor's key, which never changes
	looked    time.Time       // when the log was last looked at closely
	glance    glance          // before that look
	damage    error           // what is wrong with the log; it is not read any further
	whole     bool            // the log was read to its end once, so that the state has all keys of that time
	saved     uint64          // size of the log as of the snapshot
	spoolRead time.Time       // when halts that were not recorded were last looked for
	refused   map[string]bool // names of files with such halts of which it was said that they have no effect
	listeners []*listener
	closed    bool
	appendMu  sync.Mutex  // guards appender; taken before mu
	appender  *ledger.Log // nil: nothing was ordered yet
	signer    vault.Signer

	spoolMu sync.Mutex // held while a halt is laid down: the file of one is written by one at a time

	tally tally // of denials, that this process counted; guarded by mu

	secretsOnce sync.Once
	secrets     audit.Redactor // unless Config.Redactor
	secretsErr  error
}

// listener is somebody who is told of halts.
type listener struct{ told func(h Halt, ended bool) }

// Open opens the governance of the vault in dir. A vault without a governance
// log, or whose log has no genesis, opens too: every order is then denied with
// rbac.NotInitialised, see [Init]. So does one whose log is damaged: every order
// but pause and kill is then denied, see [Control.Damage]. Nothing is written
// before the first order.
func Open(ctx context.Context, dir string, cfg *Config) (*Control, error) {
	c := &Control{cfg: cfg.withDefaults(dir), dir: dir, log: filepath.Join(dir, LogName), refused: map[string]bool{}}
	c.public = c.cfg.Key.Public()
	if err := c.refresh(ctx); err != nil && !errors.Is(err, ErrCorrupt) {
		return nil, fmt.Errorf("control: open %s: %w", dir, err)
	}
	return c, nil
}

// lookEvery is for how long at most it is not noticed that a file of the log was
// replaced or removed. What was appended is noticed at once.
const lookEvery = 100 * time.Millisecond

// refresh takes into account what the log says by now. It is cheap if nothing was
// added. An error is of reading; damage wraps [ErrCorrupt], and the state then
// stays as it was.
func (c *Control) refresh(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c.mu.RLock()
	fresh := c.fresh()
	c.mu.RUnlock()
	if fresh {
		return nil
	}
	return c.lookAgain()
}

// rlockFresh is refresh, and holds mu for reading when it returns, whatever it
// returns.
func (c *Control) rlockFresh(ctx context.Context) error {
	c.mu.RLock()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case c.fresh():
		return nil
	}
	c.mu.RUnlock()
	defer c.mu.RLock()
	return c.lookAgain()
}

// fresh reports whether the state takes into account all that the log says. It is
// called by who holds mu.
func (c *Control) fresh() bool {
	return c.damage == nil && c.tail != nil && !c.closed && time.Since(c.looked) < lookEvery &&
		(c.horizon.reached(c.state.tree.Size()) || c.tail.Quiet())
}

// lookAgain reads what was added to the log, and looks closely at its files.
func (c *Control) lookAgain() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.glanced() {
		return nil
	}
	now := c.glanceAt(time.Now())
	err := c.catchUp()
	if c.state != nil && !c.closed {
		c.readSpool()
	}
	if err == nil {
		c.glance = now
	}
	return err
}

// catchUp is refresh for who holds mu.
func (c *Control) catchUp() error {
	switch {
	case c.closed:
		return ErrClosed
	case c.damage != nil:
		return c.damage
	}
	err := c.readOn()
	if errors.Is(err, ErrCorrupt) {
		c.setDamage(err)
	}
	return err
}

// damaged notes what is wrong with the log, which who appends to it may find first.
func (c *Control) damaged(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setDamage(err)
}

// setDamage is damaged for who holds mu.
func (c *Control) setDamage(err error) {
	if c.damage != nil {
		return
	}
	c.damage = err
	if c.state == nil {
		c.state = newState(nil) // to keep what is halted
		c.state.tell = c.tell
	}
	c.cfg.Logger.Error("control: the governance log is damaged; everything but pause and kill is denied", "dir", c.log, "err", err)
}

// readOn reads what was appended.
func (c *Control) readOn() error {
	if c.tail == nil {
		if err := c.begin(); err != nil || c.tail == nil {
			return err
		}
	}
	recs, err := c.tail.Next()
	c.looked = time.Now()
	c.horizon.look(c.log)
	if len(recs) > 0 {
		c.state.takeAll(recs)
	}
	c.proven = c.keyID(c.state) != ""
	if err == nil {
		err = c.state.isKnown(c.cfg.Fingerprint)
	}
	c.whole = c.whole || err == nil
	return err
}

// begin opens the log, if there is one.
func (c *Control) begin() error {
	r, err := ledger.OpenReader(c.cfg.fs, c.log)
	if errors.Is(err, ledger.ErrNotFound) {
		return c.missing()
	}
	if err != nil {
		return err
	}
	snap, err := c.loadSnapshot(r.Info().PublicKey)
	if err != nil {
		return err
	}
	s := newState(r.Verifier())
	tail, err := s.resumeAt(r, snap)
	if err != nil {
		return err
	}
	if err := s.expect(c.cfg.Known); err != nil {
		tail.Close()
		return err
	}
	if snap != nil {
		c.saved = snap.policy.Head.Size
	}
	s.tell = c.tell
	c.reader, c.tail, c.state = r, tail, s
	return nil
}

// missing says whether it is right that there is no log.
func (c *Control) missing() error {
	if c.cfg.Known.Size > 0 {
		return gone("it is known to have had %d records: put it back from a copy", c.cfg.Known.Size)
	}
	if snap, path := c.readSnapshot(); snap != nil {
		return gone("it had %d records when it was last looked at: put it back from a copy or, if it was given up, remove %s", snap.policy.Head.Size, path)
	}
	return missing(c.cfg.fs, c.log)
}

// missing says whether it is right that there is no log in that directory, as far as the
// vault shows: a log that is gone has left its key.
func missing(fsys durable.FS, log string) error {
	key := vault.KeyFile(log)
	if _, err := os.Lstat(key); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	// It may have been made between the two looks: a key gets its name last.
	if _, err := ledger.OpenReader(fsys, log); !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	return gone("its key %s is there: put the log back from a copy", key)
}

// gone is the damage that a log is not there, although something shows that it was.
func gone(but string, args ...any) error {
	return &ledger.CorruptionError{File: "log.json", Reason: "the log is gone, but " + fmt.Sprintf(but, args...)}
}

// tell tells the listeners. It is called by who holds mu.
func (c *Control) tell(h Halt, ended bool) {
	for _, l := range c.listeners {
		l.told(h, ended)
	}
}

// onHalt has f called for every pause and kill, and for every resume (of which
// ended is true), that takes effect from now on: those of the log in their order,
// whoever gave them, and at once those of this process, which are told of again
// when they are recorded. f must be quick, and must not call the Control. For
// orders of the log it is called by whoever caught up with the log, which
// [Control.refresh] does.
func (c *Control) onHalt(f func(h Halt, ended bool)) (remove func()) {
	l := &listener{f}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, l)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.listeners = slices.DeleteFunc(c.listeners, func(o *listener) bool { return o == l })
	}
}

// Close ends the use of the vault's governance. Denials that were counted are
// recorded. It is idempotent.
func (c *Control) Close() error {
	err := c.recordRepeats(true)
	c.appendMu.Lock()
	defer c.appendMu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.saveSnapshot()
	c.closed = true
	if c.tail != nil {
		c.tail.Close()
	}
	c.horizon.close()
	if c.appender != nil {
		err = errors.Join(err, c.appender.Close())
	}
	return err
}

// read calls f with the state as the log has it by now. f is not called if there
// is no log.
func (c *Control) read(ctx context.Context, f func(s *state)) error {
	err := c.rlockFresh(ctx)
	defer c.mu.RUnlock()
	if err == nil && c.state != nil {
		f(c.state)
	}
	return err
}

// Head returns how much of the governance log the state takes into account.
func (c *Control) Head() (h rbac.Head) {
	c.known(func(s *state) { h = s.head() })
	return h
}

// Vault returns the vault's name; empty: there is no genesis.
func (c *Control) Vault() (name string) {
	c.known(func(s *state) { name = s.vault })
	return name
}

// Fingerprint returns what identifies the genesis: "SHA256:" and the base64 of
// the hash of its record, exactly as it stands in the log. Whoever is to believe the
// log must know it from elsewhere. Empty: there is no genesis.
func (c *Control) Fingerprint() (sum string) {
	c.known(func(s *state) { sum = s.fingerprint })
	return sum
}

// Flags returns the records that have no effect, in the order of the log. Honest
// use of this software makes none, but for events of a newer version.
func (c *Control) Flags() (flags []Flag) {
	c.known(func(s *state) { flags = slices.Clone(s.flags) })
	return flags
}

// A Flag is a record of the log that was skipped.
type Flag struct {
	Index  uint64 `json:"index"`
	Reason string `json:"reason"`
}

// Actor returns who acts through this Control, and their role. Zero: nobody who is
// known.
func (c *Control) Actor() (who rbac.Subject, g rbac.Grant) {
	c.known(func(s *state) {
		if key, ok := s.policy.Key(c.keyID(s)); ok {
			who = key.Subject
			g, _ = s.policy.Grant(who)
		}
	})
	return who, g
}

// Damage returns why everything but pause and kill is denied, an error that
// wraps [ErrCorrupt]. Nil: the log is whole, as far as it was read.
func (c *Control) Damage() error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.damage
}

// known calls f with the state as it is known.
func (c *Control) known(f func(s *state)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.state != nil {
		f(c.state)
	}
}

// keyID returns the id of the actor's key, if that is the key that the log knows
// under this id: an id is no secret.
func (c *Control) keyID(s *state) string {
	if c.proven {
		return c.cfg.Key.ID()
	}
	key, ok := s.policy.Key(c.cfg.Key.ID())
	if !ok || !bytes.Equal(key.Public, c.public) {
		return ""
	}
	return key.ID
}
