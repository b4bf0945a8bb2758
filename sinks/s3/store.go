package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// maxObject is the size in bytes of the largest object: four times that of the archive.
// A larger one is not read, as it is not ours.
const maxObject = 64 << 20

// mostEmpty is how many answers without an object a listing may have in a row. Some
// servers give such when they have looked at much that is hidden.
const mostEmpty = 1000

// attempts is how often a request is made that fails in passing.
const attempts = 4

// store is a place in a bucket.
type store struct {
	cfg         Config
	bucket      string
	prefix      string // of keys: empty, or with a slash at its end
	wire        *wire
	client      *s3.Client
	credentials aws.CredentialsProvider

	turn  chan struct{} // held, by a value in it, while the bucket is tried
	tried bool          // with success; guarded by turn
}

var _ archive.Store = (*store)(nil)

// url names an object for people.
func (s *store) url(key string) string { return "s3://" + s.bucket + "/" + key }

// key returns the key of an object. A name that leaves the prefix is refused.
func (s *store) key(name string) (string, error) {
	if err := archive.CheckName(name); err != nil {
		return "", fmt.Errorf("s3: %w", err)
	}
	return s.prefix + name, nil
}

// Put implements [archive.Store].
func (s *store) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	if len(data) > maxObject {
		return fmt.Errorf("%w: s3: put %s: %d bytes are more than the %d of the largest object", archive.ErrPermanent, s.url(key), len(data), maxObject)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	o := s.object(key, data, retain)
	out, err := s.create(ctx, o)
	switch {
	case err == nil:
		return s.confirm(ctx, o, out.VersionId, true)
	case status(err) == http.StatusPreconditionFailed, ctx.Err() == nil && s.exists(ctx, key):
		// It is there, perhaps from an attempt whose answer was lost. Of a large object, the
		// answer may also come, and the connection be cut, before all of it was sent.
		return s.confirm(ctx, o, nil, false)
	}
	return s.fault(ctx, "put", key, "s3:PutObject"+o.permissions(), err)
}

// exists reports whether an object is there, as far as can be seen at the first look.
func (s *store) exists(ctx context.Context, key string) bool {
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	return err == nil
}

// object is what is put.
type object struct {
	key    string
	data   []byte
	sum    string // SHA-256 in base64, as S3 has it
	lock   types.ObjectLockMode
	until  time.Time // zero: no lock is asked for
	hold   bool
	sse    types.ServerSideEncryption
	kmsKey string
}

func (s *store) object(key string, data []byte, retain time.Time) *object {
	sum := sha256.Sum256(data)
	o := &object{key: key, data: data, sum: base64.StdEncoding.EncodeToString(sum[:])}
	// What need not be kept any more cannot be locked: S3 refuses a time that is over.
	if mode := s.cfg.S3.ObjectLock; mode != vaultcfg.LockNone && retain.After(s.cfg.Now()) {
		o.lock = types.ObjectLockMode(strings.ToUpper(string(mode)))
		o.until = retain.UTC().Truncate(time.Second).Add(time.Second) // servers keep whole seconds
	}
	o.hold = s.cfg.S3.LegalHold
	o.sse = types.ServerSideEncryption(s.cfg.S3.SSE)
	o.kmsKey = s.cfg.S3.KMSKeyID
	return o
}

// create asks the server to create the object.
func (s *store) create(ctx context.Context, o *object) (*s3.PutObjectOutput, error) {
	in := &s3.PutObjectInput{
		Bucket:               &s.bucket,
		Key:                  &o.key,
		Body:                 bytes.NewReader(o.data),
		ContentLength:        aws.Int64(int64(len(o.data))),
		ContentType:          aws.String("application/octet-stream"),
		ChecksumAlgorithm:    types.ChecksumAlgorithmSha256, // in words: S3 asks for that with a lock
		ChecksumSHA256:       &o.sum,
		IfNoneMatch:          aws.String("*"),
		ObjectLockMode:       o.lock,
		ServerSideEncryption: o.sse,
	}
	if !o.until.IsZero() {
		in.ObjectLockRetainUntilDate = &o.until
	}
	if o.hold {
		in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn
	}
	if o.kmsKey != "" {
		in.SSEKMSKeyId = &o.kmsKey
	}
	return s.client.PutObject(ctx, in)
}

// Get implements [archive.Store].
func (s *store) Get(ctx context.Context, name string) ([]byte, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, err
	}
	return s.get(ctx, key, nil)
}

// get returns the bytes of a version of an object; nil: of the newest.
func (s *store) get(ctx context.Context, key string, version *string) ([]byte, error) {
	if err := s.authorized(ctx); err != nil {
		return nil, err
	}
	var cut error
	for range attempts { // the client repeats requests, but not the reading of an answer
		out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, VersionId: version, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			err = s.fault(ctx, "get", key, "s3:GetObject", err)
			if status(err) == http.StatusNotFound {
				return nil, fmt.Errorf("%w: %w", archive.ErrNotExist, err)
			}
			return nil, err
		}
		var data []byte
		data, cut = io.ReadAll(io.LimitReader(out.Body, maxObject+1))
		_ = out.Body.Close() // what was read has its checksum
		switch {
		case len(data) > maxObject:
			return nil, fmt.Errorf("%w: s3: %s has more than %d bytes, so it is not of an archive; remove it", archive.ErrPermanent, s.url(key), maxObject)
		case cut == nil:
			return data, nil
		case ctx.Err() != nil:
			return nil, s.fault(ctx, "get", key, "", cut)
		}
	}
	return nil, s.fault(ctx, "get", key, "s3:GetObject", cut)
}

// List implements [archive.Store].
func (s *store) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		if err := s.authorized(ctx); err != nil {
			yield(archive.Object{}, err)
			return
		}
		in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)}
		if after != "" {
			in.StartAfter = aws.String(s.prefix + after)
		}
		last, empty := after, 0
		for pages := s3.NewListObjectsV2Paginator(s.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(archive.Object{}, s.fault(ctx, "list", s.prefix+prefix, "s3:ListBucket", err))
				return
			}
			if empty++; empty > mostEmpty {
				yield(archive.Object{}, fmt.Errorf("%w: s3: list %s: the server answered %d times that there is more, and gave nothing", archive.ErrPermanent, s.url(s.prefix+prefix), empty))
				return
			}
			for _, o := range page.Contents {
				empty = 0
				name, ok := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
				switch {
				case !ok || !strings.HasPrefix(name, prefix) || name <= last:
					yield(archive.Object{}, fmt.Errorf("%w: s3: list %s: the server lists %.200q after %.200q: it does not keep the order of names, and cannot be used", archive.ErrPermanent, s.url(s.prefix+prefix), name, last))
					return
				case strings.HasPrefix(name, probes):
				case !yield(archive.Object{Name: name, Size: aws.ToInt64(o.Size)}, nil):
					return
				}
				last = name
			}
		}
	}
}

// Close implements [archive.Store].
func (s *store) Close() error {
	if c, ok := s.wire.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
	return nil
}
