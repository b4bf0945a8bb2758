package audit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// exampleRecorder returns a recorder that keeps its records in memory.
func exampleRecorder() (*audit.Recorder, *audittest.Sink) {
	sink := new(audittest.Sink)
	rec, err := audit.New(sink, &audit.Config{Vault: "company", Now: new(audittest.Clock).Now, NewID: new(audittest.IDs).Next})
	if err != nil {
		panic(err)
	}
	return rec, sink
}

// printEntries prints the entries in short.
func printEntries(sink *audittest.Sink) {
	for e, err := range sink.Entries(context.Background(), audit.Filter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.AgentName, e.Status, e.TasksExecuted)
		for _, d := range e.Decisions {
			values, _ := d.Values.MarshalJSON()
			fmt.Printf("  %s → %s, not %s, because %s\n", d.Condition, d.Branch, d.Alternatives, values)
		}
		for _, x := range e.Errors {
			fmt.Println("  error:", x.Message)
		}
	}
}

func ExampleRecorder_Do() {
	rec, sink := exampleRecorder()
	defer rec.Close()

	due := audit.Trigger{Type: audit.Schedule, At: time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC), By: "cron"}
	err := rec.Do(context.Background(), "feed-monitor@1.4.2", due, func(ctx context.Context, run *audit.Run) error {
		run.Output("feeds_checked", 3)
		return nil
	})
	fmt.Println(err)
	printEntries(sink)
	// Output:
	// <nil>
	// feed-monitor success []
}

// framework calls back when it begins and when it ends.
type framework struct {
	onBegin func(ctx context.Context, agent string) context.Context
	onEnd   func(ctx context.Context, err error)
}

// handle is what the framework does in between.
func (f *framework) handle(ctx context.Context, agent string, work func(ctx context.Context) error) {
	ctx = f.onBegin(ctx, agent)
	f.onEnd(ctx, work(ctx))
}

// A framework that calls back carries the run in its context. Where it could not be begun,
// that context has no run, and is over.
func ExampleRecorder_Start() {
	rec, sink := exampleRecorder()
	defer rec.Close()

	f := framework{
		onBegin: func(ctx context.Context, agent string) context.Context {
			ctx, _, err := rec.Start(ctx, agent, audit.Trigger{Type: audit.Event})
			if err != nil {
				ctx, cancel := context.WithCancelCause(ctx)
				cancel(err) // what may not run, or leaves no trace, must not be done
				return ctx
			}
			return ctx
		},
		onEnd: func(ctx context.Context, err error) {
			if err := audit.FromContext(ctx).End(err); err != nil {
				fmt.Println("ended:", err)
			}
		},
	}
	for _, agent := range []string{"order-router", "not a name"} {
		f.handle(context.Background(), agent, func(ctx context.Context) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			audit.FromContext(ctx).Output("orders", 3)
			return nil
		})
	}
	printEntries(sink)
	// Output:
	// ended: audit: start not a name: audit: invalid: agent name "not a name" may only have ASCII letters, digits and the characters -_./
	// order-router success []
}

// Tags say what is recorded of a struct, with or without a redactor.
func ExampleValue() {
	type customer struct {
		ID      int    `json:"id"`
		Name    string `json:"name" redact:"mask"`
		Comment string `json:"comment" redact:"-"`
		Limit   int    `json:"limit" redact:"drop"`
	}
	rec, sink := exampleRecorder()
	defer rec.Close()
	_ = rec.Do(context.Background(), "credit-check", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		c := customer{17, "Ann", "a friend of Bob", 5000}
		run.If("limit is high", c.Limit > 1000, audit.Value("customer", c))
		return nil
	})
	printEntries(sink)
	// Output:
	// credit-check success []
	//   limit is high → true, not [false], because {"customer":{"id":17,"name":"[REDACTED]","limit":null}}
}

func ExampleRun_If() {
	rec, sink := exampleRecorder()
	defer rec.Close()

	_ = rec.Do(context.Background(), "feed-monitor", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		age := 95 * time.Minute
		if run.If("feed is stale", age > time.Hour, audit.Value("age", age), audit.Value("limit", time.Hour)) {
			fmt.Println("telling someone")
		}
		return nil
	})
	printEntries(sink)
	// Output:
	// telling someone
	// feed-monitor success []
	//   feed is stale → true, not [false], because {"age":"1h35m0s","limit":"1h0m0s"}
}

func ExampleRun_Choose() {
	rec, sink := exampleRecorder()
	defer rec.Close()

	route := func(amount float64) string {
		if amount > 1e6 {
			return "committee"
		}
		return "auto"
	}
	_ = rec.Do(context.Background(), "order-router", audit.Trigger{Type: audit.Event}, func(ctx context.Context, run *audit.Run) error {
		const amount = 2.5e6
		switch run.Choose("route of the order", route(amount), []string{"auto", "committee", "reject"}, audit.Value("amount", amount)) {
		case "committee":
			fmt.Println("asking the committee")
		}
		return nil
	})
	printEntries(sink)
	// Output:
	// asking the committee
	// order-router success []
	//   route of the order → committee, not [auto reject], because {"amount":2500000}
}

// An error that a task returned stays in the entry, even if the agent goes on:
// the run is then partial.
func ExampleRun_Task() {
	rec, sink := exampleRecorder()
	defer rec.Close()

	err := rec.Do(context.Background(), "weekly-nav-report", audit.Trigger{Type: audit.Schedule}, func(ctx context.Context, run *audit.Run) error {
		err := run.Task(ctx, "load-prices", func(context.Context, *audit.Task) error {
			return errors.New("2 of 40 prices are missing")
		})
		if run.If("prices are incomplete", err != nil) {
			fmt.Println("using those of yesterday")
		}
		return run.Task(ctx, "compute-nav", func(context.Context, *audit.Task) error { return nil })
	})
	fmt.Println(err)
	printEntries(sink)
	// Output:
	// using those of yesterday
	// <nil>
	// weekly-nav-report partial [load-prices compute-nav]
	//   prices are incomplete → true, not [false], because {}
	//   error: 2 of 40 prices are missing
}

// Library code finds the run it works for. Without one it works all the same.
func ExampleFromContext() {
	fetch := func(ctx context.Context, cached bool) string {
		if audit.FromContext(ctx).If("cache is warm", cached) {
			return "from the cache"
		}
		return "from the source"
	}
	fmt.Println(fetch(context.Background(), true))

	rec, sink := exampleRecorder()
	defer rec.Close()
	_ = rec.Do(context.Background(), "loader", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		fmt.Println(fetch(ctx, false))
		return nil
	})
	printEntries(sink)
	// Output:
	// from the cache
	// from the source
	// loader success []
	//   cache is warm → false, not [true], because {}
}

// A process died in the middle of a run. Whoever finds its records closes it.
func ExampleReplay() {
	rec, sink := exampleRecorder()
	_ = rec.Do(context.Background(), "recon-summary", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "compare", func(ctx context.Context, t *audit.Task) error {
			t.If("sources differ", true, audit.Value("rows", 3))
			return nil
		})
	})
	left := sink.Records()[:3] // the start, the task's start, the decision

	var replay audit.Replay
	for _, r := range left {
		if err := replay.Add(r.JSON); err != nil {
			panic(err)
		}
	}
	entry, err := replay.Entry()
	fmt.Println(entry.Status, entry.EndedBy, err)
	fmt.Println(entry.Tasks[0].Skill, entry.Tasks[0].Outcome)
	fmt.Println(entry.Errors[0].Message)
	// Output:
	// failed interrupted <nil>
	// compare unknown
	// the process running this agent ended before the run did
}
