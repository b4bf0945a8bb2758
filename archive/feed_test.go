package archive

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failure is a store to which nothing can be put while err is set.
type failure struct {
	Store
	err error
}

func (f *failure) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.Put(ctx, name, data, retain)
}

// While a chunk is put the next one is made, if there is a whole one; when the put fails, it
// is made again behind the one that is sent again.
func TestMakeAhead(t *testing.T) {
	vault, store := t.TempDir(), memory{}
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 10, 100)
	cfg := fast(vault, store, l).withDefaults()
	cfg.ChunkBytes = 900
	p, err := newPress()
	require.NoError(t, err)
	defer func() { require.NoError(t, p.close()) }()
	broken := errors.New("the network is down")
	failing := &failure{Store: store, err: broken}
	s, err := newSender(cfg, to("test", failing), p)
	require.NoError(t, err)
	require.True(t, s.acquire())
	defer s.release()
	f := s.feeds[0]

	more, err := f.step(ctx)
	require.ErrorIs(t, err, broken)
	require.False(t, more)
	failing.err = nil
	more, err = f.step(ctx)
	require.NoError(t, err)
	require.True(t, more)
	next := f.ahead
	require.NotNil(t, next)
	require.Equal(t, f.state.Size, next.what.First)

	failing.err = broken
	_, err = f.step(ctx)
	require.ErrorIs(t, err, broken)
	require.Nil(t, f.ahead)
	require.Equal(t, next.what.First, f.state.Size)
	failing.err = nil
	for more = true; more; {
		more, err = f.step(ctx)
		require.NoError(t, err)
	}
	require.Nil(t, f.ahead, "what is left is no whole chunk")
	f.goOn()
	_, err = f.step(ctx)
	require.NoError(t, err)
	arrived(t, store, l)
}
