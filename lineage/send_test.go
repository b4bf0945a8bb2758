package lineage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// exported returns the log of n runs, and their events.
func exported(t *testing.T, n int) (*memory, []json.RawMessage) {
	t.Helper()
	rec := audittest.New(t)
	for range n {
		require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "", "db://x/y")
			return nil
		}))
	}
	log := of(rec.Records())
	var events []json.RawMessage
	for e, err := range lineage.OpenLineage(t.Context(), log, time.Time{}, time.Time{}) {
		require.NoError(t, err)
		events = append(events, e)
	}
	require.Len(t, events, 2*n)
	return log, events
}

// each yields events.
func each(events []json.RawMessage) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// lineageServer is an OpenLineage server that answers as it is told.
type lineageServer struct {
	*httptest.Server
	mu    sync.Mutex
	took  []string // the events that it said it took
	tries int
}

// serve starts a server. fault is asked about each request, by its number from 0; if it
// returns true, it has answered.
func serve(t *testing.T, fault func(n int, w http.ResponseWriter, r *http.Request) bool) *lineageServer {
	t.Helper()
	s := &lineageServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := s.tries
		s.tries++
		s.mu.Unlock()
		if fault != nil && fault(n, w, r) {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.took = append(s.took, string(body))
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(s.Close)
	return s
}

// distinct returns what a server took, each event once, in the order of the first times.
func (s *lineageServer) distinct() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.took {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

func texts(events []json.RawMessage) (out []string) {
	for _, e := range events {
		out = append(out, string(e))
	}
	return out
}

func TestSend(t *testing.T) {
	_, events := exported(t, 3)
	s := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		assert.Equal(t, "POST /api/v1/lineage", r.Method+" "+r.URL.Path)
		assert.Equal(t, []string{"application/json", "Bearer key-1"}, []string{r.Header.Get("Content-Type"), r.Header.Get("Authorization")})
		return false
	})
	var positions []uint64
	require.NoError(t, (&lineage.Sender{URL: s.URL, Key: "key-1"}).Send(t.Context(), each(events), 0, func(next uint64) error {
		positions = append(positions, next)
		return nil
	}))
	assert.Equal(t, texts(events), s.took)
	require.Len(t, positions, 3)

	// From there on it is only what came later.
	s.took = nil
	require.NoError(t, (&lineage.Sender{URL: s.URL, Key: "key-1"}).Send(t.Context(), each(events[:3]), 0, nil))
	assert.Equal(t, texts(events[:3]), s.took, "a start without an end is not left out")
	s.took = nil
	require.NoError(t, (&lineage.Sender{URL: s.URL + "/", Key: "key-1"}).Send(t.Context(), each(events), positions[1], nil))
	assert.Equal(t, texts(events[4:]), s.took)
	s.took = nil
	require.NoError(t, (&lineage.Sender{URL: s.URL, Key: "key-1"}).Send(t.Context(), each(events), positions[2], nil))
	assert.Empty(t, s.took)
}

// Whatever a server does for a while, each event arrives, and none is taken for delivered
// that is not.
func TestSendThroughFaults(t *testing.T) {
	_, events := exported(t, 4)
	faults := map[string]func(w http.ResponseWriter, r *http.Request){
		"500":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"503 and 429": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"reset": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 10)
			panic(http.ErrAbortHandler)
		},
		"reset in the answer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		},
		"stall": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client go
			<-r.Context().Done()
		},
	}
	for name, fault := range faults {
		s := serve(t, func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n%3 == 2 {
				return false
			}
			fault(w, r)
			return true
		})
		sender := &lineage.Sender{URL: s.URL, Wait: time.Microsecond, Timeout: time.Minute}
		if name == "stall" {
			sender.Timeout = 50 * time.Millisecond
		}
		delivered := 0
		require.NoError(t, sender.Send(t.Context(), each(events), 0, func(uint64) error {
			delivered++
			assert.GreaterOrEqual(t, len(s.distinct()), 2*delivered, name)
			return nil
		}), name)
		assert.Equal(t, texts(events), s.distinct(), name)
		assert.Equal(t, 4, delivered, name)
	}
}

// An answer that is lost makes the event come twice, the same each time.
func TestSendTwice(t *testing.T) {
	_, events := exported(t, 1)
	s := serve(t, nil)
	lost := 0
	sender := &lineage.Sender{URL: s.URL, Wait: time.Microsecond, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil && lost < 2 {
			lost++
			_ = resp.Body.Close()
			return nil, errors.New("connection reset")
		}
		return resp, err
	})}
	require.NoError(t, sender.Send(t.Context(), each(events), 0, nil))
	assert.Len(t, s.took, 4)
	assert.Equal(t, texts(events), s.distinct())
}

// What a server will never take ends the sending at once, and says why. What was delivered
// before is known.
func TestSendRefused(t *testing.T) {
	_, events := exported(t, 2)
	for status, hint := range map[int]string{
		301: "URL that it leads to", 307: "URL that it leads to", 400: "2-0-2", 401: "API key", 403: "API key", 404: "with its path",
		405: "with its path", 409: "not be taken later", 413: fmt.Sprintf("%d bytes", len(events[2])), 422: "2-0-2", 501: "with its path",
	} {
		elsewhere := serve(t, nil)
		s := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n < 2 {
				return false
			}
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
			_, _ = w.Write([]byte("because\x1b[2J"))
			return true
		})
		delivered := 0
		err := (&lineage.Sender{URL: s.URL, Key: "hunter2"}).Send(t.Context(), each(events), 0, func(uint64) error {
			delivered++
			return nil
		})
		require.ErrorIs(t, err, lineage.ErrRefused, "%d", status)
		require.ErrorContains(t, err, hint, "%d", status)
		require.ErrorContains(t, err, `"because\x1b[2J"`)
		require.ErrorContains(t, err, "START of run ")
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Equal(t, 1, delivered, "%d", status)
		assert.Equal(t, 3, s.tries, "%d is not tried again", status)
		assert.Zero(t, elsewhere.tries, "the key goes nowhere else")
	}
}

// The waits grow, differ, are what the server asks for if that is more, and end.
func TestSendWaits(t *testing.T) {
	_, events := exported(t, 1)
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		answer := http.Header{}
		sender := &lineage.Sender{URL: "http://lineage.example", Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			at = append(at, time.Since(began))
			return &http.Response{StatusCode: 503, Header: answer, Body: http.NoBody, Request: req}, nil
		})}
		err := sender.Send(t.Context(), each(events), 0, nil)
		require.ErrorIs(t, err, lineage.ErrUnavailable)
		require.ErrorContains(t, err, "503 Service Unavailable")
		wait := 500 * time.Millisecond
		for i := 1; i < len(at); i++ {
			assert.GreaterOrEqual(t, at[i]-at[i-1], wait/2)
			assert.LessOrEqual(t, at[i]-at[i-1], wait)
			wait = min(2*wait, 32*time.Second)
		}
		assert.Greater(t, at[len(at)-1], 4*time.Minute)
		assert.LessOrEqual(t, time.Since(began), 5*time.Minute)

		for _, asked := range []func() string{
			func() string { return "20" },
			func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
		} {
			at, began = nil, time.Now()
			answer.Set("Retry-After", asked())
			sender.Patience = 30 * time.Second
			require.ErrorIs(t, sender.Send(t.Context(), each(events), 0, nil), lineage.ErrUnavailable)
			require.GreaterOrEqual(t, len(at), 2)
			assert.GreaterOrEqual(t, at[1]-at[0], 19*time.Second)
		}
		answer.Set("Retry-After", "3600")
		began = time.Now()
		require.ErrorIs(t, sender.Send(t.Context(), each(events), 0, nil), lineage.ErrUnavailable)
		assert.Zero(t, time.Since(began), "it is not waited for what is beyond the patience")
	})
}

// A request that stalls is given up after its time, and sending can be stopped.
func TestSendStalls(t *testing.T) {
	_, events := exported(t, 1)
	synctest.Test(t, func(t *testing.T) {
		stalled := roundTrip(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		began := time.Now()
		sender := &lineage.Sender{URL: "http://lineage.example", Transport: stalled, Patience: time.Minute}
		err := sender.Send(t.Context(), each(events), 0, nil)
		require.ErrorIs(t, err, lineage.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(began), 2*time.Minute)

		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stop) })
		began = time.Now()
		require.ErrorIs(t, sender.Send(ctx, each(events), 0, nil), stop)
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestSendErrors(t *testing.T) {
	_, events := exported(t, 1)
	for _, url := range []string{"", "marquez", "ftp://x", "https://bob:hunter2@x", "http://", "http://hunter2\x7f"} {
		err := (&lineage.Sender{URL: url}).Send(t.Context(), each(events), 0, nil)
		require.ErrorIs(t, err, lineage.ErrAddress, url)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	s := serve(t, nil)
	s.Close()
	err := (&lineage.Sender{URL: s.URL + "/in?token=hunter2", Patience: time.Nanosecond}).Send(t.Context(), each(events), 0, nil)
	require.ErrorIs(t, err, lineage.ErrUnavailable)
	assert.NotContains(t, err.Error(), "hunter2")

	broken := errors.New("broken log")
	s = serve(t, nil)
	sender := &lineage.Sender{URL: s.URL}
	require.ErrorIs(t, sender.Send(t.Context(), func(yield func(json.RawMessage, error) bool) { yield(nil, broken) }, 0, nil), broken)
	require.ErrorContains(t, sender.Send(t.Context(), each([]json.RawMessage{[]byte("x")}), 0, nil), "none")
	require.ErrorIs(t, sender.Send(t.Context(), each(events), 0, func(uint64) error { return broken }), broken)
}

func TestSendCursor(t *testing.T) {
	log, _ := exported(t, 2)
	name := filepath.Join(t.TempDir(), "cursor")
	c, err := lineage.ReadSendCursor(t.Context(), name, log)
	require.NoError(t, err)
	assert.Zero(t, c)
	c.Next = uint64(len(log.lines))
	require.NoError(t, c.Write(name))
	again, err := lineage.ReadSendCursor(t.Context(), name, log)
	require.NoError(t, err)
	assert.Equal(t, c, again)

	c.Next, log.first = 1, 3
	require.NoError(t, c.Write(name))
	again, err = lineage.ReadSendCursor(t.Context(), name, log)
	require.NoError(t, err)
	assert.Equal(t, lineage.SendCursor{Next: 1, Missing: 2}, again, "records 1 and 2 are gone")
	log.first = 0

	c.Next = uint64(len(log.lines))
	for _, bad := range []lineage.SendCursor{{Next: c.Next + 1}, {Log: "flexor/other/audit-log"}} {
		require.NoError(t, bad.Write(name))
		_, err = lineage.ReadSendCursor(t.Context(), name, log)
		require.ErrorIs(t, err, lineage.ErrCursor)
	}
	require.NoError(t, lineage.SendCursor{Log: strings.Repeat("x", 5<<10)}.Write(name))
	_, err = lineage.ReadSendCursor(t.Context(), name, log)
	require.ErrorContains(t, err, "larger")
	require.Error(t, c.Write(filepath.Join(t.TempDir(), "none", "cursor")))
}
