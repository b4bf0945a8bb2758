package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/flexorhq/flexor-go/archive"
)

// confirm returns nil if the object is there, as it was asked for: with these bytes,
// lock, hold and encryption. What was there before may lack the lock, as when it was
// asked for later: then it is added. version is that which was written; nil: the newest.
// fresh says that it was written just now.
func (s *store) confirm(ctx context.Context, o *object, version *string, fresh bool) error {
	head, err := s.head(ctx, o, version)
	switch {
	case status(err) == http.StatusNotFound && !fresh: // not all servers say that it is a delete marker
		return s.hidden(o.key)
	case err != nil:
		return err
	}
	version = cmp.Or(head.VersionId, version)
	if err := s.compare(ctx, o, head, version); err != nil {
		return err
	}
	if o.lacks(head) != "" {
		if err := s.relock(ctx, o, head, version, fresh); err != nil {
			return err
		}
		if head, err = s.head(ctx, o, version); err != nil {
			return err
		}
	}
	if lacks := o.lacks(head); lacks != "" {
		return fmt.Errorf("%w: s3: put %s: it is there without %s; use a bucket that keeps that, and give the key the permissions s3:GetObjectRetention and s3:GetObjectLegalHold, without which it cannot be seen",
			archive.ErrPermanent, s.url(o.key), lacks)
	}
	return s.encrypted(o, head, fresh)
}

// encrypted returns an error if the object there is not encrypted as was asked for. One that
// was put before that was asked for keeps what it has, or a vault would stop for good at the
// one that was on its way just then.
func (s *store) encrypted(o *object, head *s3.HeadObjectOutput, fresh bool) error {
	there, key := head.ServerSideEncryption, aws.ToString(head.SSEKMSKeyId)
	switch {
	case o.sse == "", there == o.sse && o.underKey(key):
		return nil
	case !fresh && there != "":
		s.cfg.Logger.Warn("s3: an object was put before another encryption was asked for, and keeps that which it has", "object", s.url(o.key), "sse", there, "kms_key_id", key)
		return nil
	case there != o.sse:
		return fmt.Errorf("%w: s3: put %s: it is there and not encrypted with %s; use a server that does that, or remove audit.s3.sse", archive.ErrPermanent, s.url(o.key), o.sse)
	}
	return fmt.Errorf("%w: s3: put %s: it is there and encrypted with the key %.200q, not with %q; use a server that takes the key that it is told, or correct audit.s3.kms_key_id", archive.ErrPermanent, s.url(o.key), key, o.kmsKey)
}

// underKey reports whether a key, by the name that the server has for it, is the one that
// was asked for. What an alias stands for cannot be told from here.
func (o *object) underKey(there string) bool {
	asked := o.kmsKey
	return asked == "" || strings.Contains(asked, "alias/") || there == asked ||
		strings.HasSuffix(there, "/"+asked) || strings.HasSuffix(there, ":"+asked)
}

func (s *store) head(ctx context.Context, o *object, version *string) (*s3.HeadObjectOutput, error) {
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &o.key, VersionId: version, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return nil, s.fault(ctx, "confirm", o.key, "s3:GetObject, s3:GetObjectVersion"+o.permissions(), err)
	}
	return head, nil
}

// compare returns an error if the object there has other bytes.
func (s *store) compare(ctx context.Context, o *object, head *s3.HeadObjectOutput, version *string) error {
	sum := aws.ToString(head.ChecksumSHA256)
	if aws.ToInt64(head.ContentLength) == int64(len(o.data)) && (sum == "" || strings.Contains(sum, "-")) {
		// None, or one over the checksums of parts: whoever wrote it did so in another way.
		there, err := s.get(ctx, o.key, version)
		if err != nil {
			return err
		}
		hash := sha256.Sum256(there)
		sum = base64.StdEncoding.EncodeToString(hash[:])
	}
	if aws.ToInt64(head.ContentLength) != int64(len(o.data)) || sum != o.sum {
		return fmt.Errorf("%w: %s", archive.ErrConflict, s.url(o.key))
	}
	return nil
}

// lacks says what of the lock that was asked for the object there does not have.
func (o *object) lacks(head *s3.HeadObjectOutput) string {
	switch {
	case o.unlocked(head):
		return fmt.Sprintf("the lock %s until %s", o.lock, o.until.Format(time.RFC3339))
	case o.unheld(head):
		return "the legal hold"
	}
	return ""
}

// unlocked reports whether the object there has a weaker lock than was asked for, or none.
func (o *object) unlocked(head *s3.HeadObjectOutput) bool {
	if o.until.IsZero() {
		return false
	}
	mode := head.ObjectLockMode
	return mode != o.lock && mode != types.ObjectLockModeCompliance || aws.ToTime(head.ObjectLockRetainUntilDate).Before(o.until)
}

// unheld reports whether the object there has no legal hold, and one was asked for.
func (o *object) unheld(head *s3.HeadObjectOutput) bool {
	return o.hold && head.ObjectLockLegalHoldStatus != types.ObjectLockLegalHoldStatusOn
}

// relock adds what the object there lacks. It asks for no right to weaken a lock, and S3 takes
// the change from governance to compliance for one: an object that was put before the stronger
// lock was asked for keeps its mode, or a vault would stop for good at the one that was on
// its way just then.
func (s *store) relock(ctx context.Context, o *object, head *s3.HeadObjectOutput, version *string, fresh bool) error {
	if o.unlocked(head) {
		_, err := s.client.PutObjectRetention(ctx, &s3.PutObjectRetentionInput{Bucket: &s.bucket, Key: &o.key, VersionId: version,
			Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionMode(o.lock), RetainUntilDate: &o.until}})
		switch {
		case !fresh && status(err) == http.StatusForbidden && head.ObjectLockMode == types.ObjectLockModeGovernance && o.lock != head.ObjectLockMode:
			s.cfg.Logger.Warn("s3: an object was put before a stronger lock was asked for, and keeps the lock GOVERNANCE; a key with s3:BypassGovernanceRetention may change that", "object", s.url(o.key))
			o.lock = head.ObjectLockMode
			return s.relock(ctx, o, head, version, fresh)
		case err != nil:
			return s.fault(ctx, "lock", o.key, "s3:PutObjectRetention", err)
		}
	}
	if o.unheld(head) {
		_, err := s.client.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &s.bucket, Key: &o.key, VersionId: version,
			LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOn}})
		if err != nil {
			return s.fault(ctx, "hold", o.key, "s3:PutObjectLegalHold", err)
		}
	}
	return nil
}

// permissions are what the object takes beside the permission to write.
func (o *object) permissions() string {
	text := ""
	if !o.until.IsZero() {
		text += ", s3:PutObjectRetention, s3:GetObjectRetention"
	}
	if o.hold {
		text += ", s3:PutObjectLegalHold, s3:GetObjectLegalHold"
	}
	if o.sse == types.ServerSideEncryptionAwsKms {
		text += ", kms:GenerateDataKey, kms:Decrypt"
	}
	return text
}
