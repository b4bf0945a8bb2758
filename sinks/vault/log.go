package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Config is what [Open] may be told.
type Config struct {
	// Origin names the log in its checkpoints, for example
	// "flexor/company/audit-log". Zero: the log must exist already.
	Origin string
	// KeyFile holds the private key that signs checkpoints; it is created together
	// with a new log. Zero: what the function [KeyFile] returns.
	KeyFile string
	// Signer signs checkpoints in place of a key file, for keys that are held
	// elsewhere. Zero: the key file is used.
	Signer Signer
	// Window is how long a record that nobody waits for may stay off the disk.
	// Zero: 10 ms.
	Window time.Duration
	// Now tells the UTC day, at whose end a new segment begins. Zero: time.Now.
	Now func() time.Time
	// Logger hears of repairs and of failures in the background. Zero: nobody.
	Logger *slog.Logger
}

// Log appends to an audit log, and reads it. It is safe for concurrent use.
type Log struct {
	*Reader
	ledger   *ledger.Log
	writer   string
	recovery Recovery
	settled  []string
	logger   *slog.Logger

	mu       sync.Mutex
	running  map[string]uint64 // runs started through this Log without an entry yet, and from which record on they stand; guarded by mu
	presence *ledger.Presence  // nil when closed; guarded by mu
	loose    uint64            // behind the newest entry that did not wait for the disk; guarded by mu
}

// advanceEvery is how many records a log may grow until its sign of life says
// anew from where on the next opener must look for runs without an entry, should
// this process die: some thousands are read in milliseconds.
const advanceEvery = 4096

var _ audit.Sink = (*Log)(nil)

// Recovery says what opening a log had to repair: an unfinished write that a
// process left behind when it died, of which nothing had been acknowledged, was
// cut off. Its fields are Segment, Offset, Cut (bytes) and SHA256 (of those bytes).
// The zero value: nothing.
type Recovery = ledger.Recovery

// Open opens the log in dir for appending, and creates it if it is not there
// and [Config.Origin] is set. It cuts off what a process that died left half
// written, and writes the entries of the runs that ended with their process: see
// [Log.Recovery] and [Log.Settled]. ctx bounds the opening only: while another process
// has the log's lock, it waits for that until ctx ends, or for a minute if ctx has no
// deadline. The error then names the lock, and who holds it as far as that can be told.
//
// A log that is gone while its key is there is not created anew: that is
// corruption. Errors wrap [ErrNotFound], [ErrKey] or [ErrCorrupt], or are of the
// file system.
func Open(ctx context.Context, dir string, cfg *Config) (*Log, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	signer, err := Prepare(dir, cfg)
	if err != nil {
		return nil, err
	}
	o := &ledger.Options{Signer: signer, Window: cfg.Window, Now: cfg.Now, Logger: cfg.Logger}
	led, rec, err := ledger.Open(ctx, dir, o)
	if err != nil {
		return nil, openError(dir, err)
	}
	l := &Log{ledger: led, writer: ident.New("wrt"), recovery: rec, running: map[string]uint64{}, logger: cfg.Logger}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	if err := l.enter(ctx, dir, signer); err != nil {
		return nil, errors.Join(err, led.Close())
	}
	return l, nil
}

// openError says where a log that cannot be written can still be used.
func openError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("vault: open %s for appending: %w; it can still be read: vault.OpenReader, or the reading commands of the CLI", dir, err)
	}
	return fmt.Errorf("vault: open %s: %w", dir, err)
}

// Prepare does what comes before [Open], for logs in a vault that hold something
// else than runs: it creates the log in dir and its key if they are not there and
// [Config.Origin] is set, and returns the log's signer. Of cfg it reads Origin,
// KeyFile and Signer; its errors are those of Open.
func Prepare(dir string, cfg *Config) (Signer, error) {
	keyFile := cfg.KeyFile
	if keyFile == "" {
		keyFile = KeyFile(dir)
	}
	there, err := exists(dir)
	if err != nil {
		return nil, err
	}
	if !there {
		if err := create(dir, keyFile, cfg); err != nil {
			return nil, err
		}
	}
	if cfg.Signer != nil {
		return cfg.Signer, nil
	}
	if err := nameKey(keyFile); err != nil {
		return nil, err
	}
	return ReadKey(keyFile)
}

// exists reports whether there is a log in dir.
func exists(dir string) (bool, error) {
	_, _, err := ledger.ReadInfo(durable.Disk{}, dir)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("vault: open %s: %w", dir, err)
	}
	return true, nil
}

// create makes a new log and its key. Of several processes that find no log,
// one does so and the others wait.
func create(dir, keyFile string, cfg *Config) (err error) {
	if cfg.Origin == "" {
		return fmt.Errorf("vault: open %s: %w: to create one set Config.Origin, for example to flexor/company/audit-log", dir, ErrNotFound)
	}
	o := &ledger.Options{Signer: cfg.Signer}
	if cfg.Signer == nil {
		unlock, err := lockKey(keyFile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unlock.Unlock()) }()
		if there, err := exists(dir); there || err != nil {
			return err
		}
		if _, err := os.Lstat(keyFile); err == nil {
			return fmt.Errorf("vault: open %s: %w: the log is gone, but its key %s is there: put the log back from a backup, or move the key away to begin a new log", dir, ErrCorrupt, keyFile)
		}
		if o.Signer, err = newKey(keyFile, cfg.Origin); err != nil {
			return err
		}
	}
	if name := o.Signer.Name(); name != cfg.Origin {
		return fmt.Errorf("%w: it is of %s, but the new log in %s is %s", ErrKey, name, dir, cfg.Origin)
	}
	if err := ledger.Create(dir, o); err != nil {
		return fmt.Errorf("vault: create %s: %w", dir, err)
	}
	if cfg.Signer != nil {
		return nil
	}
	return nameKey(keyFile)
}

// enter makes the log readable, shows that this process writes it, and settles
// the runs of those that died.
func (l *Log) enter(ctx context.Context, dir string, signer Signer) error {
	var err error
	if l.Reader, err = openReader(dir, signer); err != nil {
		return err
	}
	l.presence, err = ledger.Enter(ctx, durable.Disk{}, dir, l.writer, l.ledger.Durable().Size)
	if err != nil {
		return fmt.Errorf("vault: open %s: %w", dir, err)
	}
	if err := l.settle(ctx); err != nil {
		return errors.Join(fmt.Errorf("vault: open %s: close the runs of a process that died: %w", dir, err), l.presence.Leave(durable.Disk{}))
	}
	return nil
}

// Writer returns the id by which this Log's runs are told from those of other
// processes. [audit.New] asks for it.
func (l *Log) Writer() string { return l.writer }

// Recovery returns what opening the log had to repair.
func (l *Log) Recovery() Recovery { return l.recovery }

// Settled returns the ids of the runs that were closed as interrupted when the
// log was opened.
func (l *Log) Settled() []string { return l.settled }

// Append implements [audit.Sink]: the records have reached the operating
// system when it returns and, with Sync, the disk.
func (l *Log) Append(ctx context.Context, b audit.Batch) error {
	if len(b.Records) == 0 {
		return l.appendNothing(ctx, b.Sync)
	}
	lines := make([][]byte, len(b.Records))
	l.mu.Lock()
	for i, r := range b.Records {
		lines[i] = r.JSON
		if r.Kind == audit.KindStart {
			l.running[r.RunID] = l.ledger.Durable().Size
		}
	}
	l.mu.Unlock()
	appendLines := l.ledger.Append
	if b.Sync {
		appendLines = l.ledger.AppendSync
	}
	first, err := appendLines(lines...)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, r := range b.Records {
		if r.Kind == audit.KindRun && err == nil && !b.Sync {
			l.loose = max(l.loose, first+uint64(i)+1)
		}
		// A run whose entry failed stays open, and one whose start surely did not get
		// in never was.
		if r.Kind == audit.KindRun && err == nil || r.Kind == audit.KindStart && notStored(err) {
			delete(l.running, r.RunID)
		}
	}
	if b.Sync && err == nil {
		l.advance(first, advanceEvery)
	}
	return sinkError(err)
}

// appendNothing is Append of a batch without records.
func (l *Log) appendNothing(ctx context.Context, wait bool) error {
	l.mu.Lock()
	closed := l.presence == nil
	l.mu.Unlock()
	switch {
	case closed:
		return sinkError(ledger.ErrClosed)
	case wait:
		return sinkError(l.ledger.Flush(context.WithoutCancel(ctx)))
	}
	return nil
}

// advance lets the sign of life follow the log, if it can by at least so many
// records: a synced append, of the record first, is when all before it is on disk
// too. Runs count as running until their entry is. The caller holds l.mu.
func (l *Log) advance(first, least uint64) {
	if l.presence == nil || first < l.presence.First+least || first < l.loose {
		return
	}
	for _, from := range l.running {
		first = min(first, from)
	}
	if first >= l.presence.First+least {
		_ = l.presence.Advance(durable.Disk{}, first)
	}
}

// notStored reports whether a failed append left nothing in the log.
func notStored(err error) bool {
	var a *ledger.AppendError
	return err != nil && !(errors.As(err, &a) && a.Outcome == ledger.Unknown)
}

// sinkError says in the terms of [audit.Sink] what became of a batch.
func sinkError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ledger.ErrClosed):
		return fmt.Errorf("%w: %w: %w", audit.ErrClosed, audit.ErrNotStored, err)
	case notStored(err):
		return fmt.Errorf("%w: %w", audit.ErrNotStored, err)
	}
	return err
}

// Flush returns once everything that was appended before is on disk.
func (l *Log) Flush(ctx context.Context) error { return l.ledger.Flush(ctx) }

// Close syncs what is not on disk yet and closes the log. Runs that have no
// entry by then will be closed as interrupted by the next one who opens the log. It
// is idempotent.
func (l *Log) Close() error {
	l.mu.Lock()
	p := l.presence
	l.presence = nil
	open := len(l.running)
	l.mu.Unlock()
	if p == nil {
		return nil
	}
	err := l.ledger.Close()
	if err != nil || open > 0 {
		l.logger.Warn("vault: closed with runs that have no entry; the next opener closes them as interrupted", "dir", l.dir, "runs", open)
		return errors.Join(err, p.Abandon())
	}
	if err := p.Leave(durable.Disk{}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
