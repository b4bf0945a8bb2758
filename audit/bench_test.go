package audit_test

import (
	"context"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// discard is a sink that costs nothing, so that the benchmarks show what the
// recorder does.
type discard struct{}

func (discard) Append(context.Context, audit.Batch) error { return nil }
func (discard) Close() error                              { return nil }

// benchRun calls fn inside a run.
func benchRun(b *testing.B, sink audit.Sink, fn func(run *audit.Run)) {
	b.Helper()
	rec, err := audit.New(sink, nil)
	if err != nil {
		b.Fatal(err)
	}
	err = rec.Do(b.Context(), "bench", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		fn(run)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIf is a decision in a hot loop.
func BenchmarkIf(b *testing.B) {
	loop := func(b *testing.B, run *audit.Run) {
		b.ReportAllocs()
		taken := false
		for b.Loop() {
			taken = !run.If("feed is stale", taken)
		}
	}
	b.Run("live", func(b *testing.B) { benchRun(b, discard{}, func(run *audit.Run) { loop(b, run) }) })
	b.Run("disabled", func(b *testing.B) { benchRun(b, nil, func(run *audit.Run) { loop(b, run) }) })
	b.Run("nil", func(b *testing.B) { loop(b, nil) })
	b.Run("live values=2", func(b *testing.B) {
		benchRun(b, discard{}, func(run *audit.Run) {
			b.ReportAllocs()
			age := 95.5
			for b.Loop() {
				run.If("feed is stale", age > 60, audit.Value("age_minutes", age), audit.Value("feed", "equity-prices"))
			}
		})
	})
}

// BenchmarkDo is a whole run.
func BenchmarkDo(b *testing.B) {
	rec, err := audit.New(discard{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	do := func(b *testing.B, fn func(ctx context.Context, run *audit.Run) error) {
		b.ReportAllocs()
		for b.Loop() {
			if err := rec.Do(b.Context(), "bench", audit.Trigger{Type: audit.Schedule}, fn); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("empty", func(b *testing.B) {
		do(b, func(context.Context, *audit.Run) error { return nil })
	})
	b.Run("tasks=5 decisions=10", func(b *testing.B) {
		do(b, func(ctx context.Context, run *audit.Run) error {
			for i := range 5 {
				err := run.Task(ctx, "data-freshness-check", func(ctx context.Context, t *audit.Task) error {
					t.If("feed is stale", i%2 == 0, audit.Value("age_minutes", i))
					t.If("feed has gaps", i%2 != 0, audit.Value("gaps", i))
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}
