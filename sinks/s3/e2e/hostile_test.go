package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Servers that accept what they do not keep are refused before anything is sent.
func TestHostileServers(t *testing.T) {
	for name, test := range map[string]struct {
		start          func(t *testing.T) string
		plain, locking string // what is said of them
	}{
		// Takes bytes that do not have their checksum, and deletes what it has locked.
		"gofakes3": {
			start: func(t *testing.T) string {
				return start(t, nil, "gofakes3", func(host, port string) []string {
					return []string{"-backend", "memory", "-host", host + ":" + port}
				})
			},
			plain:   "does not check what it is sent",
			locking: "nothing in it can be locked",
		},
		// Everybody wins who creates the same name.
		"s3rver": {
			start: func(t *testing.T) string {
				dir := t.TempDir()
				return start(t, nil, "node_modules/.bin/s3rver", func(host, port string) []string {
					return []string{"-a", host, "-p", port, "-d", dir, "--silent"}
				})
			},
			plain:   "this server ignores If-None-Match",
			locking: "nothing in it can be locked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := test.start(t)
			bucket(t, addr, "bucket", false)
			for lock, want := range map[vaultcfg.ObjectLock]string{vaultcfg.LockNone: test.plain, vaultcfg.LockCompliance: test.locking} {
				store := open(t, addr, "s3://bucket/audit", vaultcfg.S3{ObjectLock: lock})
				for range 2 {
					err := store.Put(ctx, "company/a", []byte("evidence"), time.Now().Add(time.Hour))
					require.ErrorIs(t, err, archive.ErrPermanent)
					require.ErrorContains(t, err, want)
				}
				require.Empty(t, names(t, store, "", ""))
			}
		})
	}
}
