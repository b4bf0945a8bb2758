package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// fake is a server with at most one flaw, for what no real one does when it is told to.
// Tests with real servers are in the module e2e.
type fake struct {
	flaw string
	url  string

	mu       sync.Mutex
	objects  map[string]fakeObject // by bucket/key
	requests []*http.Request       // as they came
	failures int                   // left, of flaws that pass
}

// fakeObject is a stored object.
type fakeObject struct {
	data   []byte
	header http.Header // of the request that made it
}

func newFake(t *testing.T, flaw string) *fake {
	f := &fake{flaw: flaw, objects: map[string]fakeObject{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// newTLSFake is newFake with TLS, and what trusts it.
func newTLSFake(t *testing.T) (*fake, http.RoundTripper) {
	f := &fake{objects: map[string]fakeObject{}}
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f, server.Client().Transport
}

// open opens a store on the bucket "bucket" of the fake.
func (f *fake) open(t *testing.T, s vaultcfg.S3, edit ...func(*Config)) archive.Store {
	t.Helper()
	s.Endpoint = f.url
	cfg := &Config{Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""), MaxBackoff: time.Nanosecond}
	for _, e := range edit {
		e(cfg)
	}
	store, err := cfg.Open(t.Context(), &url.URL{Scheme: "s3", Host: "bucket", Path: "/audit/"}, &vaultcfg.Config{Audit: vaultcfg.Audit{S3: s}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// start makes the flaws that pass begin: so many requests fail from now on.
func (f *fake) start(failures int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = failures
	f.requests = nil
}

// fails reports whether a request is one that fails in passing.
func (f *fake) fails() bool {
	f.failures--
	return f.failures >= 0
}

// ServeHTTP implements [http.Handler].
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	query := r.URL.Query()
	switch {
	case f.flaw == "moved":
		w.Header().Set("x-amz-bucket-region", "eu-central-1")
		refuse(w, http.StatusMovedPermanently, "PermanentRedirect")
	case f.flaw == "another time":
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		refuse(w, http.StatusForbidden, "AccessDenied")
	case f.flaw == "busy" && f.fails():
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case query.Has("versioning"):
		answer(w, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	case query.Has("object-lock") && f.flaw == "knows no lock":
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	case query.Has("object-lock"):
		answer(w, `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`)
	case query.Has("retention"), query.Has("legal-hold"): // it says yes, and does nothing
	case query.Has("list-type"):
		f.list(w, strings.TrimPrefix(r.URL.Path, "/"), query.Get("prefix"))
	case r.Method == http.MethodPut:
		f.put(w, r, body)
	default:
		f.get(w, r)
	}
}

func (f *fake) put(w http.ResponseWriter, r *http.Request, body []byte) {
	_, exists := f.objects[r.URL.Path]
	sum := sha256.Sum256(body)
	probe := strings.Contains(r.URL.Path, probes)
	switch {
	case exists && f.flaw != "replaces":
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	case r.Header.Get("x-amz-checksum-sha256") != base64.StdEncoding.EncodeToString(sum[:]) && f.flaw != "takes anything":
		refuse(w, http.StatusBadRequest, "BadDigest")
		return
	case f.flaw == "cut off" && !probe:
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	case f.flaw == "conflict" && !probe:
		refuse(w, http.StatusConflict, "ConditionalRequestConflict")
		return
	case f.flaw == "keys are busy" && !probe:
		refuse(w, http.StatusBadRequest, "ThrottlingException")
		return
	case f.flaw == "may not use the key" && !probe:
		refuse(w, http.StatusForbidden, "AccessDenied")
		return
	case f.flaw == "leads elsewhere for now" && !probe:
		w.Header().Set("Location", f.url+"/elsewhere")
		refuse(w, http.StatusTemporaryRedirect, "TemporaryRedirect")
		return
	case f.flaw == "too large" && !probe:
		refuse(w, http.StatusRequestEntityTooLarge, "EntityTooLarge")
		return
	case f.flaw == "stores nothing" && !probe:
		return
	case f.flaw == "damages" && !probe:
		body = append([]byte("x"), body[1:]...)
	}
	f.objects[r.URL.Path] = fakeObject{body, r.Header}
	w.Header().Set("x-amz-version-id", "version 1")
	switch {
	case f.flaw == "loses answers" && f.fails():
		panic(http.ErrAbortHandler) // ends the connection
	case f.flaw == "stored, but refuses" && !probe:
		refuse(w, http.StatusForbidden, "AccessDenied")
	}
}

func (f *fake) get(w http.ResponseWriter, r *http.Request) {
	o, ok := f.objects[r.URL.Path]
	if !ok {
		if strings.Count(r.URL.Path, "/") < 2 { // the bucket
			return
		}
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	h := w.Header()
	if f.flaw != "keeps no checksum" {
		sum := sha256.Sum256(o.data)
		h.Set("x-amz-checksum-sha256", base64.StdEncoding.EncodeToString(sum[:]))
	}
	for name, values := range o.header {
		keep := strings.HasPrefix(name, "X-Amz-Object-Lock-") || strings.HasPrefix(name, "X-Amz-Server-Side-Encryption")
		switch {
		case f.flaw == "ignores the lock" && strings.Contains(name, "Lock-Mode"), f.flaw == "ignores the lock" && strings.Contains(name, "Retain"):
		case f.flaw == "ignores the hold" && strings.Contains(name, "Hold"):
		case f.flaw == "does not encrypt" && strings.Contains(name, "Encryption"):
		case f.flaw == "weaker lock" && strings.Contains(name, "Lock-Mode"):
			h.Set(name, "GOVERNANCE")
		case f.flaw == "shorter lock" && strings.Contains(name, "Retain"):
			h.Set(name, time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
		case f.flaw == "another key" && strings.Contains(name, "Key-Id"):
			h.Set(name, "arn:aws:kms:eu-central-1:111122223333:key/another")
		case strings.Contains(name, "Key-Id"): // S3 gives its name in full
			h.Set(name, "arn:aws:kms:eu-central-1:111122223333:key/"+values[0])
		case keep:
			h[name] = values
		}
	}
	data := o.data
	switch {
	case f.flaw == "cuts what it sends" && f.fails():
		h.Set("Content-Length", "5")
		_, _ = w.Write(data[:2]) // the client may be gone
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case f.flaw == "alters what it sends" && r.Method == http.MethodGet:
		data = slices.Repeat([]byte("x"), len(data))
	case f.flaw == "endless" && r.Method == http.MethodGet:
		h.Del("x-amz-checksum-sha256")
		data = make([]byte, maxObject+1)
	}
	_, _ = w.Write(data) // the client may be gone
}

func (f *fake) list(w http.ResponseWriter, bucket, prefix string) {
	type item struct{ Key string }
	var out struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Contents              []item
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
	}
	if f.flaw == "lists nothing for ever" {
		out.IsTruncated, out.NextContinuationToken = true, "more"
		prefix = "nothing"
	}
	for path := range f.objects {
		if key, _ := strings.CutPrefix(path, "/"+bucket+"/"); strings.HasPrefix(key, prefix) || f.flaw == "lists other prefixes" {
			out.Contents = append(out.Contents, item{key})
		}
	}
	slices.SortFunc(out.Contents, func(a, b item) int { return strings.Compare(a.Key, b.Key) })
	if f.flaw == "lists in another order" {
		slices.Reverse(out.Contents)
	}
	text, _ := xml.Marshal(out) // of strings: it cannot fail
	answer(w, string(text))
}

func answer(w http.ResponseWriter, text string) {
	_, _ = io.WriteString(w, xml.Header+text) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	answer(w, "<Error><Code>"+code+"</Code><Message>as the test wants</Message></Error>")
}
