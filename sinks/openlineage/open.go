package openlineage

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// keyVariable is the environment variable with the API key, as other OpenLineage clients
// read it.
const keyVariable = "OPENLINEAGE_API_KEY"

// Config is what a URL does not say. The zero value works.
type Config struct {
	// Key is the API key, sent as a bearer token. Zero: that of OPENLINEAGE_API_KEY, if it
	// is set.
	Key string
	// Transport sends the requests. Zero: [http.DefaultTransport].
	Transport http.RoundTripper
	// Timeout is how long one request may take, with its answer. Zero: 30 s.
	Timeout time.Duration
	// Patience is how long one event is tried, before all are left in peace for some time.
	// Zero: 10 s; negative: once.
	Patience time.Duration
}

// Open opens the server that a URL such as openlineage+https://marquez.example names, for
// the runs of a log. It is what flexor.Feeds takes. Nothing is sent yet. The error wraps
// [feed.ErrPermanent].
func Open(ctx context.Context, u *url.URL, log *vault.Reader) (feed.Target, error) {
	return (*Config)(nil).Open(ctx, u, log)
}

// Open is [Open] with a Config, for flexor.Feeds as well.
func (c *Config) Open(_ context.Context, u *url.URL, log *vault.Reader) (feed.Target, error) {
	if c == nil {
		c = &Config{}
	}
	address, ok := strings.CutPrefix(u.String(), "openlineage+")
	if !ok || !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") || u.Host == "" {
		return nil, fmt.Errorf(`%w: openlineage: the address of the server is not right; write for example "openlineage+https://marquez.example"`, feed.ErrPermanent)
	}
	return &server{emitter: lineage.Emitter{Log: log, Sender: &lineage.Sender{
		URL: address, Key: cmp.Or(c.Key, os.Getenv(keyVariable)), Transport: c.Transport, Timeout: c.Timeout, Patience: cmp.Or(c.Patience, 10*time.Second),
	}}}, nil
}
