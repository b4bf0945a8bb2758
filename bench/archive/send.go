package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// sendJob is to send logs to a place.
type sendJob struct {
	Logs     []string
	Dir      string // for the state, and for the copy if it goes to a directory
	URL      string // of the place; empty: a directory in Dir
	Endpoint string // of the S3 server
}

// sent is what came of it.
type sent struct {
	Elapsed, CPU time.Duration
	Resident     int64 // bytes of memory, at most
	Puts         int64
	Stored       int64 // bytes
}

func (j *sendJob) do(ctx context.Context) (out sent, err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(j.Dir)) }()
	place := filepath.Join(j.Dir, "place")
	if err := os.MkdirAll(place, 0o755); err != nil {
		return out, err
	}
	var counted *counter
	start, cpu := time.Now(), cpuTime()
	f, err := archive.Start(ctx, &archive.Config{
		Vault: j.Dir, Logs: j.Logs,
		Destinations: []archive.Destination{{Name: "bench", URL: "bench", Open: func(ctx context.Context) (archive.Store, error) {
			store, err := j.open(ctx, place)
			counted = &counter{Store: store}
			return counted, err
		}}},
		Pace: archive.Pace{CloseWait: -1},
	})
	if err != nil {
		return out, err
	}
	if err := errors.Join(f.Flush(ctx), f.Close()); err != nil {
		return out, err
	}
	out = sent{Elapsed: time.Since(start), CPU: cpuTime() - cpu, Puts: counted.puts.Load(), Stored: counted.bytes.Load()}
	out.Resident, err = resident()
	return out, err
}

// open opens the place.
func (j *sendJob) open(ctx context.Context, dir string) (archive.Store, error) {
	if j.URL == "" {
		return archive.OpenDir(dir)
	}
	u, err := url.Parse(j.URL)
	if err != nil {
		return nil, err
	}
	cfg := s3.Config{S3: vaultcfg.S3{Endpoint: j.Endpoint, Region: region}}
	return cfg.Open(ctx, u, nil)
}

// counter counts what is put.
type counter struct {
	archive.Store
	puts, bytes atomic.Int64
}

func (c *counter) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	c.puts.Add(1)
	c.bytes.Add(int64(len(data)))
	return c.Store.Put(ctx, name, data, retain)
}

// cpuTime is the user and system time that this process has taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns how much memory this process has had at most. Linux counts in
// Getrusage what the process had that it was started by.
func resident() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	for s := bufio.NewScanner(f); s.Scan(); {
		if text, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			var kib int64
			_, err := fmt.Sscanf(text, "%d kB", &kib)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/self/status states no VmHWM")
}
