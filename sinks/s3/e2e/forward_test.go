package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// The whole path: a vault.json that names a bucket, runs while the network is bad, and a
// vault that is restored from what is there, byte for byte.
func TestVault(t *testing.T) {
	f := newFaulty(t)
	dir := filepath.Join(t.TempDir(), "vault")
	require.NoError(t, os.Mkdir(dir, 0o700))
	config := fmt.Sprintf(`{"name": "company", "tier": "L2", "environment": "sandbox", "audit": {"retention_days": 365, "include_outputs": true,
		"secondary_destination": "s3://bucket/flexor-audit/", "s3": {"endpoint": "http://%s", "object_lock": "compliance"}}}`, f.proxy.Listen)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(config), 0o600))
	s := &s3.Config{Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""), Timeout: time.Second, MaxBackoff: 10 * time.Millisecond}
	v, err := flexor.Open(ctx, dir, &flexor.Options{
		Sinks: flexor.Sinks{"s3": s.Open},
		Pace:  archive.Pace{ChunkBytes: 20_000, Interval: 50 * time.Millisecond, MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, Poll: 10 * time.Millisecond},
	})
	require.NoError(t, err)
	run := func(from, to int) {
		var group sync.WaitGroup
		for i := from; i < to; i++ {
			group.Go(func() {
				err := v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
					run.If("feed is stale", i%2 == 0, audit.Value("i", i))
					run.Output("text", strings.Repeat(fmt.Sprint(i, " "), 100))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	for i, bad := range [][3]string{
		{"limit_data", "upstream", `"bytes": 5000`},
		{"latency", "downstream", `"latency": 600000`},
		{"limit_data", "downstream", `"bytes": 100`},
		{"bandwidth", "upstream", `"rate": 10`},
	} {
		f.worsen(bad[0], bad[1], bad[2])
		run(i*50, i*50+50)
		f.mend()
		run(i*50+1000, i*50+1020)
	}
	flush, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	require.NoError(t, v.Flush(flush))
	require.NoError(t, v.Close())

	// Who restores knows the place only.
	u, err := url.Parse("s3://bucket/flexor-audit/")
	require.NoError(t, err)
	s.S3 = vaultcfg.S3{Endpoint: "http://" + f.server}
	store, err := s.Open(ctx, u, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	here := filepath.Join(dir, "audit-log")
	differs, err := archive.Differ(ctx, store, here)
	require.NoError(t, err)
	require.Nil(t, differs)
	restored := filepath.Join(t.TempDir(), "audit-log")
	_, err = archive.Restore(ctx, store, "company/audit-log", restored)
	require.NoError(t, err)
	sameLog(t, here, restored)

	all := versions(t, f.server, "bucket", "flexor-audit/company/")
	require.Greater(t, len(all), 10)
	for _, v := range all { // each is there once, and nobody can delete it
		require.True(t, *v.IsLatest, *v.Key)
		_, err := client(f.server).DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: v.Key, VersionId: v.VersionId})
		require.Error(t, err, *v.Key)
	}
}

// sameLog checks that a log was restored, byte for byte.
func sameLog(t *testing.T, here, restored string) {
	t.Helper()
	there := segments(t, restored)
	for name, want := range segments(t, here) {
		// Behind what was flushed is at most what a log says when it is closed.
		closing, ok := strings.CutPrefix(want, there[name])
		require.True(t, ok, "%s is another in the copy", name)
		for line := range strings.Lines(closing) {
			require.True(t, strings.HasPrefix(line, `{"checkpoint":`), line)
		}
	}
}

// segments returns the log in a directory.
func segments(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "segments"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".jsonl" {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)                  // it is below
		out[rel] = strings.TrimRight(string(data), "\x00") // an open segment has padding
		return err
	}))
	require.NotEmpty(t, out)
	return out
}
