package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// benchRecord is of the size of a usual entry.
var benchRecord = fmt.Appendf(nil, `{"pad":%q}`, strings.Repeat("x", 1450))

// BenchmarkAppendSync appends a record and waits for the disk, from one
// goroutine or many at once.
func BenchmarkAppendSync(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := benchLog(b)
			b.SetBytes(int64(len(benchRecord) + SaltOverhead + 1))
			b.ReportAllocs()
			appendSync := func() error {
				index, err := l.Append(benchRecord)
				if err != nil {
					return err
				}
				return l.Sync(context.Background(), index+1)
			}
			if writers == 1 {
				for b.Loop() {
					require.NoError(b, appendSync())
				}
				return
			}
			// b.Loop is for one goroutine; here each takes a number until none is left.
			var next atomic.Int64
			failures := make(chan error, writers)
			b.ResetTimer()
			for range writers {
				go func() {
					for next.Add(1) <= int64(b.N) {
						if err := appendSync(); err != nil {
							failures <- err
							return
						}
					}
					failures <- nil
				}()
			}
			for range writers {
				require.NoError(b, <-failures)
			}
		})
	}
}

// BenchmarkAppend leaves syncing to the group-commit window.
func BenchmarkAppend(b *testing.B) {
	l := benchLog(b)
	b.SetBytes(int64(len(benchRecord) + SaltOverhead + 1))
	b.ReportAllocs()
	for b.Loop() {
		_, err := l.Append(benchRecord)
		require.NoError(b, err)
	}
}

// BenchmarkRawSync is the limit for one writer: the bytes of one commit written
// into a file that has room, and synced.
func BenchmarkRawSync(b *testing.B) {
	f, err := durable.Disk{}.OpenFile(filepath.Join(b.TempDir(), "raw"), os.O_RDWR|os.O_CREATE, 0o644)
	require.NoError(b, err)
	defer f.Close()
	data := make([]byte, len(benchRecord)+SaltOverhead+1+350) // with a commit line
	const room = 64 << 20
	_, err = f.WriteAt(make([]byte, room), 0)
	require.NoError(b, err)
	require.NoError(b, f.Sync())
	b.SetBytes(int64(len(benchRecord) + SaltOverhead + 1))
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		_, err := f.WriteAt(data, off)
		require.NoError(b, err)
		require.NoError(b, f.Sync())
		off = (off + int64(len(data))) % (room - int64(len(data)))
	}
}

// BenchmarkVerify reads and checks a log of 2,000 records.
func BenchmarkVerify(b *testing.B) {
	l := benchLog(b)
	for range 100 {
		batch := make([][]byte, 20)
		for i := range batch {
			batch[i] = benchRecord
		}
		_, err := l.Append(batch...)
		require.NoError(b, err)
	}
	require.NoError(b, l.Flush(context.Background()))
	r := openReader(b, l.dir)
	b.SetBytes(2000 * int64(len(benchRecord)+SaltOverhead+1))
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.Verify(context.Background(), nil, nil)
		require.NoError(b, err)
	}
}

func benchLog(b *testing.B) *Log {
	b.Helper()
	l, _ := newLog(b, testOptions(b))
	return l
}
