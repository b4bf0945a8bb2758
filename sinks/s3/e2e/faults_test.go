package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// faulty is a network to the server that can be made worse.
type faulty struct {
	*testing.T
	server string
	proxy  *toxiproxy.Proxy
}

func newFaulty(t *testing.T) *faulty {
	server := startVersity(t)
	bucket(t, server, "bucket", true)
	return newFaultyTo(t, server)
}

// newFaultyTo returns one to a server that is there.
func newFaultyTo(t *testing.T, server string) *faulty {
	f := &faulty{T: t, server: server}
	zerolog.SetGlobalLevel(zerolog.Disabled) // a toxic has a logger of its own
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	f.proxy = toxiproxy.NewProxy(api, "s3", "127.0.0.1:0", f.server)
	require.NoError(t, f.proxy.Start())
	t.Cleanup(f.proxy.Stop)
	return f
}

// worsen makes the network worse until it is mended.
func (f *faulty) worsen(toxic, stream, attributes string) {
	f.Helper()
	_, err := f.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name": "it", "type": %q, "stream": %q, "attributes": {%s}}`, toxic, stream, attributes)))
	require.NoError(f, err)
}

// mend mends the network.
func (f *faulty) mend() {
	f.Helper()
	require.NoError(f, f.proxy.Toxics.RemoveToxic(ctx, "it"))
}

// open opens a store through the network, of which the bucket is tried already.
func (f *faulty) open(timeout time.Duration) archive.Store {
	store := open(f.T, f.proxy.Listen, "s3://bucket", vaultcfg.S3{ObjectLock: vaultcfg.LockGovernance}, func(c *s3.Config) { c.Timeout = timeout })
	require.NoError(f, store.Put(ctx, "first", nil, time.Now().Add(time.Hour)))
	return store
}

// has asserts that the object is there in one version, through another network.
func (f *faulty) has(name string, want []byte) {
	f.Helper()
	direct := open(f.T, f.server, "s3://bucket", vaultcfg.S3{})
	got, err := direct.Get(ctx, name)
	require.NoError(f, err)
	require.True(f, bytes.Equal(want, got))
	require.Len(f, versions(f.T, f.server, "bucket", name), 1)
}

// The connection is cut at each range of an upload, and of its answer. Put fails, or
// the object is there; when the network is back, Put succeeds, and the object is there
// once.
func TestCutAnywhere(t *testing.T) {
	f := newFaulty(t)
	data := noise(64 << 10)
	until := time.Now().Add(time.Hour)
	for stream, offsets := range map[string][]int{
		"upstream":   {0, 1, 100, 500, 800, 1000, 1200, 1500, 4 << 10, 16 << 10, 40 << 10, 64 << 10, 65 << 10, 66 << 10, 67 << 10},
		"downstream": {0, 1, 10, 50, 100, 150, 200, 300, 400, 600, 800},
	} {
		for _, n := range offsets {
			name := fmt.Sprintf("%s-%06d", stream, n)
			store := f.open(time.Minute)
			f.worsen("limit_data", stream, fmt.Sprintf(`"bytes": %d`, n))
			// A connection that is open already is not cut by what it moved before.
			require.NoError(t, store.Close())
			err := store.Put(ctx, name, data, until)
			if err != nil {
				require.NotErrorIs(t, err, archive.ErrPermanent, name)
				require.NotErrorIs(t, err, archive.ErrConflict, name)
			} else {
				f.has(name, data)
			}
			f.mend()
			require.NoError(t, store.Put(ctx, name, data, until), name)
			f.has(name, data)
			got, err := store.Get(ctx, name)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got))
		}
	}
}

// The server does not answer any more, in the middle of an upload or of its answer: it
// is given up after a while, and Put succeeds when it answers again.
func TestStall(t *testing.T) {
	f := newFaulty(t)
	data := noise(1 << 10)
	for _, stream := range []string{"upstream", "downstream"} {
		store := f.open(200 * time.Millisecond)
		f.worsen("latency", stream, `"latency": 600000`) // nothing passes, and nothing is closed
		err := store.Put(ctx, stream, data, time.Now().Add(time.Hour))
		require.ErrorContains(t, err, "no answer")
		require.NotErrorIs(t, err, archive.ErrPermanent)
		_, err = store.Get(ctx, "first")
		require.ErrorContains(t, err, "no answer")
		f.mend()
		require.NoError(t, store.Put(ctx, stream, data, time.Now().Add(time.Hour)))
		f.has(stream, data)
	}
}

// A network that is only slow does not keep an upload from arriving.
func TestSlow(t *testing.T) {
	f := newFaulty(t)
	for toxic, attributes := range map[string]string{
		"latency":   `"latency": 300, "jitter": 100`,
		"bandwidth": `"rate": 100`, // kB/s
		"slicer":    `"average_size": 1000, "size_variation": 500, "delay": 10`,
	} {
		store := f.open(5 * time.Second)
		f.worsen(toxic, "upstream", attributes)
		data := noise(128 << 10)
		require.NoError(t, store.Put(ctx, toxic, data, time.Now().Add(time.Hour)), toxic)
		f.mend()
		f.has(toxic, data)
	}
}

// Nobody is there: that passes, and is said.
func TestDown(t *testing.T) {
	f := newFaulty(t)
	store := f.open(time.Second)
	f.proxy.Stop()
	require.NoError(t, store.Close())
	err := store.Put(ctx, "a", []byte("evidence"), time.Now().Add(time.Hour))
	require.ErrorContains(t, err, "connection refused")
	require.NotErrorIs(t, err, archive.ErrPermanent)
	_, err = store.Get(ctx, "first")
	require.ErrorContains(t, err, "connection refused")
	require.NotErrorIs(t, err, archive.ErrNotExist)
	require.NoError(t, f.proxy.Start())
	require.NoError(t, store.Put(ctx, "a", []byte("evidence"), time.Now().Add(time.Hour)))
	f.has("a", []byte("evidence"))
}
