package audit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/flexorhq/flexor-go/audit"
)

// newTracer returns a provider and what it recorded.
func newTracer(t *testing.T) (trace.TracerProvider, *tracetest.SpanRecorder) {
	spans := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	t.Cleanup(func() { assert.NoError(t, tp.Shutdown(context.Background())) })
	return tp, spans
}

// attr returns an attribute of a span or event.
func attr(attrs []attribute.KeyValue, key string) string {
	for _, a := range attrs {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

func TestEntryNamesTheCallersSpan(t *testing.T) {
	tp, spans := newTracer(t)
	rec := newRecorder(t)
	ctx, span := tp.Tracer("caller").Start(t.Context(), "request")
	require.NoError(t, rec.Do(ctx, "feed", manual, func(ctx context.Context, run *audit.Run) error {
		run.If("feed is stale", true, audit.Value("age", 95))
		inner, s := tp.Tracer("caller").Start(ctx, "step")
		audit.FromContext(inner).If("inside a step", false)
		s.End()
		return nil
	}))
	span.End()
	e := rec.Entry()
	assert.Equal(t, span.SpanContext().TraceID().String(), e.TraceID)
	assert.Equal(t, span.SpanContext().SpanID().String(), e.SpanID)
	ended := spans.Ended()
	require.Len(t, ended, 2, "no spans of our own without a provider")
	step, request := ended[0], ended[1]
	require.Len(t, request.Events(), 1)
	ev := request.Events()[0]
	assert.Equal(t, "flexor.decision", ev.Name)
	assert.Equal(t, "feed is stale", attr(ev.Attributes, "flexor.decision.condition"))
	assert.Equal(t, "true", attr(ev.Attributes, "flexor.decision.branch"))
	assert.Equal(t, "95", attr(ev.Attributes, "flexor.decision.value.age"))
	require.Len(t, step.Events(), 1, "a decision is an event of the span it was taken in")
}

func TestNoSpanNoIDs(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(context.Context, *audit.Run) error { return nil }))
	assert.Empty(t, rec.Entry().TraceID)
	assert.Empty(t, rec.Entry().SpanID)
}

func TestOwnSpans(t *testing.T) {
	tp, spans := newTracer(t)
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) {
		c.TracerProvider, c.Gate, c.Redactor = tp, gate, new(maskAlice)
	})
	ctx, caller := tp.Tracer("caller").Start(t.Context(), "request")
	err := rec.Do(ctx, "feed@2", manual, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "check", func(_ context.Context, task *audit.Task) error {
			task.If("owner known", true, audit.Value("owner", "alice@fund.com"))
			return errors.New("mail to alice@fund.com bounced")
		})
	})
	require.Error(t, err)
	ended := spans.Ended()
	require.Len(t, ended, 2)
	task, run := ended[0], ended[1]
	e := rec.Entry()

	assert.Equal(t, "invoke_agent feed", run.Name())
	assert.Equal(t, caller.SpanContext().SpanID(), run.Parent().SpanID())
	assert.Equal(t, run.SpanContext().SpanID().String(), e.SpanID)
	assert.Equal(t, run.SpanContext().TraceID().String(), e.TraceID)
	assert.Equal(t, "invoke_agent", attr(run.Attributes(), "gen_ai.operation.name"))
	assert.Equal(t, "feed", attr(run.Attributes(), "gen_ai.agent.name"))
	assert.Equal(t, "2", attr(run.Attributes(), "gen_ai.agent.version"))
	assert.Equal(t, e.RunID, attr(run.Attributes(), "flexor.run_id"))
	assert.Equal(t, "sandbox", attr(run.Attributes(), "flexor.environment"))
	assert.Equal(t, "failed", attr(run.Attributes(), "flexor.status"))
	assert.Equal(t, "error", attr(run.Attributes(), "flexor.ended_by"))
	assert.Equal(t, codes.Error, run.Status().Code)
	assert.Equal(t, "mail to [EMAIL] bounced", run.Status().Description)

	assert.Equal(t, "execute_tool check", task.Name())
	assert.Equal(t, run.SpanContext().SpanID(), task.Parent().SpanID())
	assert.Equal(t, "check", attr(task.Attributes(), "gen_ai.tool.name"))
	assert.Equal(t, codes.Error, task.Status().Code)
	require.Len(t, task.Events(), 2)
	assert.Equal(t, `"[EMAIL]"`, attr(task.Events()[0].Attributes, "flexor.decision.value.owner"))
	assert.Equal(t, "exception", task.Events()[1].Name)
	assert.Equal(t, "mail to [EMAIL] bounced", attr(task.Events()[1].Attributes, "exception.message"))

	spans.Reset()
	err = rec.Do(t.Context(), "feed", manual, func(ctx context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "bob@fund.com", Reason: "drill"})
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	killed := spans.Ended()[0]
	assert.Equal(t, "bob@fund.com", attr(killed.Attributes(), "flexor.kill.by"))
	assert.Equal(t, "drill", attr(killed.Attributes(), "flexor.kill.reason"))

	spans.Reset()
	assert.Panics(t, func() {
		_ = rec.Do(t.Context(), "feed", manual, func(ctx context.Context, run *audit.Run) error { panic("boom") })
	})
	assert.Equal(t, "panic", attr(spans.Ended()[0].Events()[0].Attributes, "exception.type"))
	spans.Reset()
	rec.Sink.Fail = func(audit.Batch) error { return errors.New("full") }
	require.Error(t, rec.Do(t.Context(), "feed", manual, nil))
	assert.Equal(t, codes.Error, spans.Ended()[0].Status().Code, "a span that was begun is ended")
}
