package e2e

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// answer is what a server makes of a request when it is not well; pass is what it would do
// else, and over is closed when it is well again.
type answer func(w http.ResponseWriter, r *http.Request, pass http.Handler, over <-chan struct{})

// refuse answers every request with an error as S3 words it.
func refuse(status int, code string) answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ <-chan struct{}) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>not now</Message></Error>", code) // the client may be gone
	}
}

// doAndDeny does what is asked, and says that it failed.
func doAndDeny(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
	if r.Method != http.MethodPut {
		pass.ServeHTTP(w, r)
		return
	}
	pass.ServeHTTP(httptest.NewRecorder(), r)
	refuse(http.StatusInternalServerError, "InternalError")(w, r, nil, nil)
}

// stallAfter takes so many bytes of an upload, and then neither more nor gives an answer.
func stallAfter(n int64) answer {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, over <-chan struct{}) {
		if r.Method != http.MethodPut {
			pass.ServeHTTP(w, r)
			return
		}
		_, _ = io.CopyN(io.Discard, r.Body, n) // or what there is
		<-over
	}
}

// sick is a server that is not always well, before a real one.
type sick struct {
	addr string
	mu   sync.Mutex
	how  answer // nil: it is well
	over chan struct{}
}

func newSick(t *testing.T, to string) *sick {
	real := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: to})
			r.Out.Host = r.In.Host // which is signed
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the network does
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	s := &sick{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		how, over := s.how, s.over
		s.mu.Unlock()
		if how != nil {
			how(w, r, real, over)
			return
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.addr = server.Listener.Addr().String()
	return s
}

// worsen makes the server ill until it is mended.
func (s *sick) worsen(how answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how, s.over = how, make(chan struct{})
}

func (s *sick) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how = nil
	close(s.over)
}

// Whatever the network and the server do while runs are recorded, when it is over exactly
// what was acknowledged has arrived: byte for byte, in order, each object once.
func TestForwarderThroughFaults(t *testing.T) {
	server := startVersity(t)
	bucket(t, server, "bucket", true)
	type fault struct {
		name                      string
		toxic, stream, attributes string // of the network
		server                    answer
		passes                    bool // some or all may arrive all the same
	}
	faults := []fault{
		{name: "latency of 1 s", toxic: "latency", stream: "downstream", attributes: `"latency": 1000`, passes: true},
		{name: "10 kB/s", toxic: "bandwidth", stream: "upstream", attributes: `"rate": 10`, passes: true},
		{name: "reset", toxic: "reset_peer", stream: "upstream", attributes: `"timeout": 20`},
		{name: "silence", toxic: "timeout", stream: "downstream", attributes: `"timeout": 0`},
		{name: "500", server: refuse(http.StatusInternalServerError, "InternalError")},
		{name: "503", server: refuse(http.StatusServiceUnavailable, "ServiceUnavailable")},
		{name: "SlowDown", server: refuse(http.StatusServiceUnavailable, "SlowDown")},
		{name: "500, and done all the same", server: doAndDeny, passes: true},
		{name: "stall before an upload", server: stallAfter(0)},
		{name: "stall in an upload", server: stallAfter(1500)},
	}
	for _, n := range []int{0, 1, 400, 900, 1500, 2500, 4000} {
		faults = append(faults, fault{name: fmt.Sprintf("cut after %d bytes of a request", n), toxic: "limit_data", stream: "upstream", attributes: fmt.Sprintf(`"bytes": %d`, n), passes: n > 1500})
	}
	for _, n := range []int{0, 1, 100, 400} {
		faults = append(faults, fault{name: fmt.Sprintf("cut after %d bytes of an answer", n), toxic: "limit_data", stream: "downstream", attributes: fmt.Sprintf(`"bytes": %d`, n)})
	}
	for i, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			net := newFaultyTo(t, server)
			ill := newSick(t, net.proxy.Listen)
			w := newForwarded(t, ill.addr, fmt.Sprintf("s3://bucket/%02d/", i))
			w.record(t, 5)
			require.NoError(t, w.flush(20*time.Second))

			if c.server != nil {
				ill.worsen(c.server)
			} else {
				net.worsen(c.toxic, c.stream, c.attributes)
			}
			w.record(t, 15)
			if err := w.flush(2 * time.Second); !c.passes {
				require.Error(t, err)
			}
			w.record(t, 5)
			if c.server != nil {
				ill.mend()
			} else {
				net.mend()
			}
			w.record(t, 5)
			require.NoError(t, w.flush(time.Minute))
			w.arrived(t, server)
		})
	}
}

// forwarded is an audit log that is forwarded.
type forwarded struct {
	place    string
	dir      string
	recorder *audit.Recorder
	f        *archive.Forwarder
	runs     int // that were acknowledged
}

func newForwarded(t *testing.T, addr, place string) *forwarded {
	w := &forwarded{place: place}
	root := t.TempDir()
	w.dir = filepath.Join(root, "audit-log")
	log, err := vault.Open(ctx, w.dir, &vault.Config{Origin: "flexor/company/audit-log"})
	require.NoError(t, err)
	w.recorder, err = audit.New(log, &audit.Config{Vault: "company", Writer: log.Writer()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.recorder.Close()) })
	w.f, err = archive.Start(ctx, &archive.Config{
		Vault: root, Logs: []string{w.dir}, Retention: 24 * time.Hour,
		Destinations: []archive.Destination{{Name: "s3", URL: place, Open: func(ctx context.Context) (archive.Store, error) {
			u, err := url.Parse(place)
			if err != nil {
				return nil, err
			}
			s := s3.Config{
				S3:          vaultcfg.S3{Endpoint: "http://" + addr, Region: region, ObjectLock: vaultcfg.LockGovernance},
				Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
				Timeout:     2 * time.Second, MaxBackoff: 10 * time.Millisecond,
			}
			return s.Open(ctx, u, nil)
		}}},
		Pace: archive.Pace{ChunkBytes: 8_000, Interval: 20 * time.Millisecond, MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, Poll: 10 * time.Millisecond, CloseWait: -1},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.f.Close()) })
	return w
}

// record records so many runs at once.
func (w *forwarded) record(t *testing.T, n int) {
	t.Helper()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			errs[i] = w.recorder.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
				run.If("feed is stale", i%2 == 0, audit.Value("i", i), audit.Value("noise", noise(200)))
				return nil
			})
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	w.runs += n
}

func (w *forwarded) flush(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return w.f.Flush(ctx)
}

// chunkName is the end of the name of a chunk: first record, last record, and where a line
// stands that has none.
var chunkName = regexp.MustCompile(`/(\d{20})-(\d{20})(-\d{10})?\.jsonl\.zst$`)

// arrived checks what stands in the place, by another way.
func (w *forwarded) arrived(t *testing.T, server string) {
	t.Helper()
	store := open(t, server, w.place, vaultcfg.S3{})
	next, objects := 0, 0
	for o, err := range store.List(ctx, "", "") {
		require.NoError(t, err)
		objects++
		parts := chunkName.FindStringSubmatch(o.Name)
		if parts == nil {
			continue
		}
		var first, last int
		_, err := fmt.Sscanf(parts[1]+" "+parts[2], "%d %d", &first, &last)
		require.NoError(t, err)
		require.Equal(t, next, first, "no gap and no duplicate before %s", o.Name)
		next = last + 1
	}
	u, err := url.Parse(w.place)
	require.NoError(t, err)
	require.Greater(t, objects, 3)
	require.Len(t, versions(t, server, "bucket", strings.TrimPrefix(u.Path, "/")+"company/"), objects, "each object was stored once")

	restored := filepath.Join(t.TempDir(), "audit-log")
	_, err = archive.Restore(ctx, store, "company/audit-log", restored)
	require.NoError(t, err)
	sameLog(t, w.dir, restored)
	r, err := vault.OpenReader(restored)
	require.NoError(t, err)
	rep, err := r.Verify(ctx, nil)
	require.NoError(t, err)
	require.Equal(t, w.runs, rep.Entries)
	require.EqualValues(t, next, rep.Head.Size)
}
