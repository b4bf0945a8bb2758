package lineage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Errors of [Sender.Send].
var (
	// ErrRefused is wrapped when the server will not take an event however often it is
	// sent: its key, its address, or the event is not to the server's liking.
	ErrRefused = errors.New("lineage: the OpenLineage server refused an event")

	// ErrAddress is returned when [Sender.URL] is not that of a server.
	ErrAddress = errors.New("lineage: the address of the OpenLineage server is no URL such as https://marquez.example, without user info")

	// ErrUnavailable is wrapped when an event could not be delivered for as long as
	// [Sender.Patience]. The error is an [UnavailableError].
	ErrUnavailable = errors.New("lineage: the OpenLineage server did not take an event")
)

// RefusedError says what the server has against an event. It wraps [ErrRefused].
type RefusedError struct {
	// Event says that it is about this event (400, 413, 422), so that others may be taken, and
	// not about the key or the address.
	Event bool
	Err   error
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns what it is about.
func (e *RefusedError) Unwrap() error { return e.Err }

// UnavailableError says why an event could not be delivered for now. It wraps
// [ErrUnavailable].
type UnavailableError struct {
	After time.Duration // how long the server asked to be left in peace; 0: it did not
	Err   error
}

// Error implements error.
func (e *UnavailableError) Error() string { return e.Err.Error() }

// Unwrap returns what it is about.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Sender posts events to a server that takes those of OpenLineage by HTTP, such as
// Marquez, one in each request. It may be used by several goroutines at once, each
// with events of its own.
type Sender struct {
	// URL is the address of the server. If it has no path, that is /api/v1/lineage.
	URL string

	// Key is the API key, sent as a bearer token. Empty: none is sent. A redirect is
	// not followed, so that no other server gets it.
	Key string

	// Transport sends the requests. Nil: [http.DefaultTransport].
	Transport http.RoundTripper

	// Timeout is how long one request may take, with its answer. 0: 30 seconds.
	Timeout time.Duration

	// Wait is about how long to wait before an event is sent again. It is doubled each
	// time, up to 64 times of it, and differs by chance, so that many senders do not come
	// back together. A server that asks for more time gets it. 0: 500 milliseconds.
	Wait time.Duration

	// Patience is how long one event is tried. 0: five minutes; negative: once.
	Patience time.Duration

	// Retrying is called, if it is set, before each wait for another try, with why the
	// one before failed; by the goroutine that sends.
	Retrying func(why error)
}

// Send posts the events of [OpenLineage] in their order, of the runs whose entries stand
// at the position from of the log or later. After the last event of each run it calls
// delivered, which may be nil, with the position to go on from: all before it is with the
// server. An error of delivered ends the sending.
//
// An event is sent again until the server has said that it took it. So each arrives at
// least once, and none is left out: an event that cannot be delivered ends the sending
// with [ErrRefused] or [ErrUnavailable]. One that is sent again, also by a later Send, is
// the same byte for byte, and a server that goes by run, type and time takes it for one.
func (s *Sender) Send(ctx context.Context, events iter.Seq2[json.RawMessage, error], from uint64, delivered func(next uint64) error) error {
	target, err := s.target()
	if err != nil {
		return err
	}
	var run []sendEvent
	for raw, err := range events {
		if err != nil {
			return err
		}
		e := sendEvent{raw: raw}
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("lineage: send: an event that is none: %w", err)
		}
		run = append(run, e)
		if e.Type == "START" {
			continue // the end says where the run stands
		}
		next := e.Run.Facets.Flexor.Position + 1
		if next > from {
			if err := s.deliverAll(ctx, target, run); err != nil {
				return err
			}
			if delivered != nil {
				if err := delivered(next); err != nil {
					return err
				}
			}
		}
		run = run[:0]
	}
	return s.deliverAll(ctx, target, run) // starts without an end
}

// sendEvent is what the sender needs to know of an event.
type sendEvent struct {
	raw  json.RawMessage
	Type string  `json:"eventType"`
	Run  sendRun `json:"run"`
}

type sendRun struct {
	ID     string `json:"runId"`
	Facets struct {
		Flexor struct {
			Position uint64 `json:"position"`
		} `json:"flexor"`
	} `json:"facets"`
}

// target returns the URL to post to. The error does not repeat it, for it may hold a secret.
func (s *Sender) target() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, ErrAddress
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" || u.Path == "/" {
		u.Path = "/api/v1/lineage"
	}
	return u, nil
}

// deliverAll posts events one after the other.
func (s *Sender) deliverAll(ctx context.Context, target *url.URL, events []sendEvent) error {
	for i := range events {
		if err := s.deliver(ctx, target, &events[i]); err != nil {
			return err
		}
	}
	return nil
}

// deliver posts one event until it is taken.
func (s *Sender) deliver(ctx context.Context, target *url.URL, e *sendEvent) error {
	wait := cmp.Or(s.Wait, 500*time.Millisecond)
	most, patience := 64*wait, cmp.Or(s.Patience, 5*time.Minute)
	began := time.Now()
	for {
		outcome := s.post(ctx, target, e.raw)
		if outcome.taken {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("lineage: send %s of run %s: %w", e.Type, e.Run.ID, context.Cause(ctx))
		}
		if outcome.final {
			return &RefusedError{outcome.event, fmt.Errorf("%w: %s of run %s: %w", ErrRefused, e.Type, e.Run.ID, outcome.why)}
		}
		pause := max(wait/2+rand.N(wait/2+1), outcome.after)
		if tried := time.Since(began); tried+pause > patience {
			return &UnavailableError{outcome.after, fmt.Errorf("%w: %s of run %s: tried for %s: %w", ErrUnavailable, e.Type, e.Run.ID, tried.Round(time.Second), outcome.why)}
		}
		if s.Retrying != nil {
			s.Retrying(outcome.why)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("lineage: send %s of run %s: %w", e.Type, e.Run.ID, context.Cause(ctx))
		}
		wait = min(2*wait, most)
	}
}

// sendOutcome is what became of one request.
type sendOutcome struct {
	taken bool
	final bool          // the same will come of every other
	event bool          // for what the event is
	after time.Duration // not to be tried again before
	why   error
}

// post sends one request.
func (s *Sender) post(ctx context.Context, target *url.URL, event []byte) sendOutcome {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, 30*time.Second))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(event))
	if err != nil {
		return sendOutcome{final: true, why: errors.New("its address is no URL")}
	}
	req.Header.Set("Content-Type", "application/json")
	if s.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	client := &http.Client{
		Transport:     s.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		var in *url.Error // which repeats the URL, with what may be secret in it
		if errors.As(err, &in) {
			err = in.Err
		}
		return sendOutcome{why: err}
	}
	defer resp.Body.Close() //nolint:errcheck // the answer is known
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return sendOutcome{taken: true}
	}
	why := fmt.Errorf("it answered %s", strings.TrimSpace(strconv.Itoa(resp.StatusCode)+" "+http.StatusText(resp.StatusCode)))
	if len(said) > 0 {
		why = fmt.Errorf("%w, and said %q", why, strings.ToValidUTF8(string(said), ""))
	}
	if hint := sendHint(resp.StatusCode, len(event)); hint != "" {
		return sendOutcome{final: true, event: aboutEvent(resp.StatusCode), why: fmt.Errorf("%w: %s", why, hint)}
	}
	return sendOutcome{after: retryAfter(resp.Header.Get("Retry-After")), why: why}
}

// sendHint says how to mend what the server has against a request; nothing if the same
// request may be taken later.
func sendHint(status, size int) string {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return ""
	case http.StatusUnauthorized, http.StatusForbidden:
		return "give the API key of a user who may send events"
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "there is no OpenLineage endpoint at that URL; give it with its path"
	case http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("the event has %d bytes; have the server take as many", size)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "the server does not take it for an OpenLineage 2-0-2 event"
	}
	switch {
	case status < 400:
		return "give the URL that it leads to"
	case status < 500:
		return "it will not be taken later"
	}
	return ""
}

// aboutEvent reports whether an answer is about the event that was sent.
func aboutEvent(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}

// retryAfter returns how long a server asks to wait, in seconds or until a time.
func retryAfter(field string) time.Duration {
	if n, err := strconv.ParseUint(field, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(field); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
