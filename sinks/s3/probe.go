package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// probes is what the names of the objects begin with that try a bucket. They stay: the
// key need not have the permission to delete. No object of an archive has such a name.
const probes = ".flexor-probe/"

// racers is how many create the same object at once. In a bucket in which that was
// tried before, all of them must fail.
const racers = 4

// ready tries the bucket before the first object is put. What it finds in order is not
// looked at again; what it does not, each time.
func (s *store) ready(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("s3: %s: %w", s.url(s.prefix), context.Cause(ctx))
	}
	if s.tried {
		return nil
	}
	if err := s.authorized(ctx); err != nil {
		return err
	}
	if err := s.lockable(ctx); err != nil {
		return err
	}
	if err := s.createsOnce(ctx); err != nil {
		return err
	}
	if err := s.comparesChecksums(ctx); err != nil {
		return err
	}
	if ahead := time.Duration(s.wire.ahead.Load()); ahead.Abs() > mostSkew/3 {
		s.cfg.Logger.Warn("s3: the clock of this machine is "+offset(ahead)+" that of the server: set it, or requests will be refused", "bucket", s.bucket)
	}
	s.tried = true
	return nil
}

// authorized returns an error if there are no credentials.
func (s *store) authorized(ctx context.Context) error {
	_, err := s.credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("s3: %s: %w", s.url(s.prefix), context.Cause(ctx))
	case errors.Is(err, errSlow):
		return fmt.Errorf("s3: %s: credentials: %w", s.url(s.prefix), err)
	}
	return fmt.Errorf("%w: s3: %s: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is given (%w)", archive.ErrPermanent, s.url(s.prefix), err)
}

// lockable returns an error if the bucket cannot do what is asked of it.
func (s *store) lockable(ctx context.Context) error {
	if s.cfg.S3.ObjectLock == vaultcfg.LockNone && !s.cfg.S3.LegalHold {
		return nil
	}
	const remedy = "create a bucket with Object Lock, or enable it on this one, or remove object_lock and legal_hold from audit.s3 in vault.json"
	versions, err := s.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.bucket})
	if err != nil {
		return s.fault(ctx, "look at the versioning of", "", "s3:GetBucketVersioning", err)
	}
	if versions.Status != types.BucketVersioningStatusEnabled {
		return fmt.Errorf("%w: s3: %s keeps no versions, so nothing in it can be locked; %s", archive.ErrPermanent, s.url(""), remedy)
	}
	lock, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.bucket})
	switch n := status(err); {
	case n == http.StatusNotFound && !s.bucketMissing(ctx), n == http.StatusBadRequest, n == http.StatusNotImplemented,
		err == nil && (lock.ObjectLockConfiguration == nil || lock.ObjectLockConfiguration.ObjectLockEnabled != types.ObjectLockEnabledEnabled):
		return fmt.Errorf("%w: s3: Object Lock is not enabled on %s; %s", archive.ErrPermanent, s.url(""), remedy)
	case err != nil:
		return s.fault(ctx, "look at the Object Lock of", "", "s3:GetBucketObjectLockConfiguration", err)
	}
	return nil
}

// createsOnce returns an error if more than one can create an object.
func (s *store) createsOnce(ctx context.Context) error {
	key := s.prefix + probes + "once"
	var errs [racers]error
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, errs[i] = s.create(ctx, s.probe(key, fmt.Sprintf("racer %d\n", i))) })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		switch n := status(err); {
		case err == nil:
			won++
		case n != http.StatusPreconditionFailed && n != http.StatusConflict:
			return s.fault(ctx, "put", key, "s3:PutObject", err)
		}
	}
	if won > 1 {
		return fmt.Errorf("%w: s3: %d of %d who created %s at once were told that they did: this server ignores If-None-Match, so what is sent could be replaced; use another server, or a newer version of it",
			archive.ErrPermanent, won, racers, s.url(key))
	}
	return nil
}

// comparesChecksums returns an error if the server stores bytes that do not have the
// checksum that comes with them. Where it does not, the object is never there.
func (s *store) comparesChecksums(ctx context.Context) error {
	key := s.prefix + probes + "checksum"
	o := s.probe(key, "these bytes do not have the checksum that they are sent with\n")
	other := sha256.Sum256(nil)
	o.sum = base64.StdEncoding.EncodeToString(other[:])
	_, err := s.create(ctx, o)
	switch n := status(err); {
	case err == nil, n == http.StatusPreconditionFailed:
		return fmt.Errorf("%w: s3: %s was stored, although its bytes do not have the SHA-256 that was sent with them: this server does not check what it is sent; use another server, or a newer version of it. (If it is newer now, remove that object)",
			archive.ErrPermanent, s.url(key))
	case n == http.StatusBadRequest:
		return nil
	default:
		return s.fault(ctx, "put", key, "s3:PutObject", err)
	}
}

// probe is an object without a lock.
func (s *store) probe(key, text string) *object {
	o := s.object(key, []byte(text), time.Time{})
	o.hold = false
	return o
}
