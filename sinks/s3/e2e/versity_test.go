package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
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

var ctx = context.Background()

// noise returns bytes that no compression changes.
func noise(n int) []byte {
	out := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(out) // it never fails
	return out
}

// The whole path: what is put is there once, byte for byte, and in order.
func TestWholePath(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "plain", false)
	store := open(t, addr, "s3://plain/flexor-audit/", vaultcfg.S3{})
	_, err := store.Get(ctx, "company/log.json")
	require.ErrorIs(t, err, archive.ErrNotExist)
	require.Empty(t, names(t, store, "", ""))

	want := map[string][]byte{}
	var list []string
	for i := range 1100 { // more than a page of a listing
		name := fmt.Sprintf("company/audit-log/dt=2026-04-30/%08d.jsonl.zst", i)
		data := fmt.Appendf(nil, "object %d", i)
		want[name] = data
		list = append(list, fmt.Sprintf("%s %d", name, len(data)))
	}
	want["company/log.json"], want["company/empty"] = noise(8<<20), []byte{}
	list = append(list, "company/empty 0", "company/log.json 8388608")
	var group sync.WaitGroup
	work := make(chan string)
	for range 8 {
		group.Go(func() {
			for name := range work {
				for range 2 { // the second time it is there
					if err := store.Put(ctx, name, want[name], time.Now().AddDate(1, 0, 0)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		})
	}
	for name := range want {
		work <- name
	}
	close(work)
	group.Wait()
	require.False(t, t.Failed())

	require.Equal(t, list, names(t, store, "", ""))
	require.Equal(t, list[1100:], names(t, store, "company/", "company/audit-log/dt=2026-04-30/00001099.jsonl.zst"))
	require.Equal(t, list[700:800], names(t, store, "company/audit-log/dt=2026-04-30/000007", ""))
	for _, name := range []string{"company/log.json", "company/empty", "company/audit-log/dt=2026-04-30/00000500.jsonl.zst"} {
		got, err := store.Get(ctx, name)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want[name], got), name)
	}
	err = store.Put(ctx, "company/empty", []byte("other"), time.Time{})
	require.ErrorIs(t, err, archive.ErrConflict)
	require.NotErrorIs(t, err, archive.ErrPermanent)
	got, err := store.Get(ctx, "company/empty")
	require.NoError(t, err)
	require.Empty(t, got)
}

// A locked object cannot be deleted, nor its lock shortened, by somebody who may do
// everything.
func TestObjectLock(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "locked", true)
	admin := client(addr)
	until := time.Now().Add(400 * 24 * time.Hour)
	for _, test := range []struct {
		name string
		s3   vaultcfg.S3
	}{
		{"compliance", vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance}},
		{"governance", vaultcfg.S3{ObjectLock: vaultcfg.LockGovernance}},
		{"hold", vaultcfg.S3{LegalHold: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := open(t, addr, "s3://locked/"+test.name, test.s3)
			require.NoError(t, store.Put(ctx, "company/a", []byte("evidence"), until))
			require.NoError(t, store.Put(ctx, "company/a", []byte("evidence"), until))
			all := versions(t, addr, "locked", test.name+"/company/")
			require.Len(t, all, 1)
			v := all[0]

			for _, bypass := range []*bool{nil, aws.Bool(true)} {
				if bypass != nil && test.name == "governance" {
					continue // which allows it to those who have the permission
				}
				_, err := admin.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("locked"), Key: v.Key, VersionId: v.VersionId, BypassGovernanceRetention: bypass})
				require.Error(t, err)
			}
			if test.name == "compliance" {
				sooner := time.Now().Add(time.Hour)
				_, err := admin.PutObjectRetention(ctx, &awss3.PutObjectRetentionInput{Bucket: aws.String("locked"), Key: v.Key, VersionId: v.VersionId, BypassGovernanceRetention: aws.Bool(true),
					Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeCompliance, RetainUntilDate: &sooner}})
				require.Error(t, err)
			}
			head, err := admin.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: aws.String("locked"), Key: v.Key, VersionId: v.VersionId})
			require.NoError(t, err)
			if test.s3.LegalHold {
				require.Equal(t, types.ObjectLockLegalHoldStatusOn, head.ObjectLockLegalHoldStatus)
				return
			}
			require.EqualValues(t, test.name, map[types.ObjectLockMode]string{types.ObjectLockModeCompliance: "compliance", types.ObjectLockModeGovernance: "governance"}[head.ObjectLockMode])
			require.False(t, head.ObjectLockRetainUntilDate.Before(until.Truncate(time.Second)))
		})
	}
}

// Who may delete can hide an object, but not remove it: that is not taken for one that
// was never there.
func TestHidden(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "hidden", true)
	store := open(t, addr, "s3://hidden", vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance})
	until := time.Now().Add(time.Hour)
	require.NoError(t, store.Put(ctx, "a", []byte("evidence"), until))
	marker, err := client(addr).DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("hidden"), Key: aws.String("a")})
	require.NoError(t, err)
	_, err = store.Get(ctx, "a")
	for _, err := range []error{err, store.Put(ctx, "a", []byte("evidence"), until)} {
		require.ErrorIs(t, err, archive.ErrPermanent)
		require.NotErrorIs(t, err, archive.ErrNotExist)
		require.ErrorContains(t, err, "remove the delete marker")
	}
	_, err = client(addr).DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("hidden"), Key: aws.String("a"), VersionId: marker.VersionId})
	require.NoError(t, err)
	require.NoError(t, store.Put(ctx, "a", []byte("evidence"), until))
	got, err := store.Get(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "evidence", string(got))
	require.Len(t, versions(t, addr, "hidden", "a"), 1)
}

// What was put before a lock was asked for is locked when it is put again, and a
// lock that is there grows with what is asked.
func TestLockLater(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "later", true)
	at := func(s vaultcfg.S3, until time.Time) *awss3.HeadObjectOutput {
		require.NoError(t, open(t, addr, "s3://later", s).Put(ctx, "a", []byte("evidence"), until))
		head, err := client(addr).HeadObject(ctx, &awss3.HeadObjectInput{Bucket: aws.String("later"), Key: aws.String("a")})
		require.NoError(t, err)
		require.Len(t, versions(t, addr, "later", "a"), 1)
		return head
	}
	month, year := time.Now().AddDate(0, 1, 0), time.Now().AddDate(1, 0, 0)
	governance, compliance := vaultcfg.S3{ObjectLock: vaultcfg.LockGovernance}, vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance}
	held := vaultcfg.S3{ObjectLock: vaultcfg.LockGovernance, LegalHold: true}
	require.Empty(t, at(vaultcfg.S3{}, year).ObjectLockMode)
	require.Equal(t, types.ObjectLockModeGovernance, at(governance, month).ObjectLockMode)
	for _, step := range []struct {
		ask   vaultcfg.S3
		until time.Time
		mode  types.ObjectLockMode
		hold  types.ObjectLockLegalHoldStatus
	}{
		{governance, year, types.ObjectLockModeGovernance, ""},
		{held, month, types.ObjectLockModeGovernance, types.ObjectLockLegalHoldStatusOn},
		{compliance, year.AddDate(0, 1, 0), types.ObjectLockModeGovernance, types.ObjectLockLegalHoldStatusOn}, // with the time that is asked for
		{compliance, month, types.ObjectLockModeCompliance, types.ObjectLockLegalHoldStatusOn},                 // after the administrator
		{governance, year, types.ObjectLockModeCompliance, types.ObjectLockLegalHoldStatusOn},
	} {
		if step.mode == types.ObjectLockModeCompliance && step.ask == compliance {
			_, err := client(addr).PutObjectRetention(ctx, &awss3.PutObjectRetentionInput{Bucket: aws.String("later"), Key: aws.String("a"), BypassGovernanceRetention: aws.Bool(true),
				Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeCompliance, RetainUntilDate: aws.Time(year.AddDate(0, 2, 0))}})
			require.NoError(t, err)
		}
		head := at(step.ask, step.until)
		require.Equal(t, step.mode, head.ObjectLockMode)
		require.Equal(t, step.hold, head.ObjectLockLegalHoldStatus)
		require.False(t, head.ObjectLockRetainUntilDate.Before(year.Truncate(time.Second)))
		require.False(t, head.ObjectLockRetainUntilDate.Before(step.until.Truncate(time.Second)))
	}
}

// What lasts until somebody changes something says what to change.
func TestPermanentErrors(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "plain", false)
	as := func(id, secret string) func(*s3.Config) {
		return func(c *s3.Config) { c.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "") }
	}
	clock := func(off time.Duration) func(*s3.Config) {
		return func(c *s3.Config) { c.Now = func() time.Time { return time.Now().Add(off) } }
	}
	for name, test := range map[string]struct {
		place string
		s3    vaultcfg.S3
		edit  func(*s3.Config)
		want  []string
	}{
		"wrong secret":     {"s3://plain", vaultcfg.S3{}, as(keyID, "wrong"), []string{"refused (403", "check the key's id and secret"}},
		"unknown key":      {"s3://plain", vaultcfg.S3{}, as("nobody", secret), []string{"No user exists", "correct", "the key's id"}},
		"missing bucket":   {"s3://missing", vaultcfg.S3{}, nil, []string{"finds no such bucket", "create it"}},
		"missing, locked":  {"s3://missing", vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance}, nil, []string{"finds no such bucket", "create it"}},
		"lock not enabled": {"s3://plain", vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance}, nil, []string{"nothing in it can be locked", "create a bucket with Object Lock"}},
		"hold, no lock":    {"s3://plain", vaultcfg.S3{LegalHold: true}, nil, []string{"nothing in it can be locked", "legal_hold"}},
		"clock ahead":      {"s3://plain", vaultcfg.S3{}, clock(time.Hour + 30*time.Second), []string{"is 1h0m", "ahead of that of the server", "set the clock"}},
		"clock behind":     {"s3://plain", vaultcfg.S3{}, clock(-26*time.Hour - 30*time.Second), []string{"is 26h0m", "behind that of the server", "set the clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t, addr, test.place, test.s3, func(c *s3.Config) {
				if test.edit != nil {
					test.edit(c)
				}
			})
			errs := []error{store.Put(ctx, "a", []byte("x"), time.Now().Add(48*time.Hour))}
			if test.s3 == (vaultcfg.S3{}) { // reading asks less of a bucket
				_, err := store.Get(ctx, "a")
				errs = append(errs, err)
				for _, err := range store.List(ctx, "", "") {
					errs = append(errs, err)
				}
				require.Len(t, errs, 3)
			}
			for _, err := range errs {
				require.ErrorIs(t, err, archive.ErrPermanent)
				require.NotErrorIs(t, err, archive.ErrNotExist)
				for _, want := range test.want {
					require.ErrorContains(t, err, want)
				}
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// A problem that was put right is forgotten.
func TestPutRight(t *testing.T) {
	addr := startVersity(t)
	store := open(t, addr, "s3://soon", vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance})
	require.ErrorIs(t, store.Put(ctx, "a", []byte("x"), time.Now().Add(time.Hour)), archive.ErrPermanent)
	bucket(t, addr, "soon", true)
	require.NoError(t, store.Put(ctx, "a", []byte("x"), time.Now().Add(time.Hour)))
}

// Of many processes that put the same name at once, all succeed that have the same
// bytes, and with different ones exactly one does.
func TestRacers(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "race", true)
	const racers = 16
	race := func(name string, data func(i int) []byte) (errs [racers]error) {
		var group sync.WaitGroup
		for i := range racers {
			store := open(t, addr, "s3://race", vaultcfg.S3{ObjectLock: vaultcfg.LockGovernance})
			group.Go(func() { errs[i] = store.Put(ctx, name, data(i), time.Now().Add(time.Hour)) })
		}
		group.Wait()
		require.Len(t, versions(t, addr, "race", name), 1)
		return errs
	}
	for _, err := range race("same", func(int) []byte { return []byte("same") }) {
		require.NoError(t, err)
	}
	won := 0
	for _, err := range race("different", func(i int) []byte { return fmt.Appendf(nil, "racer %2d", i) }) {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, archive.ErrConflict)
		}
	}
	require.Equal(t, 1, won)
}

// A call gives up when its context ends.
func TestContext(t *testing.T) {
	addr := startVersity(t)
	bucket(t, addr, "plain", false)
	store := open(t, addr, "s3://plain", vaultcfg.S3{})
	why := errors.New("the program ends")
	done, cancel := context.WithCancelCause(ctx)
	cancel(why)
	require.ErrorIs(t, store.Put(done, "a", nil, time.Time{}), why)
	_, err := store.Get(done, "a")
	require.ErrorIs(t, err, why)
	for _, err := range store.List(done, "", "") {
		require.ErrorIs(t, err, why)
	}
}
