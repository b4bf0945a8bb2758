// Command archive measures copies of logs elsewhere: how fast they are sent and with how
// much memory, how much is stored, what that costs, and whether recording is slower while
// the place is down.
//
//	go run -C archive .                          (in bench/) to a directory
//	go run -C archive . -s3 /path/to/versitygw   to a real S3 server too, which it starts
//	go run -C archive . -s3 http://127.0.0.1:7070 -bucket b
//
// Logs are of runs with 5 tasks, 10 decisions and 3 outputs each that went through
// audit.Do, by 1, 16 and 64 goroutines at once, and those of examples/quickstart.
// Everything is measured in processes of its own; what takes turns does so round by round,
// and what is printed are medians over the rounds. Sizes are in units of 10^6 bytes, but
// for memory. It is a module of its own because the S3 client brings a dozen.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type settings struct {
	megabytes  int
	rounds     int
	duration   time.Duration
	s3, bucket string
	prices     prices
	dir        string
}

func main() {
	if done, err := child(os.Args, os.Stdout); done {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "archive:", err)
		stop()
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) (err error) {
	var s settings
	f := flag.NewFlagSet("archive", flag.ContinueOnError)
	f.IntVar(&s.megabytes, "size", 64, "about how large each log is, in MB")
	f.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	f.DurationVar(&s.duration, "duration", time.Second, "how long each measurement of recording lasts")
	f.StringVar(&s.s3, "s3", "", "the program versitygw, or the URL of an S3 server whose credentials are in the AWS environment; empty: no S3")
	f.StringVar(&s.bucket, "bucket", "flexor-bench", "an empty bucket of the server at that URL")
	f.Float64Var(&s.prices.put, "put-price", 0.005, "USD for 1,000 PUTs; the default is the list price of S3 Standard")
	f.Float64Var(&s.prices.gigabyte, "gb-price", 0.023, "USD for a GB and month; the default is the list price of S3 Standard")
	f.StringVar(&s.dir, "dir", "", "measure the disk of this directory; empty: that of temporary files")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.megabytes < 1 || s.rounds < 1 || s.duration <= 0 {
		return errors.New("-size, -rounds and -duration must be positive")
	}
	dir, err := os.MkdirTemp(s.dir, "flexor-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := measure(ctx, s, dir)
	if err != nil {
		return err
	}
	return r.print(out)
}

// results is what was found.
type results struct {
	settings settings
	load     string // how many processes wanted to run before this one, on average over a minute
	corpora  []corpus
	places   []string
	sent     map[key][]sent
	recorded map[string][]recorded
}

// key is one log, or pair of logs, and a place that it is sent to.
type key struct{ kind, place string }

// The places.
const (
	toDir = "a directory"
	toS3  = "S3"
)

// measure does everything.
func measure(ctx context.Context, s settings, dir string) (r results, err error) {
	r = results{settings: s, places: []string{toDir}, sent: map[key][]sent{}, recorded: map[string][]recorded{}}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return r, err
	}
	r.load, _, _ = strings.Cut(string(load), " ")
	var srv *server
	if s.s3 != "" {
		if srv, err = openServer(ctx, s, filepath.Join(dir, "server")); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, srv.close()) }()
		r.places = append(r.places, toS3)
	}
	if r.corpora, err = corpora(ctx, filepath.Join(dir, "logs"), int64(s.megabytes)*1e6); err != nil {
		return r, err
	}
	for round := range s.rounds {
		for _, c := range r.corpora {
			for _, place := range r.places {
				j := sendJob{Logs: c.logs, Dir: filepath.Join(dir, "copy")}
				if place == toS3 {
					j.URL, j.Endpoint = fmt.Sprintf("s3://%s/%d-%s/", srv.bucket, round, filepath.Base(c.vault)), srv.endpoint
				}
				var one sent
				if err := run(ctx, job{Send: &j}, srv.env(), &one); err != nil {
					return r, fmt.Errorf("%s to %s: %w", c.kind, place, err)
				}
				r.sent[key{c.kind, place}] = append(r.sent[key{c.kind, place}], one)
			}
		}
		if err := r.record(ctx, round, filepath.Join(dir, "record")); err != nil {
			return r, err
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, s.rounds)
	}
	return r, nil
}
