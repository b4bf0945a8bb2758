package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// Config holds what a [Recorder] may be told. The zero value works.
type Config struct {
	// Vault and Environment stand in every entry. Environment is sandbox,
	// staging or production. Zero: "local" and "sandbox".
	Vault, Environment string

	// Gate decides which runs may start, and stops them. Zero: every run may.
	Gate Gate

	// Redactor sees every value and text before it is written or traced; see
	// [redact.New], whose zero settings remove secrets. Zero: they are written as they
	// are, with the secrets in them.
	Redactor Redactor

	// IncludeInputs and IncludeOutputs keep what [Task.Input] and
	// [Task.Output] are given. Zero: they do nothing. The outputs of a run,
	// by [Run.Output], are always kept.
	IncludeInputs, IncludeOutputs bool

	// MaxAccesses is how many records of accesses one run may write; beyond that
	// they are only counted, as dropped. Zero: 100,000.
	MaxAccesses int

	// Sync says which records wait for the disk. Zero: [SyncGroup].
	Sync SyncMode

	// Writer identifies this process to those who share its log, so that they
	// can tell its runs from those of a process that died. Zero: what the sink says
	// by a method Writer() string, as that of sinks/vault does; else it is not stated.
	Writer string

	// Logger hears of records that could not be stored, once for each run.
	// Zero: nobody does, but the run's error still says it.
	Logger *slog.Logger

	// TracerProvider makes a span of each run and each task. Zero: none are
	// made, and entries name the span they find in the caller's context.
	TracerProvider trace.TracerProvider

	// MeterProvider counts records (flexor.records, flexor.record.bytes) by kind,
	// and measures in seconds how long the sink takes for them
	// (flexor.commit.duration) and how often it fails (flexor.commit.failures).
	// Zero: nothing is measured.
	MeterProvider metric.MeterProvider

	// Now tells the time; durations are the difference of two of its times,
	// by the monotonic clock if they carry one. NewID makes the ids of runs.
	// Both are called from many goroutines. Zero: [time.Now], and TypeIDs of
	// the form run_01h455vb4pex5vsknk084sn02q.
	Now   func() time.Time
	NewID func() string
}

// SyncMode says which records must be on disk before the call that wrote them
// returns.
type SyncMode uint8

const (
	// SyncGroup makes only the entry wait, at the end of the run: together with
	// all that was recorded before it, it is then on disk. Other records have
	// left the process when the call returns, so that they survive the
	// process, and reach the disk as soon as the sink's next sync.
	SyncGroup SyncMode = iota
	// SyncEvery makes every record wait, so that each survives a power cut
	// from the moment the call that wrote it returned.
	SyncEvery
)

// Recorder records the runs of agents. Make one with [New]; there is usually
// one for a process. Its methods may be called from many goroutines.
type Recorder struct {
	sink   Sink // nil: nothing is recorded
	cfg    Config
	tracer trace.Tracer // nil: no spans of our own
	meters *instruments // nil: nothing is measured

	buffers sync.Pool // of *lineBuffer
	running atomic.Int64
	closed  atomic.Bool
	close   func() error // closes the sink, once
}

// New returns a recorder that stores its records in sink, which it owns from
// then on: [Recorder.Close] closes it. A nil sink disables recording: runs
// still ask the gate and can still be killed, but leave no trace. A nil cfg
// stands for the zero Config. Settings that do not follow their grammar are an
// error that wraps [ErrInvalid].
func New(sink Sink, cfg *Config) (*Recorder, error) {
	r := &Recorder{sink: sink}
	if cfg != nil {
		r.cfg = *cfg
	}
	if w, ok := sink.(interface{ Writer() string }); ok && r.cfg.Writer == "" {
		r.cfg.Writer = w.Writer()
	}
	if err := r.cfg.complete(); err != nil {
		return nil, fmt.Errorf("audit: new recorder: %w", err)
	}
	if r.cfg.TracerProvider != nil && sink != nil {
		r.tracer = r.cfg.TracerProvider.Tracer(scopeName)
	}
	if r.cfg.MeterProvider != nil && sink != nil {
		var err error
		if r.meters, err = newInstruments(r.cfg.MeterProvider); err != nil {
			return nil, fmt.Errorf("audit: new recorder: metrics: %w", err)
		}
	}
	r.buffers.New = newLineBuffer
	r.close = sync.OnceValue(func() error {
		r.closed.Store(true)
		if r.sink == nil {
			return nil
		}
		return r.sink.Close()
	})
	return r, nil
}

// complete checks the settings and puts the defaults in.
func (c *Config) complete() error {
	if c.Vault == "" {
		c.Vault = "local"
	}
	if c.Environment == "" {
		c.Environment = "sandbox"
	}
	if c.MaxAccesses <= 0 {
		c.MaxAccesses = maxAccesses
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() string { return ident.New(idPrefix) }
	}
	switch c.Environment {
	case "sandbox", "staging", "production":
	default:
		return fmt.Errorf("%w: environment %q is not sandbox, staging or production", ErrInvalid, ident.Text(c.Environment, 128))
	}
	if err := ident.Token(c.Vault); err != nil {
		return fmt.Errorf("%w: vault %w", ErrInvalid, err)
	}
	if c.Writer != "" {
		if err := ident.Token(c.Writer); err != nil {
			return fmt.Errorf("%w: writer %w", ErrInvalid, err)
		}
	}
	if c.Sync > SyncEvery {
		return fmt.Errorf("%w: there is no sync mode %d", ErrInvalid, c.Sync)
	}
	return nil
}

// Do runs an agent and records it: it asks the [Gate], records the start,
// calls fn, and records how that ended. It returns once the entry of the run
// is stored for good.
//
// agent is the agent's name, or name@version. fn gets the run, and a context
// that carries it (see [FromContext]) and is cancelled when the run is killed, and
// when it has ended.
//
// fn is not called if Do returns an error that wraps [ErrInvalid] (the agent
// or the trigger does not follow its grammar), [ErrRefused] (with the gate's
// error) or [ErrClosed], or if the start could not be stored, which is
// [ErrNotRecorded]. Nor is it if someone killed the run before it began.
//
// Otherwise Do returns the very error of fn. Three things are added to it, in
// a form in which [errors.Is] and [errors.As] still find it: the [KillError] of
// a killed run; for a run that returned nil although its context was over, the
// cause of that; and, wrapped in [ErrNotRecorded], the first failure to store
// one of its records. So Do returns nil only for a run whose entry is stored
// and says success or partial.
//
// A panic in fn, and a call of [runtime.Goexit], are recorded and then go on.
func (r *Recorder) Do(ctx context.Context, agent string, t Trigger, fn func(ctx context.Context, run *Run) error) error {
	ctx, run, err := r.Start(ctx, agent, t)
	if err != nil {
		return err
	}
	if run.s.killed() != nil {
		return run.End(nil) // stopped before it began
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		// recover is nil only for Goexit: since Go 1.21 panic(nil) is not nil.
		if v := recover(); v != nil {
			run.s.end(newCrash(ByPanic, v))
			panic(v)
		}
		run.s.end(newCrash(ByGoexit, nil))
	}()
	err = fn(ctx, run)
	returned = true
	return run.End(err)
}

// Start begins a run that the caller ends with [Run.End]. It is for frameworks
// that call back at the beginning and the end; [Recorder.Do] cannot forget the
// end, and sees panics. The context and the errors are those that [Recorder.Do]
// describes. The error is nil exactly if the run began; else the context is ctx
// itself, and the run nil.
func (r *Recorder) Start(ctx context.Context, agent string, t Trigger) (context.Context, *Run, error) {
	if r.closed.Load() {
		return ctx, nil, fmt.Errorf("audit: start %s: %w", ident.Text(agent, 256), ErrClosed)
	}
	s, err := r.prepare(ctx, agent, t)
	if err != nil {
		return ctx, nil, fmt.Errorf("audit: start %s: %w", ident.Text(agent, 256), err)
	}
	run, err := s.begin()
	if err != nil {
		return ctx, nil, fmt.Errorf("audit: start %s: %w", ident.Text(agent, 256), err)
	}
	return run.ctx, run, nil
}

// Running returns the number of runs that have begun and not yet ended.
func (r *Recorder) Running() int { return int(r.running.Load()) }

// Close closes the recorder and its sink. It does not wait for the runs in
// flight: what they record from then on fails, as their ends report with
// [ErrNotRecorded]. It is idempotent; [Recorder.Do] and [Recorder.Start]
// return [ErrClosed] afterwards.
func (r *Recorder) Close() error { return r.close() }

// store appends records to the sink.
func (r *Recorder) store(ctx context.Context, records []Record, wait bool) error {
	if r.closed.Load() {
		return ErrClosed
	}
	b := Batch{Records: records, Sync: wait || r.cfg.Sync == SyncEvery}
	if r.meters == nil {
		return r.sink.Append(ctx, b)
	}
	began := r.now()
	err := r.sink.Append(ctx, b)
	r.meters.appended(ctx, b, r.now().Sub(began), err)
	return err
}

// now returns the time with its monotonic reading, for durations.
func (r *Recorder) now() time.Time { return r.cfg.Now() }

// stamp returns t as it stands in records: UTC, in whole microseconds, which is
// what readers in any language can hold. A year that RFC 3339 cannot write
// becomes the zero time, so that no clock makes a record impossible.
func stamp(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}

// between returns the whole milliseconds from one time to the other, and 0 if
// the clock was set back in between.
func between(from, to time.Time) int64 { return max(0, to.Sub(from).Milliseconds()) }

// notRecorded wraps the failure of a sink.
func notRecorded(runID string, err error) error {
	if errors.Is(err, ErrNotRecorded) {
		return err
	}
	return fmt.Errorf("audit: run %s: %w: %w", runID, ErrNotRecorded, err)
}
