package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/sinks/s3"
)

// How S3 is while runs are recorded. The first one is what the others are compared with;
// the second is the same again, and shows how far two such measurements differ.
const (
	alone   = "no second copy"
	again   = "the same again"
	refuses = "S3 refuses connections"
	silent  = "S3 takes connections and never answers"
)

var conditions = []string{alone, again, refuses, silent}

// recordJob is to record runs.
type recordJob struct {
	Dir      string
	Endpoint string // of S3; empty: no second copy
	Duration time.Duration
}

// recorded is how long a run took.
type recorded struct {
	P50, P99 time.Duration
	Runs     int
}

// writers is how many goroutines record.
const writers = 4

// record measures recording once under each condition.
func (r *results) record(ctx context.Context, round int, dir string) error {
	nobody, err := freeAddress()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // the system takes connections, and nobody looks
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // nothing was written
	endpoints := map[string]string{refuses: "http://" + nobody, silent: "http://" + l.Addr().String()}
	env := []string{"AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=nobody"}
	for i := range conditions {
		c := conditions[(i+round)%len(conditions)]
		var one recorded
		if err := run(ctx, job{Record: &recordJob{dir, endpoints[c], r.settings.duration}}, env, &one); err != nil {
			return fmt.Errorf("recording, %s: %w", c, err)
		}
		r.recorded[c] = append(r.recorded[c], one)
	}
	return nil
}

func (j *recordJob) do(ctx context.Context) (out recorded, err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(j.Dir)) }()
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return out, err
	}
	second := ""
	if j.Endpoint != "" {
		second = fmt.Sprintf(`"secondary_destination": "s3://bucket/", "s3": {"endpoint": %q, "region": %q}`, j.Endpoint, region)
	}
	config := fmt.Sprintf(`{"name": "company", "tier": "L2", "environment": "sandbox", "audit": {%s}}`, second)
	if err := os.WriteFile(filepath.Join(j.Dir, "vault.json"), []byte(config), 0o600); err != nil {
		return out, err
	}
	v, err := flexor.Open(ctx, j.Dir, &flexor.Options{
		Sinks: flexor.Sinks{"s3": s3.Open},
		Pace:  archive.Pace{CloseWait: -1, MinBackoff: 10 * time.Millisecond, MaxBackoff: 100 * time.Millisecond, Interval: 100 * time.Millisecond},
	})
	if err != nil {
		return out, err
	}
	took := make([][]time.Duration, writers)
	errs := make([]error, writers)
	until := time.Now().Add(j.Duration)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for start := time.Now(); errs[i] == nil && start.Before(until); {
				errs[i] = v.Audit.Do(ctx, "feed-monitor@1.4.2", trigger(), agent)
				end := time.Now()
				took[i] = append(took[i], end.Sub(start))
				start = end
			}
		})
	}
	all.Wait()
	runs := slices.Sorted(slices.Values(slices.Concat(took...)))
	out = recorded{runs[len(runs)/2], runs[len(runs)*99/100], len(runs)}
	return out, errors.Join(append(errs, v.Close())...)
}
