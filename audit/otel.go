package audit

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scopeName is the instrumentation scope of our spans and metrics.
const scopeName = "github.com/flexorhq/flexor-go/audit"

// The names of what our spans say. The gen_ai names are those of the
// OpenTelemetry semantic conventions for generative AI agents. They are
// constants of ours because the published Go constants come and go between
// versions of the conventions.
const (
	operationKey    = attribute.Key("gen_ai.operation.name")
	agentNameKey    = attribute.Key("gen_ai.agent.name")
	agentVersionKey = attribute.Key("gen_ai.agent.version")
	toolNameKey     = attribute.Key("gen_ai.tool.name")

	runIDKey       = attribute.Key("flexor.run_id")
	vaultKey       = attribute.Key("flexor.vault")
	environmentKey = attribute.Key("flexor.environment")
	triggerKey     = attribute.Key("flexor.trigger_type")
	statusKey      = attribute.Key("flexor.status")
	endedByKey     = attribute.Key("flexor.ended_by")
	taskKey        = attribute.Key("flexor.task")
	killByKey      = attribute.Key("flexor.kill.by")
	killReasonKey  = attribute.Key("flexor.kill.reason")

	decisionEvent = "flexor.decision"
	conditionKey  = attribute.Key("flexor.decision.condition")
	branchKey     = attribute.Key("flexor.decision.branch")
	notTakenKey   = attribute.Key("flexor.decision.alternatives")
	valuePrefix   = "flexor.decision.value."

	operationAgent = "invoke_agent"
	operationTool  = "execute_tool"
)

// spanIDs returns the ids of the span that ctx belongs to; empty for none.
func spanIDs(ctx context.Context) (traceID, spanID string) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return "", ""
	}
	return sc.TraceID().String(), sc.SpanID().String()
}

// startRunSpan starts the span of a run, if there is a tracer.
func (r *Recorder) startRunSpan(ctx context.Context, e *Entry) (context.Context, trace.Span) {
	if r.tracer == nil {
		return ctx, nil
	}
	ctx, span := r.tracer.Start(ctx, operationAgent+" "+e.AgentName, trace.WithAttributes(
		operationKey.String(operationAgent),
		agentNameKey.String(e.AgentName),
		runIDKey.String(e.RunID),
		vaultKey.String(e.Vault),
		environmentKey.String(e.Environment),
		triggerKey.String(string(e.TriggerType)),
	))
	if e.AgentVersion != "" {
		span.SetAttributes(agentVersionKey.String(e.AgentVersion))
	}
	return ctx, span
}

// startTaskSpan starts the span of a task, if there is a tracer.
func (r *Recorder) startTaskSpan(ctx context.Context, runID string, t *taskState) (context.Context, trace.Span) {
	if r.tracer == nil {
		return ctx, nil
	}
	return r.tracer.Start(ctx, operationTool+" "+t.skill, trace.WithAttributes(
		operationKey.String(operationTool),
		toolNameKey.String(t.skill),
		runIDKey.String(runID),
		taskKey.Int(t.seq),
	))
}

// addDecision adds a decision, as it was recorded, to the span it was taken in.
func addDecision(span trace.Span, d *Decision) {
	attrs := make([]attribute.KeyValue, 0, 3+len(d.Values))
	attrs = append(attrs,
		conditionKey.String(d.Condition),
		branchKey.String(d.Branch),
		notTakenKey.StringSlice(d.Alternatives),
	)
	for _, v := range d.Values {
		attrs = append(attrs, attribute.String(valuePrefix+v.Name, string(v.JSON)))
	}
	span.AddEvent(decisionEvent, trace.WithTimestamp(d.At), trace.WithAttributes(attrs...))
}

// endRunSpan ends the span of a run with what its entry says.
func endRunSpan(span trace.Span, e *Entry, err error) {
	if span == nil {
		return
	}
	span.SetAttributes(statusKey.String(string(e.Status)), endedByKey.String(string(e.EndedBy)))
	if e.Kill != nil {
		span.SetAttributes(killByKey.String(e.Kill.By), killReasonKey.String(e.Kill.Reason))
	}
	message := string(e.EndedBy)
	if n := len(e.Errors); n > 0 {
		message = e.Errors[n-1].Message
	}
	endSpan(span, e.Status == Failed, err, message)
}

// endSpan ends a span; nil is none. The message of the error is the one that
// was recorded: err itself may say what the redactor removed.
func endSpan(span trace.Span, failed bool, err error, message string) {
	if span == nil {
		return
	}
	if failed {
		span.SetStatus(codes.Error, message)
	}
	if err != nil {
		kind := fmt.Sprintf("%T", err)
		if c, ok := err.(crash); ok {
			kind = string(c.by)
		}
		span.AddEvent("exception", trace.WithAttributes(
			attribute.String("exception.type", kind),
			attribute.String("exception.message", message),
		))
	}
	span.End()
}
