package lineage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// roundTrip is an [http.RoundTripper].
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answers returns a base that answers every request so.
func answers(status int, header ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Add(header[i], header[i+1])
		}
		return resp, nil
	}
}

// exchange sends one request in a run of its own.
func exchange(t *testing.T, transport *lineage.HTTPTransport, method, url string, header ...string) *audittest.Recorder {
	t.Helper()
	rec := audittest.New(t)
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		req, err := http.NewRequestWithContext(ctx, method, url, nil)
		require.NoError(t, err)
		for i := 0; i < len(header); i += 2 {
			req.Header.Add(header[i], header[i+1])
		}
		if resp, err := transport.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
		return nil
	}))
	rec.Errors()
	return rec
}

func TestHTTPTransport(t *testing.T) {
	const u = "https://api.example/v1/prices"
	for _, tc := range []struct {
		method, url string
		status      int
		location    string
		want        string
	}{
		{"GET", u, 200, "", "read " + u},
		{"HEAD", u, 200, "", "read " + u},
		{"GET", u, 206, "", "read " + u},
		{"GET", u, 304, "", "read " + u},
		{"GET", u, 302, "/elsewhere", ""},
		{"GET", u, 404, "", ""},
		{"GET", u, 500, "", ""},
		{"GET", u, 101, "", "read " + u + ", append " + u},
		{"QUERY", u, 200, "", "read " + u},
		{"PUT", u, 200, "", "append " + u + ", write " + u},
		{"PUT", u, 204, "", "append " + u + ", write " + u},
		{"PUT", u, 202, "", "append " + u},
		{"PUT", u, 308, "/elsewhere", "append " + u},
		{"PUT", u, 412, "", "append " + u},
		{"PUT", u, 503, "", "append " + u},
		{"PUT", u + "/", 200, "", "append " + u + "/"},
		{"PUT", "https://api.example", 200, "", "append https://api.example/"},
		{"POST", u, 200, "", "append " + u},
		{"POST", u, 201, "prices/17?token=hunter2#x", "append " + u + ", write https://api.example/v1/prices/17"},
		{"POST", u, 201, "/made/", "append " + u + ", append https://api.example/made/"},
		{"POST", u, 201, "", "append " + u},
		{"POST", u, 201, "%zz", "append " + u},
		{"POST", u, 201, "/" + strings.Repeat("x", 5000), "append " + u},
		{"POST", u, 400, "prices/17", "append " + u},
		{"PATCH", u, 200, "", "append " + u},
		{"MKCOL", u, 201, "", "append " + u},
		{"DELETE", u, 204, "", "append " + u + ", delete " + u},
		{"DELETE", u, 207, "", "append " + u},
		{"DELETE", u, 404, "", "append " + u},
		{"DELETE", u + "/", 200, "", "append " + u + "/"},
		{"OPTIONS", "https://api.example/*", 200, "", ""},
		{"GET", "HTTPS://bob:hunter2@API.example:443/v1/%70rices?day=1&api_key=hunter2#f", 200, "", "read " + u + "?day=1"},
		{"GET", u + "?q=100%", 200, "", "read " + u},
		{"GET", u + "?q=" + strings.Repeat("a", 5000), 200, "", "read " + u},
	} {
		header := []string{}
		if tc.location != "" {
			header = []string{"Location", tc.location}
		}
		rec := exchange(t, &lineage.HTTPTransport{Base: answers(tc.status, header...)}, tc.method, tc.url)
		assert.Equal(t, tc.want, strings.Join(happened(t, rec), ", "), "%s %s: %d", tc.method, tc.url, tc.status)
		for _, r := range rec.Records() {
			assert.NotContains(t, string(r.JSON), "hunter2")
		}
		for _, a := range accesses(t, rec) {
			assert.Equal(t, "api.example", strings.ToLower(strings.TrimSuffix(a.Source, ":443")))
			if tc.method == "DELETE" && a.Op == audit.OpAppend {
				assert.Equal(t, []string{}, a.From, "nothing gets into what is deleted")
			}
		}
	}
}

// What the answer says of the version and the content is recorded.
func TestHTTPVersions(t *testing.T) {
	const sum, hex = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:", "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
	for _, tc := range []struct {
		method          string
		status          int
		request, answer []string
		version, digest string
	}{
		{"GET", 200, nil, []string{"ETag", `W/"7"`, "Last-Modified", "then", "Repr-Digest", "md5=:AA==:, " + sum}, `W/"7"`, hex},
		{"GET", 200, nil, []string{"Last-Modified", "then", "Content-Digest", sum}, "then", hex},
		{"GET", 206, nil, []string{"Content-Digest", sum}, "", ""},
		{"HEAD", 200, nil, []string{"Content-Digest", sum}, "", ""},
		{"HEAD", 200, nil, []string{"Repr-Digest", sum}, "", hex},
		{"GET", 200, nil, []string{"Repr-Digest", "sha-256=:%%%:"}, "", ""},
		{"PUT", 200, []string{"Content-Digest", sum}, []string{"ETag", `"8"`, "Content-Digest", "sha-256=:AA==:"}, `"8"`, hex},
		{"PUT", 200, nil, []string{"Last-Modified", "then"}, "", ""},
	} {
		rec := exchange(t, &lineage.HTTPTransport{Base: answers(tc.status, tc.answer...)}, tc.method, "https://api.example/x", tc.request...)
		all := accesses(t, rec)
		last := all[len(all)-1]
		assert.Equal(t, [2]string{tc.version, tc.digest}, [2]string{last.Version, last.Digest}, "%s %d %v", tc.method, tc.status, tc.answer)
	}
}

// A change is in the log before the request leaves, and stays there if nobody answers.
func TestHTTPNoAnswer(t *testing.T) {
	rec := audittest.New(t)
	seen := make(chan []string, 8)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		seen <- happened(t, rec)
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	client := &http.Client{Transport: &lineage.HTTPTransport{Base: srv.Client().Transport}}
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, srv.URL+"/x", strings.NewReader("new"))
		require.NoError(t, err)
		_, err = client.Do(req) //nolint:bodyclose // there is no answer
		require.Error(t, err)
		return nil
	}))
	before := <-seen
	assert.Equal(t, []string{"append " + srv.URL + "/x"}, before)
	assert.Equal(t, before, happened(t, rec))
}

// Who reads a record while a change of it is under way gets what was there before, and
// nobody knows which of both: a trace from either finds it. After the answer, only what
// is there now is found.
func TestHTTPReadDuringAWrite(t *testing.T) {
	const x, y = "https://api.example/x", "db://x/y"
	rec := audittest.New(t)
	start := func(agent string) (context.Context, *audit.Run) {
		ctx, run, err := rec.Start(t.Context(), agent, audit.Trigger{})
		require.NoError(t, err)
		return ctx, run
	}
	send := func(ctx context.Context, method string, base roundTrip) {
		req, err := http.NewRequestWithContext(ctx, method, x, nil)
		require.NoError(t, err)
		resp, err := (&lineage.HTTPTransport{Base: base}).RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	ended := func(run *audit.Run) { require.NoError(t, run.End(nil)) }

	first, run := start("first-writer")
	lineage.Read(run, "", "db://from/first")
	send(first, "PUT", answers(200))
	ended(run)

	second, run := start("second-writer")
	lineage.Read(run, "", "db://from/second")
	send(second, "PUT", func(req *http.Request) (*http.Response, error) {
		during, reader := start("reader-during")
		send(during, "GET", answers(200))
		lineage.Write(reader, "", y)
		ended(reader)
		return answers(200)(req)
	})
	ended(run)

	after, run := start("reader-after")
	send(after, "GET", answers(200))
	lineage.Write(run, "", y)
	ended(run)

	for record, want := range map[string][]string{
		"db://from/first":  {"first-writer", "reader-during"},
		"db://from/second": {"reader-after", "reader-during", "second-writer"},
	} {
		agents := map[string]bool{}
		for _, touch := range ask(t, of(rec.Records()), lineage.Query{Record: record}).Touches {
			agents[touch.AgentName] = true
		}
		for _, a := range want {
			assert.True(t, agents[a], "%s: %s", record, a)
		}
		assert.Len(t, agents, len(want), "%s: %v", record, agents)
	}
}

// An API whose URLs are not its records.
func TestHTTPMap(t *testing.T) {
	var calls []string
	transport := &lineage.HTTPTransport{Source: "crm", Map: func(req *http.Request, resp *http.Response) []audit.Access {
		calls = append(calls, fmt.Sprintf("%s answered: %t", req.Method, resp != nil))
		return []audit.Access{
			{Op: audit.OpRead, Record: "crm://customers/7", Source: "replica"},
			{Op: audit.OpAppend, Record: "crm://calls/7"},
			{Op: audit.OpWrite, Record: "crm://customers/8", From: []string{"crm://customers/7"}},
		}
	}}
	transport.Base = answers(200)
	rec := exchange(t, transport, "POST", "https://api.example/rpc")
	assert.Equal(t, []string{"append crm://calls/7", "append crm://customers/8", "read crm://customers/7", "write crm://customers/8"}, happened(t, rec))
	assert.Equal(t, []string{"POST answered: false", "POST answered: true"}, calls)
	all := accesses(t, rec)
	assert.Equal(t, []string{"crm", "crm", "replica", "crm"}, []string{all[0].Source, all[1].Source, all[2].Source, all[3].Source})
	assert.Equal(t, []string{"crm://customers/7"}, all[1].From)

	transport.Base = answers(409)
	rec = exchange(t, transport, "POST", "https://api.example/rpc")
	assert.Equal(t, []string{"append crm://calls/7", "append crm://customers/8"}, happened(t, rec))
	assert.Len(t, calls, 3, "it is not asked about a refusal")
}

// Every exchange of a client is recorded, and bodies go through.
func TestHTTPClient(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		switch r.URL.Path {
		case "/old":
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
		default:
			fmt.Fprintf(w, "%s got %s", r.URL.Path, body)
		}
	}))
	defer srv.Close()
	client := &http.Client{Transport: &lineage.HTTPTransport{Base: srv.Client().Transport}}
	rec := audittest.New(t)
	put := func(ctx context.Context) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, srv.URL+"/old", strings.NewReader("hello"))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "/new got hello", string(body))
	}
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		put(t.Context())
		assert.Empty(t, happened(t, rec), "a request without a run is only sent")
		return run.Task(ctx, "store", func(ctx context.Context, _ *audit.Task) error {
			put(ctx)
			return nil
		})
	}))
	assert.Equal(t, []string{"append " + srv.URL + "/old", "append " + srv.URL + "/new", "write " + srv.URL + "/new"}, happened(t, rec))
	for _, a := range accesses(t, rec) {
		assert.Equal(t, "store", a.Skill)
	}
}

// The request and the answer are not touched, nor is an error.
func TestHTTPPassesThrough(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://bob:hunter2@api.example/x?token=1#f", http.NoBody)
		require.NoError(t, err)
		want, wantErr := &http.Response{StatusCode: 200, Body: http.NoBody}, error(nil)
		transport := &lineage.HTTPTransport{Base: roundTrip(func(got *http.Request) (*http.Response, error) {
			assert.Same(t, req, got)
			assert.Equal(t, "https://bob:hunter2@api.example/x?token=1#f", got.URL.String())
			return want, wantErr
		})}
		resp, err := transport.RoundTrip(req)
		assert.NoError(t, err)
		assert.Same(t, want, resp)
		want, wantErr = nil, errors.New("no route")
		resp, err = transport.RoundTrip(req) //nolint:bodyclose // nil
		assert.Nil(t, resp)
		assert.Same(t, wantErr, err)
		return nil
	}))
	assert.Equal(t, []string{"read https://api.example/x"}, happened(t, rec))

	idle := &idler{}
	(&http.Client{Transport: &lineage.HTTPTransport{Base: idle}}).CloseIdleConnections()
	assert.Equal(t, 1, idle.closed)
}

// idler counts how often it is told to close its idle connections.
type idler struct {
	http.Transport
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

// A read that the run has made before, beside the same request in no run.
func BenchmarkHTTPTransport(b *testing.B) {
	transport := &lineage.HTTPTransport{Base: answers(200, "ETag", `"7"`)}
	rec := audittest.New(b)
	require.NoError(b, rec.Do(b.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		for name, ctx := range map[string]context.Context{"recorded": ctx, "in no run": b.Context()} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example/v1/prices?day=2026-04-30", nil)
			require.NoError(b, err)
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = transport.RoundTrip(req) //nolint:bodyclose // it has none
				}
			})
		}
		return nil
	}))
}
