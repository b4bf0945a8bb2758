package control

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// patient returns a context that ends when ctx does, or when nobody who gave an order
// should wait any longer.
func (c *Config) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.Patience)
}

// open returns the ledger for appending. It waits for its lock until ctx ends.
func (c *Control) open(ctx context.Context) (*ledger.Log, error) {
	if c.isClosed() {
		return nil, ErrClosed // and does not wait for who opens it; see [Control.Close]
	}
	since := time.Now()
	select {
	case c.opening <- struct{}{}:
		defer func() { <-c.opening }()
	case <-ctx.Done():
		return nil, durable.NewLockedError(ctx, filepath.Join(c.log, "lock"), since)
	}
	if c.isClosed() {
		return nil, ErrClosed
	}
	if c.appender != nil {
		return c.appender, nil
	}
	signer, err := vault.Prepare(c.log, &vault.Config{Signer: c.cfg.Signer})
	if err != nil {
		return nil, err
	}
	l, _, err := ledger.Open(ctx, c.log, c.cfg.ledger(signer))
	if err != nil {
		return nil, err
	}
	c.appender, c.signer = l, signer
	return l, nil
}

func (c *Control) isClosed() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.closed
}

// catchUpTo reads all records of the log, of which there are size. It is called by
// who holds mu.
func (c *Control) catchUpTo(size uint64) error {
	if err := c.catchUp(); err != nil {
		return err
	}
	if c.state == nil || c.state.tree.Size() != size {
		return fmt.Errorf("control: the log has %d records, not all of which could be read", size)
	}
	return nil
}

// announced moves the horizon of the log before lines are appended. It is called by
// who holds mu and the ledger's lock, and has read all of the log.
func (c *Control) announced(lines [][]byte, err error) ([][]byte, error) {
	if err == nil && len(lines) > 0 {
		err = c.cfg.setHorizon(c.log, c.state.tree.Size()+uint64(len(lines)))
	}
	return lines, err
}
