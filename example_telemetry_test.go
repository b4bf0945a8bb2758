package flexor_test

import (
	"context"
	"fmt"
	"log/slog"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
)

// Runs and tasks are spans, and the entry names the trace.
func Example_telemetry() {
	ctx := context.Background()
	dir, clean := exampleVault("company")
	defer clean()

	spans := tracetest.NewInMemoryExporter() // an OTLP exporter in earnest
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	v, err := flexor.Open(ctx, dir, &flexor.Options{TracerProvider: tp, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer v.Close()
	_ = v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "freshness", func(ctx context.Context, t *audit.Task) error {
			t.If("feed is stale", false)
			return nil
		})
	})

	for _, s := range spans.GetSpans() {
		fmt.Println(s.Name, len(s.Events))
	}
	for e, err := range v.Log.Entries(ctx, audit.Filter{}) {
		fmt.Println(e.TraceID == spans.GetSpans()[0].SpanContext.TraceID().String(), err)
	}
	// Output:
	// execute_tool freshness 1
	// invoke_agent feed-monitor 0
	// true <nil>
}
