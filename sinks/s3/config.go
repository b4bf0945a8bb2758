package s3

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Config is what vault.json does not say. The zero value works.
type Config struct {
	// S3 is what holds where vault.json has no audit.s3, or where there is no vault.json, as
	// when a vault is restored. Zero: as [vaultcfg.S3] says.
	S3 vaultcfg.S3

	// Credentials sign the requests. Zero: those of the AWS environment.
	Credentials aws.CredentialsProvider

	// Transport sends the requests. Zero: one with the proxy and, by AWS_CA_BUNDLE, the
	// certificate authorities of the environment.
	Transport http.RoundTripper

	// Timeout is how long a request may take, beside a second for each 8 KiB of its
	// object. Zero: 30 s.
	Timeout time.Duration

	// MaxBackoff bounds the pauses before a request is repeated. Zero: 10 s.
	MaxBackoff time.Duration

	// Logger hears of a clock that is wrong, and of objects that keep a weaker lock than is
	// asked for now. Zero: nobody.
	Logger *slog.Logger

	// Now tells the time. Zero: time.Now.
	Now func() time.Time
}

// complete returns the settings with the defaults and, if there is a vault.json, with
// what it says.
func (c *Config) complete(vault *vaultcfg.Config) Config {
	var out Config
	if c != nil {
		out = *c
	}
	if vault != nil && vault.Audit.S3 != (vaultcfg.S3{}) {
		out.S3 = vault.Audit.S3
	}
	out.Timeout = cmp.Or(out.Timeout, 30*time.Second)
	out.MaxBackoff = cmp.Or(out.MaxBackoff, 10*time.Second)
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	if out.Now == nil {
		out.Now = time.Now
	}
	return out
}
