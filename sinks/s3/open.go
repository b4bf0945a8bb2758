package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Open opens the place that a URL such as s3://bucket/prefix/ names, as audit.s3 of a
// vault.json says; nil: as the AWS environment says. It is what flexor.Sinks takes.
//
// Nothing is sent yet: a server that is down is no error, and a key that may only read
// is enough for reading. Errors wrap [archive.ErrPermanent].
func Open(ctx context.Context, u *url.URL, vault *vaultcfg.Config) (archive.Store, error) {
	return (*Config)(nil).Open(ctx, u, vault)
}

// Open is [Open] with a Config, for flexor.Sinks as well. If vault.json has audit.s3, that
// takes the place of c.S3.
func (c *Config) Open(ctx context.Context, u *url.URL, vault *vaultcfg.Config) (archive.Store, error) {
	cfg := c.complete(vault)
	bucket, prefix, err := place(u)
	if err != nil {
		return nil, err
	}
	s := &store{
		cfg:    cfg,
		bucket: bucket,
		prefix: prefix,
		wire:   &wire{base: cfg.Transport, timeout: cfg.Timeout, now: cfg.Now},
		turn:   make(chan struct{}, 1),
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// place returns the bucket of a URL and what the keys of its objects begin with.
func place(u *url.URL) (bucket, prefix string, err error) {
	prefix = strings.Trim(u.Path, "/")
	if u.Scheme != "s3" || u.Host == "" || u.Port() != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf(`%w: %s does not name a place in a bucket; write for example "s3://your-compliance-bucket/flexor-audit/"`, archive.ErrPermanent, u.Redacted())
	}
	if prefix == "" {
		return u.Host, "", nil
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "" || part == "." || part == ".." {
			return "", "", fmt.Errorf("%w: %s has an empty part, or one of dots, which many tools cannot name; remove it", archive.ErrPermanent, u.Redacted())
		}
	}
	return u.Host, prefix + "/", nil
}

// connect makes the client. It sends nothing.
func (s *store) connect(ctx context.Context) error {
	load := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, s.cfg.MaxBackoff })
		}),
	}
	if s.cfg.S3.Region != "" {
		load = append(load, config.WithRegion(s.cfg.S3.Region))
	}
	if s.cfg.S3.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(s.cfg.S3.Endpoint))
	}
	if s.cfg.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(s.cfg.Credentials))
	}
	env, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return fmt.Errorf("%w: s3: the AWS environment: %w", archive.ErrPermanent, err)
	}
	s.credentials = patience{env.Credentials, s.cfg.Timeout}
	if client, ok := env.HTTPClient.(*awshttp.BuildableClient); ok && s.wire.base == nil {
		s.wire.base = client.GetTransport() // with AWS_CA_BUNDLE and the proxy of the environment
	}
	s.client = s3.NewFromConfig(env, func(o *s3.Options) {
		o.Credentials = s.credentials
		o.HTTPClient = &http.Client{Transport: s.wire, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		// The SHA-256 goes with every object; another checksum would add nothing.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.DisableLogOutputChecksumValidationSkipped = true
		o.HTTPSignerV4 = clockSigner{s.cfg.Now, v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })}
		// A server that is not AWS has one name, mostly.
		o.UsePathStyle = o.BaseEndpoint != nil
		if s.cfg.S3.PathStyle != nil {
			o.UsePathStyle = *s.cfg.S3.PathStyle
		}
		if o.Region == "" && o.BaseEndpoint != nil {
			o.Region = "us-east-1" // what those servers take
		}
	})
	if s.client.Options().Region == "" {
		return fmt.Errorf("%w: s3://%s has no region; write audit.s3.region in vault.json, or set AWS_REGION", archive.ErrPermanent, s.bucket)
	}
	return nil
}

// clockSigner signs requests at the time that a clock tells.
type clockSigner struct {
	now func() time.Time
	s3.HTTPSignerV4
}

// SignHTTP signs at the time of the clock, corrected as the given one is: by what the
// client has learned of the server's.
func (c clockSigner) SignHTTP(ctx context.Context, by aws.Credentials, r *http.Request, hash, service, region string, at time.Time, o ...func(*v4.SignerOptions)) error {
	return c.HTTPSignerV4.SignHTTP(ctx, by, r, hash, service, region, at.Add(time.Until(c.now())), o...)
}

// patience bounds how long credentials are waited for, which may be fetched from a
// server of their own.
type patience struct {
	aws.CredentialsProvider
	timeout time.Duration
}

// Retrieve implements [aws.CredentialsProvider].
func (p patience) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errSlow)
	defer cancel()
	by, err := p.CredentialsProvider.Retrieve(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = fmt.Errorf("%w: %w", errSlow, err)
	}
	return by, err
}
