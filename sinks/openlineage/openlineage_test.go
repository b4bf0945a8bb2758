package openlineage_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/openlineage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// server is an OpenLineage server that can be down, and answers as it is told.
type server struct {
	t       *testing.T
	address string
	client  *http.Transport

	mu     sync.Mutex
	http   *http.Server
	took   []string
	tries  int
	answer func(w http.ResponseWriter, r *http.Request) bool // nil: it takes all; true: it has answered
	tried  chan struct{}                                     // closed at the next request
}

// newServer reserves an address, at which nothing listens yet.
func newServer(t *testing.T) *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, address: l.Addr().String(), client: &http.Transport{}, tried: make(chan struct{})}
	require.NoError(t, l.Close())
	t.Cleanup(s.down)
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func (s *server) up() {
	l, err := net.Listen("tcp", s.address)
	require.NoError(s.t, err)
	h := &http.Server{Handler: s}
	s.mu.Lock()
	s.http = h
	s.mu.Unlock()
	go func() { _ = h.Serve(l) }()
}

func (s *server) down() {
	s.mu.Lock()
	h := s.http
	s.mu.Unlock()
	if h != nil {
		require.NoError(s.t, h.Close())
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	s.tries++
	answer := s.answer
	close(s.tried)
	s.tried = make(chan struct{})
	s.mu.Unlock()
	if err != nil || answer != nil && answer(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, string(body))
	w.WriteHeader(http.StatusCreated)
}

// does makes the server answer in a way from now on.
func (s *server) does(answer func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// house is a vault whose runs the server is told of.
type house struct {
	*server
	dir string
	o   *flexor.Options
}

func newHouse(t *testing.T) *house {
	h := &house{server: newServer(t), dir: t.TempDir()}
	doc := `{"name": "test", "tier": "L2", "environment": "sandbox", "audit": {"secondary_destination": "openlineage+http://` + h.address + `"}}`
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "vault.json"), []byte(doc), 0o600))
	cfg := &openlineage.Config{Key: "key-1", Transport: h.client, Timeout: time.Minute, Patience: -1}
	h.o = &flexor.Options{
		Feeds:           flexor.Feeds{"openlineage": cfg.Open},
		ManualRetention: true,
		Pace:            archive.Pace{MinBackoff: time.Microsecond, MaxBackoff: time.Millisecond, Poll: time.Millisecond},
	}
	return h
}

func (h *house) open() *flexor.Vault {
	h.t.Helper()
	v, err := flexor.Open(ctx, h.dir, h.o)
	require.NoError(h.t, err)
	return v
}

// run records n runs.
func (h *house) run(v *flexor.Vault, n int) {
	h.t.Helper()
	for range n {
		require.NoError(h.t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "plexifact", "plexifact://prod/catalog/equity-prices/2026-04-30")
			lineage.Write(run, "warehouse", "warehouse://fund/nav")
			return nil
		}))
	}
}

// until waits until the feed's state says something of the kind.
func (h *house) until(v *flexor.Vault, says func(p feed.Position) bool) feed.Position {
	h.t.Helper()
	for {
		h.mu.Lock()
		tried := h.tried
		h.mu.Unlock()
		if p := h.position(v); says(p) {
			return p
		}
		select {
		case <-tried:
		case <-time.After(10 * time.Millisecond): // a server that is down is not asked
		}
	}
}

func (h *house) position(v *flexor.Vault) feed.Position {
	h.t.Helper()
	all, err := feed.Status(ctx, v.Log, filepath.Join(h.dir, feed.Folder))
	require.NoError(h.t, err)
	if len(all) == 0 {
		return feed.Position{}
	}
	require.Len(h.t, all, 1)
	return all[0]
}

// arrived checks that the server took the events of all runs in the log, in order.
func (h *house) arrived(v *flexor.Vault) (again int) {
	h.t.Helper()
	var want []string
	for e, err := range lineage.OpenLineage(ctx, v.Log, time.Time{}, time.Time{}) {
		require.NoError(h.t, err)
		want = append(want, string(e))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := 0
	for _, e := range h.took {
		switch i := slices.Index(want[:next], e); {
		case next < len(want) && want[next] == e:
			next++
		case i >= 0:
			again++
		default:
			require.Fail(h.t, "an event that was left out before, or is none", e)
		}
	}
	require.Equal(h.t, len(want), next, "events that did not arrive")
	return again
}

func TestDestination(t *testing.T) {
	h := newHouse(t)
	h.up()
	h.does(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/lineage" || r.Header.Get("Authorization") != "Bearer key-1" {
			t.Errorf("%s, %s", r.URL, r.Header)
		}
		return false
	})
	v := h.open()
	h.run(v, 3)
	require.NoError(t, v.Flush(ctx))
	require.Zero(t, h.arrived(v))
	h.run(v, 1)
	require.NoError(t, v.Close(), "which sends what is left")
	require.Zero(t, h.arrived(v))

	v = h.open()
	h.run(v, 2)
	require.NoError(t, v.Flush(ctx))
	require.Zero(t, h.arrived(v), "the next process goes on where the one before it was")
	confirmed, err := flexor.Confirmed(v.Config, h.o)
	require.NoError(t, err)
	n, err := confirmed(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(math.MaxUint64), n, "retention does not wait for a server that holds no evidence")
	require.NoError(t, v.Close())
}

// A server that is down, for several processes, loses nothing and keeps nobody.
func TestDown(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		v := h.open()
		h.run(v, 2)
		h.until(v, func(p feed.Position) bool { return p.Error != "" })
		require.NoError(t, v.Close())
	}
	v := h.open()
	p := h.until(v, func(p feed.Position) bool { return p.Error != "" })
	require.Less(t, p.Sent, uint64(4), "the records before the first entry have no events")
	require.Contains(t, p.Error, "connection refused")
	require.NotContains(t, p.Error, "key-1")
	require.Equal(t, "openlineage+http://"+h.address, p.Name)
	h.up()
	require.NoError(t, v.Flush(ctx))
	require.Zero(t, h.arrived(v))
	require.NoError(t, v.Close())
}

func TestFaults(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request){
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"503": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.up()
			var mu sync.Mutex
			n := 0
			h.does(func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				n++
				good := n%4 > 1 // so that both events of a run arrive
				mu.Unlock()
				if !good {
					fault(w, r)
				}
				return !good
			})
			v := h.open()
			h.run(v, 4)
			require.NoError(t, v.Flush(ctx))
			require.NoError(t, v.Close())
			h.arrived(v)
		})
	}
}

// An answer that is lost makes the event come again, the same.
func TestLostAnswer(t *testing.T) {
	h := newHouse(t)
	h.up()
	cfg := &openlineage.Config{Patience: -1, Transport: losing{h.client, new(int)}}
	h.o.Feeds["openlineage"] = cfg.Open
	v := h.open()
	h.run(v, 3)
	require.NoError(t, v.Flush(ctx))
	require.NoError(t, v.Close())
	require.Positive(t, h.arrived(v))
}

// losing loses every third answer.
type losing struct {
	to http.RoundTripper
	n  *int
}

func (l losing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.to.RoundTrip(r)
	if *l.n++; err == nil && *l.n%3 == 0 {
		_ = resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

// A server that hangs does not keep a vault from closing.
func TestHang(t *testing.T) {
	h := newHouse(t)
	h.up()
	asked := make(chan struct{}, 100)
	h.does(func(_ http.ResponseWriter, r *http.Request) bool {
		asked <- struct{}{}
		<-r.Context().Done()
		return true
	})
	h.o.Pace.CloseWait = -1
	v := h.open()
	h.run(v, 1)
	<-asked
	began := time.Now()
	require.NoError(t, v.Close())
	require.Less(t, time.Since(began), 30*time.Second, "the time that a request has is a minute")
	h.does(nil)
	v = h.open()
	require.NoError(t, v.Flush(ctx))
	require.NoError(t, v.Close())
	require.Zero(t, h.arrived(v))
}

// What the server has against an event, or the key, is told, and once it is put right all
// goes on.
func TestRefused(t *testing.T) {
	for status, hint := range map[int]string{400: "OpenLineage 2-0-2", 401: "API key", 404: "with its path"} {
		h := newHouse(t)
		h.up()
		v := h.open()
		h.run(v, 1)
		require.NoError(t, v.Flush(ctx))
		h.does(func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			return true
		})
		h.run(v, 2)
		err := v.Flush(ctx)
		require.True(t, errors.Is(err, feed.ErrPermanent) || errors.Is(err, feed.ErrRefused), err)
		require.ErrorIs(t, err, lineage.ErrRefused)
		require.ErrorContains(t, err, hint)
		p := h.position(v)
		require.Contains(t, p.Error, hint)
		require.False(t, p.NextTry.IsZero())
		require.Zero(t, p.Refused, "a server that takes nothing leaves nothing out")
		h.does(nil)
		require.NoError(t, v.Flush(ctx))
		require.NoError(t, v.Close())
		require.Zero(t, h.arrived(v))
	}
}

// A run whose events the server will not take for what they are is left out once it took a
// later one, however much was recorded between them; that is counted and shown, over processes.
func TestLeftOut(t *testing.T) {
	for _, status := range []int{400, 413, 422} {
		h := newHouse(t)
		h.up()
		h.does(func(w http.ResponseWriter, r *http.Request) bool {
			refused := r.Header.Get("Refused") != ""
			if refused {
				w.WriteHeader(status)
			}
			return refused
		})
		cfg := &openlineage.Config{Patience: -1, Transport: marking{h.client}}
		h.o.Feeds["openlineage"] = cfg.Open
		v := h.open()
		bad := func() {
			require.NoError(t, v.Audit.Do(ctx, "bad", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
		}
		h.run(v, 2)
		bad()
		bad()
		h.run(v, 1)
		bad()
		// More than a feed hands over at once.
		require.NoError(t, v.Audit.Do(ctx, "large", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			for range 1500 {
				run.If("feed is stale", false)
			}
			return nil
		}))
		require.NoError(t, v.Flush(ctx))
		p := h.until(v, func(p feed.Position) bool { return p.Refused == 3 && p.Behind == 0 })
		require.Empty(t, p.Error)
		require.Contains(t, p.Refusal, http.StatusText(status))
		for rec, err := range v.Log.Records(ctx, p.LastRefused) {
			require.NoError(t, err)
			require.Contains(t, string(rec.Line), `"agent_name":"bad"`)
			break
		}

		bad() // the last one of the log
		require.ErrorIs(t, v.Flush(ctx), feed.ErrRefused)
		p = h.position(v)
		require.Equal(t, uint64(3), p.Refused, "nobody knows yet what the server would say of another")
		require.Contains(t, p.Error, http.StatusText(status))
		require.NoError(t, v.Close())
		v = h.open()
		h.run(v, 1)
		require.NoError(t, v.Flush(ctx))
		p = h.until(v, func(p feed.Position) bool { return p.Refused == 4 && p.Behind == 0 })
		require.Empty(t, p.Error)
		require.NoError(t, v.Close())

		var want []string
		for e, err := range lineage.OpenLineage(ctx, v.Log, time.Time{}, time.Time{}) {
			require.NoError(t, err)
			if !strings.Contains(string(e), `"name":"bad"`) {
				want = append(want, string(e))
			}
		}
		require.Len(t, want, 2*5)
		h.mu.Lock()
		require.Equal(t, want, slices.Compact(slices.Clone(h.took)), "in order, the others whole")
		h.mu.Unlock()
	}
}

// marking marks the requests of runs of the agent bad.
type marking struct{ to http.RoundTripper }

func (m marking) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	event, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(event), `"name":"bad"`) {
		r.Header.Set("Refused", "yes")
	}
	return m.to.RoundTrip(r)
}

// A server asks for no more than so many runs that it does not take.
func TestRefusesAll(t *testing.T) {
	h := newHouse(t)
	h.up()
	h.does(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	h.o.Pace.MaxBackoff = time.Hour
	v := h.open()
	h.run(v, 40)
	h.mu.Lock()
	before := h.tries
	h.mu.Unlock()
	err := v.Flush(ctx)
	require.ErrorContains(t, err, "400 Bad Request")
	require.NoError(t, v.Close())
	require.Zero(t, h.position(v).Refused)
	require.LessOrEqual(t, h.tries-before, 2*16)
	require.Empty(t, h.took)
}

// A server that asks for time gets it, and says so in the state.
func TestRetryAfter(t *testing.T) {
	h := newHouse(t)
	h.up()
	h.does(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	v := h.open()
	began := time.Now()
	h.run(v, 1)
	p := h.until(v, func(p feed.Position) bool { return p.Error != "" })
	require.Greater(t, p.NextTry.Sub(began), 9*time.Minute)
	require.Contains(t, p.Error, "503 Service Unavailable")
	require.NoError(t, v.Close())

	v = h.open()
	require.NoError(t, v.Close())
	require.Equal(t, 1, h.tries, "nor does the next process come sooner")
	h.does(nil)
	v = h.open()
	require.NoError(t, v.Flush(ctx), "somebody waits for it")
	require.NoError(t, v.Close())
	require.Zero(t, h.arrived(v))
}

func TestAddress(t *testing.T) {
	for _, address := range []string{"openlineage://marquez.example", "openlineage+ftp://marquez.example", "openlineage+https:///x", "https://marquez.example"} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		_, err = openlineage.Open(ctx, u, nil)
		require.ErrorIs(t, err, feed.ErrPermanent, address)
		require.ErrorContains(t, err, `"openlineage+https://marquez.example"`)
	}
}

// The key comes from the environment, as for other clients.
func TestKey(t *testing.T) {
	keys := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { keys <- r.Header.Get("Authorization") }))
	defer s.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	h := newHouse(t)
	h.o.Feeds["openlineage"] = openlineage.Open
	h.o.Secondaries = []string{"openlineage+" + s.URL + "/in"}
	t.Setenv("OPENLINEAGE_API_KEY", "hunter2")
	h.up()
	v := h.open()
	h.run(v, 1)
	require.NoError(t, v.Flush(ctx))
	require.NoError(t, v.Close())
	require.Equal(t, "Bearer hunter2", <-keys)
}
