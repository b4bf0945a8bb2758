package control

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// LogName is the name of the governance log's directory in a vault.
const LogName = "governance-log"

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

	mu        sync.RWMutex         // guards what follows; taken under the ledger's lock, and never the other way round
	reader    *ledger.Reader       // nil: there is no log yet
	tail      *ledger.Tail         // nil: there is no log yet
	horizon   horizon              // of the log
	state     *state               // nil: there is no log yet
	proven    bool                 // the state knows the actor's key, which never changes
	looked    time.Time            // when the log was last looked at closely
	glance    glance               // before that look
	damage    error                // what is wrong with the log; it is not read any further
	whole     bool                 // the log was read to its end once, so that the state has all keys of that time
	saved     uint64               // size of the log as of the snapshot
	spoolRead time.Time            // when halts that were not recorded were last looked for
	judged    map[string]judgement // of files with such halts, by name
	tally     tally                // of the denials that were counted in this process
	left      int                  // halts that are being recorded, for which who gave them no longer waits
	listeners []*listener
	closed    bool
	opening   chan struct{} // holds a token while somebody looks at appender or opens it; taken before mu
	appender  *ledger.Log   // nil: nothing was ordered yet
	signer    vault.Signer

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
	c := &Control{cfg: cfg.withDefaults(dir), dir: dir, log: filepath.Join(dir, LogName), opening: make(chan struct{}, 1)}
	c.public = c.cfg.Key.Public()
	if err := c.refresh(ctx); err != nil && !errors.Is(err, ErrCorrupt) {
		return nil, fmt.Errorf("control: open %s: %w", dir, err)
	}
	return c, nil
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

// Close ends the use of the vault's governance. How often denials were repeated is
// recorded or, if that was done not long ago, left to whoever gives an order next. It is
// idempotent; orders then fail with [ErrClosed]. It does not wait for an order to stop
// that the log has kept waiting for too long: that one holds, and is not recorded.
func (c *Control) Close() error {
	c.mu.RLock()
	left := c.left > 0
	c.mu.RUnlock()
	if left {
		c.shut()
		go c.closeAppender() // whoever has the ledger's lock may have it for ever
		return nil
	}
	ctx, cancel := c.cfg.patient(context.Background())
	defer cancel()
	err := c.recordRepeats(ctx, true)
	if !c.shut() {
		return nil
	}
	return errors.Join(err, c.closeAppender())
}

// shut ends the reading, and all orders. It reports false if that was done before.
func (c *Control) shut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.saveSnapshot()
	c.closed = true
	if c.tail != nil {
		c.tail.Close()
	}
	c.horizon.close()
	return true
}

// closeAppender ends the appending. Nobody opens the ledger once the Control is shut.
func (c *Control) closeAppender() error {
	c.opening <- struct{}{}
	defer func() { <-c.opening }()
	if c.appender == nil {
		return nil
	}
	return c.appender.Close()
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
