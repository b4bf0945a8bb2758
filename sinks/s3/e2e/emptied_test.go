package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
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

// A bucket that is emptied while nothing is recorded gets all of it again by itself. Where
// objects were only hidden, by delete markers, a person is asked for.
func TestEmptiedBucket(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		addr := startVersity(t)
		bucket(t, addr, "bucket", versioned)
		dir := t.TempDir()
		config := fmt.Sprintf(`{"name": "company", "tier": "L2", "environment": "sandbox", "audit": {
			"secondary_destination": "s3://bucket/flexor-audit/", "s3": {"endpoint": "http://%s"}}}`, addr)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(config), 0o600))
		s := &s3.Config{Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""), MaxBackoff: time.Millisecond}
		v, err := flexor.Open(ctx, dir, &flexor.Options{
			Sinks: flexor.Sinks{"s3": s.Open},
			Pace:  archive.Pace{Poll: 10 * time.Millisecond, Look: 50 * time.Millisecond, MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond},
		})
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
		}
		require.NoError(t, v.Flush(ctx))
		for _, o := range versions(t, addr, "bucket", "flexor-audit/company/") {
			_, err := client(addr).DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: o.Key})
			require.NoError(t, err)
		}

		u, err := url.Parse("s3://bucket/flexor-audit/")
		require.NoError(t, err)
		s.S3 = vaultcfg.S3{Endpoint: "http://" + addr}
		store, err := s.Open(ctx, u, nil)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			copies, err := archive.Status(ctx, dir)
			require.NoError(t, err)
			require.NotEmpty(t, copies)
			if versioned {
				return copies[0].Error != ""
			}
			got, err := archive.Restore(ctx, store, "company/audit-log", filepath.Join(t.TempDir(), "audit-log"))
			return err == nil && got.Records == 6
		}, time.Minute, 10*time.Millisecond)
		if versioned {
			copies, err := archive.Status(ctx, dir)
			require.NoError(t, err)
			require.Contains(t, copies[0].Error, "remove the delete marker")
		}
		require.NoError(t, store.Close())
		require.NoError(t, v.Close())
	}
}
