package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Damage returns why everything but pause and kill is denied, an error that
// wraps [ErrCorrupt]. Nil: the log is whole, as far as it was read.
func (c *Control) Damage() error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.damage
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
