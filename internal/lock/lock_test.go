package lock

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func newFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "lock")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	return name
}

func pools(t *testing.T) map[string]*Pool {
	t.Helper()
	p := &Pool{}
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return map[string]*Pool{"pooled": p, "not pooled": nil}
}

func TestExclusive(t *testing.T) {
	for name, p := range pools(t) {
		t.Run(name, func(t *testing.T) {
			file := newFile(t)
			for range 3 {
				l, err := p.Acquire(file, true)
				require.NoError(t, err)
				other, err := p.Acquire(file, false)
				require.NoError(t, err)
				require.Nil(t, other)
				require.NoError(t, l.Unlock())
				other, err = (*Pool)(nil).Acquire(file, false)
				require.NoError(t, err)
				require.NotNil(t, other)
				require.NoError(t, other.Unlock())
				require.NoError(t, other.Unlock(), "once more does nothing")
			}
		})
	}
}

func TestManyTakeTurns(t *testing.T) {
	for name, p := range pools(t) {
		t.Run(name, func(t *testing.T) {
			file := newFile(t)
			var inside atomic.Int32 // the race detector does not know locks of the system
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					for range 100 {
						l, err := p.Acquire(file, true)
						if err != nil {
							t.Error(err)
							return
						}
						if n := inside.Add(1); n != 1 {
							t.Errorf("%d hold the lock", n)
						}
						inside.Add(-1)
						if err := l.Unlock(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// A lock file that is not there is an error.
func TestMissing(t *testing.T) {
	p := &Pool{}
	defer p.Close() //nolint:errcheck // of the test only
	file := newFile(t)
	l, err := p.Acquire(file, true)
	require.NoError(t, err)
	require.NoError(t, l.Unlock())
	require.NoError(t, p.Close()) // Windows keeps what is open
	require.NoError(t, os.Remove(file))
	_, err = p.Acquire(file, true)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A lock on an open file excludes that on another one of the same name.
func TestFile(t *testing.T) {
	name := newFile(t)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // of the test only
	require.NoError(t, File(f))
	other, err := (*Pool)(nil).Acquire(name, false)
	require.NoError(t, err)
	require.Nil(t, other)
	require.NoError(t, ReleaseFile(f))
	other, err = (*Pool)(nil).Acquire(name, false)
	require.NoError(t, err)
	require.NotNil(t, other)
	require.NoError(t, other.Unlock())
}
