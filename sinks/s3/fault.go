package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/flexorhq/flexor-go/archive"
)

// mostSkew is how far clocks may differ before S3 refuses requests: 15 minutes. From a
// third of that on we say so.
const mostSkew = 15 * time.Minute

// passing are codes of answers 400 that the same request may not get again: the object
// was damaged or cut off on its way, or the service that has the keys is busy.
var passing = map[string]bool{
	"RequestTimeout": true, "IncompleteBody": true, "BadDigest": true,
	"XAmzContentSHA256Mismatch": true, "XAmzContentChecksumMismatch": true,
	"ThrottlingException": true, "KMS.ThrottlingException": true,
}

// status returns the HTTP status of what failed; 0 if there was no answer.
func status(err error) int {
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) {
		return resp.HTTPStatusCode()
	}
	return 0
}

// hidden is the error for an object that is there and not shown.
func (s *store) hidden(key string) error {
	return fmt.Errorf("%w: s3: somebody deleted %s, and the bucket keeps it as an older version; remove the delete marker", archive.ErrPermanent, s.url(key))
}

// header returns a header of the answer to what failed.
func header(err error, name string) string {
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil {
		return resp.Response.Header.Get(name)
	}
	return ""
}

// code returns what the server called it.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// said returns in short what the server said.
func said(err error) string {
	text := fmt.Sprint(status(err))
	var api smithy.APIError
	if errors.As(err, &api) {
		text += fmt.Sprintf(" %.60q", api.ErrorCode())
		if m := api.ErrorMessage(); m != "" {
			text += fmt.Sprintf(": %.200q", m)
		}
	}
	return text
}

// fault says what an error of the client means for an object, and what helps. needs
// names the permission that the request takes.
func (s *store) fault(ctx context.Context, what, key, needs string, err error) error {
	at := s.url(key)
	lasting := func(format string, args ...any) error {
		return fmt.Errorf("%w: s3: %s %s: %s", archive.ErrPermanent, what, at, fmt.Sprintf(format, args...))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("s3: %s %s: %w", what, at, context.Cause(ctx))
	}
	ahead := time.Duration(s.wire.ahead.Load())
	switch n := status(err); {
	case n == 0:
		return fmt.Errorf("s3: %s %s: no answer: %w", what, at, unsent(err))
	case header(err, "x-amz-delete-marker") == "true":
		return s.hidden(key)
	case code(err) == "RequestTimeTooSkewed", n == http.StatusForbidden && ahead.Abs() >= mostSkew:
		return lasting("the clock of this machine is %s that of the server, which refuses that (%s); set the clock", offset(ahead), said(err))
	case n/100 == 3 && n != http.StatusTemporaryRedirect, code(err) == "AuthorizationHeaderMalformed":
		return lasting("the bucket is in %s, not in the region %s (%s); correct audit.s3.region in vault.json, or AWS_REGION", regionOf(err), s.client.Options().Region, said(err))
	case n == http.StatusUnauthorized, n == http.StatusForbidden:
		return lasting("refused (%s); check the key's id and secret, and that it has the permission %s here (docs/sinks.md has a policy)", said(err), needs)
	case n == http.StatusNotFound && s.bucketMissing(ctx):
		return lasting("the server finds no such bucket (%s); create it, with Object Lock and versioning, or correct its name, or the key's id", said(err))
	case n == http.StatusBadRequest && !passing[code(err)], n == http.StatusMethodNotAllowed, n == http.StatusRequestEntityTooLarge, n == http.StatusNotImplemented:
		return lasting("the server refuses that (%s)", said(err))
	default:
		return fmt.Errorf("s3: %s %s: %w", what, at, err)
	}
}

// unsent returns why a request has no answer, without what the client and the AWS SDK say
// around it.
func unsent(err error) error {
	var in *url.Error
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}

// regionOf returns the region that the bucket is in, as the server says.
func regionOf(err error) string {
	if region := header(err, "x-amz-bucket-region"); region != "" {
		return fmt.Sprintf("%.40q", region)
	}
	return "another region"
}

// bucketMissing reports whether an answer 404 was about the bucket.
func (s *store) bucketMissing(ctx context.Context) bool {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	return status(err) == http.StatusNotFound
}

// offset says how far a clock is off.
func offset(ahead time.Duration) string {
	if ahead < 0 {
		return ahead.Abs().Round(time.Second).String() + " behind"
	}
	return ahead.Round(time.Second).String() + " ahead of"
}
