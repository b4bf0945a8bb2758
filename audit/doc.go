// Package audit records what agents do: one entry for each run, with its tasks,
// the decisions it took and the values that drove them, its outputs and errors.
//
//	rec, err := audit.New(sink, nil)
//	...
//	err = rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(ctx context.Context, run *audit.Run) error {
//		return run.Task(ctx, "data-freshness-check", func(ctx context.Context, t *audit.Task) error {
//			age := feed.Age(ctx)
//			if t.If("feed is stale", age > time.Hour, audit.Value("age_minutes", age.Minutes())) {
//				return notify(ctx)
//			}
//			return nil
//		})
//	})
//
// # Runs
//
// [Recorder.Do] runs an agent: it cannot forget the end, and sees panics.
// [Recorder.Start] and [Run.End] are for frameworks that call back. [Run.Task]
// wraps the invocation of a skill, so that the intent is recorded before the
// effect and the outcome after it. [Run.If] and [Run.Choose] return what they
// record, so that the recorded branch is the branch taken. Deep in a call stack
// [FromContext] finds the run and the task; a nil [Run] is valid and silent, so
// library code need not check.
//
// # What is promised
//
// A run whose start cannot be recorded does not run. Every record has left the
// process when the call that made it returns, and survives SIGKILL; the entry
// is on disk when Do or End returns, and with it all that came before.
// [SyncEvery] makes each record wait for the disk. Recording does not stop
// when a context is cancelled. The methods inside a run return nothing: their
// first failure is reported through [Config.Logger] and comes back from Do or
// End as [ErrNotRecorded].
//
// The status of a run is derived from what the recorder saw, in this order: it
// was killed; it panicked or called Goexit; its context is over; it returned an
// error: all of these are [Failed]. A run that returned nil is [Partial] if an
// error was recorded on the way, also one that a task returned and the agent
// ignored, and else [Success].
//
// # Records
//
// A record is one JSON object on one line of at most [MaxRecord] bytes. Its
// first member is "kind". All but the entry have "run_id", "seq" (the order
// inside the run, from 0 for the start, without gaps) and "at":
//
//	start     who runs, why, on whose authority; the process that writes
//	task      phase start: the skill; phase end: outcome, duration, inputs, outputs
//	decision  the members of [Decision]
//	output    name, value
//	error     the members of [ErrorEvent]; its kind is "error_kind"
//	access    the members of [Access]
//	kill      the members of [Kill]: the run's context was cancelled
//	refused   as start, and the reason of the gate
//	run       the [Entry]
//
// "redactions" says what was replaced in a record. What is recorded after the
// end of a run has "late": true, and does not change the entry. Readers ignore
// kinds and members they do not know: sinks add some, and so do later versions.
// [DecodeLine] and [DecodeEntry] read records; [Replay] rebuilds the entry of a
// run whose process died.
//
// # Values
//
// Values are encoded when they are handed in, by the rules of [Value]. Nothing
// a value does can fail or hang a run, and nothing is cut in silence: what JSON
// cannot hold becomes {"flexor.unencodable": its type, "why": …}, and what takes
// more than 64 KiB {"flexor.omitted": "too large", "bytes": …, "sha256": …}. An
// entry keeps the beginning of lists that do not fit, and counts the rest in
// "omitted"; each element still stands in the log as a record of its own. So
// the memory of a run is bounded, too. There are two things no recorder can
// contain: a method that never returns, and one that overflows the stack.
//
// Names are not redacted, so they have a grammar, and what does not follow it is
// refused with [ErrInvalid]:
//
//	agent, skill  1 to 128 ASCII letters, digits, "-", "_", "." and "/", the first
//	              a letter or a digit; at most 8 digits
//	version       the same, and "+", ":" and "~", with any number of digits
//	principal     1 to 256 bytes of UTF-8 that print; see [Trigger]
//
// Everything else that an agent says is free text or a value, and passes
// [Config.Redactor] before it is written or traced: values and their names,
// conditions, branches and messages of errors. Conditions and names of values
// are made printable, and cut to 256 bytes, of which the last then state the
// length and SHA-256 of the whole.
//
// # Traces and metrics
//
// Entries name the span that their context carries, and decisions are events
// of it. With [Config.TracerProvider], runs and tasks are spans named
// invoke_agent and execute_tool, after the OpenTelemetry conventions for
// generative AI. With [Config.MeterProvider], what is stored is measured.
//
// # Testing
//
// Package audittest has a recorder for tests, with assertions.
package audit
