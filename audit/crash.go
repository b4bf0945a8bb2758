package audit

import "fmt"

// crash is how a function ended that did not return. It is comparable, so that
// a crash that goes up through several tasks is recognised as one.
type crash struct {
	by      EndedBy // [ByPanic] or [ByGoexit]
	message string
}

// newCrash describes a panic with its value, or a Goexit.
func newCrash(by EndedBy, v any) crash {
	if by == ByGoexit {
		return crash{by, "runtime.Goexit was called"}
	}
	return crash{by, "panic: " + panicText(v)}
}

// Error returns what is recorded of the crash.
func (c crash) Error() string { return c.message }

// panicText returns the value of a panic as text. What has no text of its own
// is encoded, as fmt would follow a cycle for ever.
func panicText(v any) string {
	if err, ok := v.(error); ok {
		return errorText(err)
	}
	if text, ok := stringerText(v); ok {
		return text
	}
	if text, ok := v.(string); ok {
		return text
	}
	return string(Encode(v))
}

// briefText returns the value of a panic in a method of a value that is being
// described already; so it must not try to describe the value in full again.
func briefText(v any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", v)
		}
	}()
	switch v := v.(type) {
	case string:
		return v
	case error:
		return v.Error()
	}
	return fmt.Sprintf("%T", v)
}
