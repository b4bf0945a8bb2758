package flexor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Options is what [Open] may be told. The zero value works.
type Options struct {
	// Logger hears of repairs and of failures in the background. Zero: nobody.
	Logger *slog.Logger
	// TracerProvider makes a span of each run and each task. Zero: none are made,
	// and entries name the span they find in the caller's context.
	TracerProvider trace.TracerProvider
	// MeterProvider measures what is recorded, see [audit.Config], and for each secondary
	// destination and log how many records it lacks (flexor.sink.lag), for how many
	// seconds the oldest of them has waited (flexor.sink.lag.duration), whether
	// sending fails (flexor.sink.failing, 1 or 0), and how many records one that gets records
	// refused (flexor.sink.refused). Zero: nothing is measured.
	MeterProvider metric.MeterProvider
	// Sync says which records wait for the disk. Zero: the entry of each run, and
	// with it all that was recorded before; [audit.SyncEvery]: every record.
	Sync audit.SyncMode
	// Window is how long a record that nobody waits for may stay off the disk.
	// Zero: 10 ms.
	Window time.Duration
	// Signer signs the log's checkpoints in place of the key file
	// keys/audit-log.key in the vault, for keys that are held elsewhere. It must give the
	// same text the same signature each time, as Ed25519 does.
	Signer vault.Signer
	// Key is the API key in whose name [Vault.Control] gives orders. Zero: it gives
	// none. Obeying the orders of others takes no key.
	Key rbac.APIKey
	// Snapshots is a directory of this user, outside of the vault, in which to remember
	// the governance log; see [control.Config]. Empty: it is read from its beginning by
	// each Open.
	Snapshots string
	// Gate decides which runs may start, and stops them. Zero: the vault's governance
	// log does, see [control.Gate]; without one every run may start.
	Gate audit.Gate
	// Redactor sees every value before it is written, and the reason of every order
	// that Control gives. Zero: that of [NewRedactor],
	// which removes secrets, and what vault.json asks for. One that is given takes
	// its place: then nothing is removed but what that removes.
	Redactor audit.Redactor
	// Pseudonyms provides the key of the operator "hmac" in vault.json, from where the
	// vault's keeper wants it kept. Zero: that operator is an error.
	Pseudonyms redact.KeyProvider
	// ManualRetention leaves it to the caller when what is no longer kept is removed:
	// with [Vault.ApplyRetention]. Zero: it is when the vault is opened, and once a day.
	ManualRetention bool
	// Sinks opens the secondary destinations with copies of the logs that are no
	// directories. Zero: there are no others.
	Sinks Sinks
	// Feeds opens the secondary destinations that get records and are no files. Zero: there
	// are no others.
	Feeds Feeds
	// Secondaries are URLs of secondary destinations beside those of vault.json. Zero:
	// there are none.
	Secondaries []string
	// Pace is how often and how much is sent to secondary destinations. Zero: at most
	// one object for 8 MiB of a log, or in 60 s.
	Pace archive.Pace
	// Now tells the time. Zero: time.Now.
	Now func() time.Time
	// Getenv looks up the variables that vault.json refers to. Zero: os.LookupEnv.
	Getenv func(name string) (string, bool)
}

// Vault is an open vault. Its fields must not be changed; all of it is safe for
// concurrent use.
type Vault struct {
	// Audit records runs.
	Audit *audit.Recorder
	// Log reads what was recorded: queries, proofs, verification. Nil if
	// vault.json disables the audit log.
	Log *vault.Reader
	// Control is the vault's governance: roles, keys, deployments, pauses and kills.
	Control *control.Control
	// Config is the vault's vault.json, with what the layers above it add.
	Config *vaultcfg.Config
	// Redactor is what sees every value before it is written. A query for a data record
	// takes it as lineage.Query.Redactor, or looks for what was never written.
	Redactor audit.Redactor

	log     *vault.Log
	gate    *control.Gate // nil: the caller has one of their own
	sending sending

	confirmed func(context.Context) (uint64, error) // see [Confirmed]

	now          func() time.Time
	logger       *slog.Logger
	endRetention func()              // nil: it is not applied
	lag          metric.Registration // nil: it is not measured
}

// ErrDestination is wrapped when vault.json sends the audit log to where this
// program cannot send it.
var ErrDestination = errors.New("flexor: destination")

// Open opens the vault in path, a directory or its vault.json, for recording
// runs. It creates the audit log on first use, repairs what a process that died
// left half written, and closes that process's runs as interrupted. A nil o
// stands for the zero Options. ctx bounds the opening only.
//
// From then on records are removed when audit.retention_days no longer keeps them, see
// [Vault.ApplyRetention], and the governance log decides which runs may start, and which are
// stopped, also if it is created later.
//
// Open refuses rather than record less than vault.json promises: an unknown
// destination, or a pattern that cannot be looked for, is an error. A secondary
// destination that cannot be reached is not: what is recorded is kept, and sent when
// it is back.
func Open(ctx context.Context, path string, o *Options) (*Vault, error) {
	if o == nil {
		o = &Options{}
	}
	cfg, err := vaultcfg.Load(path, &vaultcfg.Options{Getenv: o.Getenv})
	if err != nil {
		return nil, fmt.Errorf("flexor: open vault: %w", err)
	}
	if o.Logger != nil {
		for _, w := range cfg.Warnings {
			o.Logger.Warn("flexor: " + w)
		}
	}
	redactor := o.Redactor
	if redactor == nil {
		if redactor, err = NewRedactor(cfg, o.Pseudonyms); err != nil {
			return nil, err
		}
	}
	to, err := planOf(cfg, o)
	if err != nil {
		return nil, err
	}
	v := &Vault{Config: cfg, Redactor: redactor, now: o.Now, logger: o.Logger}
	if v.confirmed, err = Confirmed(cfg, o); err != nil {
		return nil, err
	}
	if v.logger == nil {
		v.logger = slog.New(slog.DiscardHandler)
	}
	var sink audit.Sink
	if cfg.Audit.Enabled {
		if err := v.openLog(ctx, o); err != nil {
			return nil, err
		}
		sink = v.log
	}
	gate, err := v.openControl(ctx, o)
	if err == nil {
		v.Audit, err = audit.New(sink, &audit.Config{
			Vault:          cfg.Name,
			Environment:    string(cfg.Environment),
			Gate:           gate,
			Redactor:       redactor,
			IncludeInputs:  cfg.Audit.IncludeInputs,
			IncludeOutputs: cfg.Audit.IncludeOutputs,
			Sync:           o.Sync,
			Logger:         o.Logger,
			TracerProvider: o.TracerProvider,
			MeterProvider:  o.MeterProvider,
			Now:            o.Now,
		})
	}
	if err == nil {
		err = v.openSending(ctx, to, o)
	}
	if err == nil && v.log != nil && o.MeterProvider != nil {
		err = v.measureLag(o.MeterProvider, to)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("flexor: open vault %s: %w", cfg.Dir, err), v.Close())
	}
	if v.log != nil && !o.ManualRetention {
		v.retain()
	}
	return v, nil
}

// openLog opens the log that vault.json names.
func (v *Vault) openLog(ctx context.Context, o *Options) error {
	cfg := v.Config
	dir, err := LogDir(cfg)
	if err != nil {
		return err
	}
	v.log, err = vault.Open(ctx, dir, &vault.Config{
		Origin: "flexor/" + cfg.Name + "/" + filepath.Base(dir),
		Signer: o.Signer,
		Window: o.Window,
		Now:    o.Now,
		Logger: o.Logger,
	})
	if err != nil {
		return fmt.Errorf("flexor: open vault %s: %w", cfg.Dir, err)
	}
	v.Log = v.log.Reader
	return nil
}

// openControl opens the vault's governance, and returns the gate of its runs.
func (v *Vault) openControl(ctx context.Context, o *Options) (audit.Gate, error) {
	known, err := v.knownHead(ctx)
	if err != nil {
		return nil, err
	}
	v.Control, err = control.Open(ctx, v.Config.Dir, &control.Config{Key: o.Key, Known: known, Snapshots: o.Snapshots, Redactor: v.Redactor, Now: o.Now, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	if o.Gate != nil {
		return o.Gate, nil
	}
	v.gate = control.NewGate(v.Control, &control.GateConfig{Vault: v.Config.Name})
	return v.gate, nil
}

// knownHead returns the largest head of the governance log that the last records of the
// audit log name: whoever cuts the one log back, in order to have a right that was
// taken away, has to cut back the other as well.
func (v *Vault) knownHead(ctx context.Context) (known rbac.Head, err error) {
	if v.Log == nil {
		return known, nil
	}
	head, err := v.Log.Head()
	if err != nil {
		return known, err
	}
	const last = 256 // records
	for rec, err := range v.Log.Records(ctx, head.Size-min(head.Size, last)) {
		if err != nil {
			return known, err
		}
		if !bytes.Contains(rec.Line, []byte(`"governance":{`)) {
			continue
		}
		var line struct {
			Governance *audit.Head `json:"governance"`
		}
		if err := json.Unmarshal(rec.Line, &line); err != nil {
			return known, fmt.Errorf("record %d of the audit log: %w", rec.Index, err)
		}
		if g := line.Governance; g != nil && g.Size > known.Size {
			known = rbac.Head{Size: g.Size, Root: g.Root}
		}
	}
	return known, nil
}

// LogDir returns the directory of the audit log of a vault: the one that vault.json
// names or, if that is a place elsewhere, audit-log in the vault, from where what is
// recorded is sent there. Its error wraps [ErrDestination] if there can be no log.
func LogDir(cfg *vaultcfg.Config) (string, error) {
	d := cfg.Audit.Destination
	switch d.Scheme {
	case "vault":
		dir, err := cfg.Resolve(d)
		if err != nil {
			return "", fmt.Errorf("flexor: open vault: %w", err)
		}
		return dir, nil
	case "file":
		return "", fmt.Errorf("%w: %s: audit.destination is %s, where no log can be verified; use vault://audit-log/, and %s as audit.secondary_destination",
			ErrDestination, cfg.Path, d.Raw, d.Raw)
	}
	return filepath.Join(cfg.Dir, "audit-log"), nil
}

// Settled returns the ids of the runs that [Open] closed as interrupted, because
// their process had died.
func (v *Vault) Settled() []string {
	if v.log == nil {
		return nil
	}
	return v.log.Settled()
}

// Recovery returns what [Open] had to repair.
func (v *Vault) Recovery() vault.Recovery {
	if v.log == nil {
		return vault.Recovery{}
	}
	return v.log.Recovery()
}

// Flush returns once everything recorded before, by whichever process, is on disk and
// every secondary destination has confirmed that it holds it; one that gets records has
// those of the audit log. It gives up when ctx ends, and when waiting cannot help; what was
// recorded is then on disk all the same, and sent later.
func (v *Vault) Flush(ctx context.Context) error {
	if v.log == nil {
		return nil
	}
	if err := v.log.Flush(ctx); err != nil {
		return err
	}
	return v.sending.flush(ctx)
}

// Close closes the vault. Runs in flight can no longer record, and no order to stop
// reaches them; the next opener closes them as interrupted. What was not sent to a
// secondary destination yet is sent first, but see [archive.Pace.CloseWait]. It is
// idempotent.
func (v *Vault) Close() error {
	var errs []error
	if v.endRetention != nil {
		v.endRetention()
	}
	if v.Audit != nil {
		errs = append(errs, v.Audit.Close())
	} else if v.log != nil {
		errs = append(errs, v.log.Close())
	}
	if v.gate != nil {
		errs = append(errs, v.gate.Close())
	}
	if v.Control != nil {
		errs = append(errs, v.Control.Close())
	}
	if v.lag != nil {
		errs = append(errs, v.lag.Unregister())
	}
	return errors.Join(append(errs, v.sending.close())...)
}
