// Package e2e tests sinks/s3 with real S3 servers. They are installed by servers.sh.
package e2e

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// serversEnv names the directory that servers.sh installed to.
const serversEnv = "FLEXOR_TEST_SERVERS"

const (
	keyID  = "S3RVER" // which s3rver has built in, and versitygw is told
	secret = "S3RVER"
	region = "us-east-1"
)

// start starts a server, which ends with the test, and returns its address.
func start(t *testing.T, env []string, name string, args func(host, port string) []string) string {
	t.Helper()
	dir := os.Getenv(serversEnv)
	if dir == "" {
		t.Skipf("needs the S3 servers: run sinks/s3/e2e/servers.sh DIR, and set %s=DIR", serversEnv)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	cmd := exec.Command(filepath.Join(dir, name), args(host, port)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		<-gone
	})
	tick, late := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			require.NoError(t, c.Close())
			return addr
		}
		select {
		case <-tick.C:
		case err := <-gone:
			gone <- err
			t.Fatalf("%s ended: %v", name, err)
		case <-late:
			t.Fatalf("%s does not listen on %s", name, addr)
		}
	}
}

// startVersity starts a server that does what S3 does.
func startVersity(t *testing.T) string {
	dir := t.TempDir() // on a file system with extended attributes
	data, versions := filepath.Join(dir, "data"), filepath.Join(dir, "versions")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.Mkdir(versions, 0o700))
	return start(t, []string{"ROOT_ACCESS_KEY=" + keyID, "ROOT_SECRET_KEY=" + secret}, "versitygw", func(host, port string) []string {
		return []string{"-p", host + ":" + port, "--quiet", "posix", "--versioning-dir", versions, data}
	})
}

// client returns a client of the SDK, as an administrator or an attacker would have it.
func client(addr string) *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: aws.String("http://" + addr),
		Region:       region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(keyID, secret, ""),
	})
}

// bucket creates a bucket.
func bucket(t *testing.T, addr, name string, lockable bool) {
	t.Helper()
	_, err := client(addr).CreateBucket(context.Background(), &awss3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: &lockable})
	require.NoError(t, err)
}

// open opens a store as a program does.
func open(t *testing.T, addr, place string, s vaultcfg.S3, edit ...func(*s3.Config)) archive.Store {
	t.Helper()
	s.Endpoint, s.Region = "http://"+addr, region
	cfg := s3.Config{
		Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
		MaxBackoff:  time.Millisecond,
	}
	for _, e := range edit {
		e(&cfg)
	}
	u, err := url.Parse(place)
	require.NoError(t, err)
	store, err := cfg.Open(context.Background(), u, &vaultcfg.Config{Audit: vaultcfg.Audit{S3: s}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// versions returns the versions of all objects that are not of the probe.
func versions(t *testing.T, addr, bucket, prefix string) []types.ObjectVersion {
	t.Helper()
	out, err := client(addr).ListObjectVersions(context.Background(), &awss3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix})
	require.NoError(t, err)
	return out.Versions
}

// names lists a store.
func names(t *testing.T, store archive.Store, prefix, after string) (out []string) {
	t.Helper()
	for o, err := range store.List(context.Background(), prefix, after) {
		require.NoError(t, err)
		out = append(out, fmt.Sprintf("%s %d", o.Name, o.Size))
	}
	return out
}
