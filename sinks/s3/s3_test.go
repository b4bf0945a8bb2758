package s3

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// strict asks for all that can be asked.
var strict = vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance, LegalHold: true, SSE: vaultcfg.SSEKMS, KMSKeyID: "key"}

// A server that does what it is asked is used, and asked for all of it.
func TestPut(t *testing.T) {
	f := newFake(t, "")
	store := f.open(t, strict)
	until := time.Now().Add(time.Hour).UTC()
	for range 2 {
		require.NoError(t, store.Put(t.Context(), "company/a", []byte("evidence"), until))
	}
	require.ErrorIs(t, store.Put(t.Context(), "company/a", []byte("other"), until), archive.ErrConflict)
	o := f.objects["/bucket/audit/company/a"]
	require.Equal(t, "evidence", string(o.data))
	confirmed := slices.ContainsFunc(f.requests, func(r *http.Request) bool {
		return r.Method == http.MethodHead && r.URL.Path == "/bucket/audit/company/a" && r.URL.Query().Get("versionId") == "version 1"
	})
	require.True(t, confirmed, "the version that was written was not looked at")
	for header, want := range map[string]string{
		"x-amz-sdk-checksum-algorithm":                "SHA256",
		"If-None-Match":                               "*",
		"x-amz-object-lock-mode":                      "COMPLIANCE",
		"x-amz-object-lock-legal-hold":                "ON",
		"x-amz-server-side-encryption":                "aws:kms",
		"x-amz-server-side-encryption-aws-kms-key-id": "key",
		"x-amz-object-lock-retain-until-date":         until.Truncate(time.Second).Add(time.Second).Format(time.RFC3339),
	} {
		require.Equal(t, want, o.header.Get(header), header)
	}
	got, err := store.Get(t.Context(), "company/a")
	require.NoError(t, err)
	require.Equal(t, "evidence", string(got))
	_, err = store.Get(t.Context(), "company/b")
	require.ErrorIs(t, err, archive.ErrNotExist)
}

// With TLS the same is sent: the bytes in one piece, with their checksum in front.
func TestTLS(t *testing.T) {
	f, trusting := newTLSFake(t)
	store := f.open(t, strict, func(c *Config) { c.Transport = trusting })
	require.NoError(t, store.Put(t.Context(), "company/a", []byte("evidence"), time.Now().Add(time.Hour)))
	o := f.objects["/bucket/audit/company/a"]
	require.Equal(t, "evidence", string(o.data))
	require.Empty(t, o.header.Get("Content-Encoding"))
	require.Equal(t, "SHA256", o.header.Get("x-amz-sdk-checksum-algorithm"))
}

// An object that was on its way when another encryption was asked for does not stop a vault.
func TestEncryptedLater(t *testing.T) {
	f := newFake(t, "")
	var told bytes.Buffer
	before := f.open(t, vaultcfg.S3{SSE: vaultcfg.SSES3})
	require.NoError(t, before.Put(t.Context(), "a", []byte("evidence"), time.Time{}))
	after := f.open(t, vaultcfg.S3{SSE: vaultcfg.SSEKMS, KMSKeyID: "key"}, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&told, nil)) })
	require.NoError(t, after.Put(t.Context(), "a", []byte("evidence"), time.Time{}))
	require.Contains(t, told.String(), "keeps that which it has")
	f.flaw = "another key"
	require.ErrorContains(t, after.Put(t.Context(), "c", []byte("evidence"), time.Time{}), `the key "arn:aws:kms:eu-central-1:111122223333:key/another", not with "key"`)
	another := f.open(t, vaultcfg.S3{SSE: vaultcfg.SSEKMS, KMSKeyID: "alias/audit"})
	require.NoError(t, another.Put(t.Context(), "b", []byte("evidence"), time.Time{}), "nobody can tell what an alias stands for")
}

// What need not be kept any more is not locked, nor what nobody asked to be.
func TestNoLock(t *testing.T) {
	f := newFake(t, "")
	for name, retain := range map[string]time.Time{"never": {}, "over": time.Now().Add(-time.Hour)} {
		require.NoError(t, f.open(t, vaultcfg.S3{ObjectLock: vaultcfg.LockCompliance}).Put(t.Context(), name, nil, retain))
		require.Empty(t, f.objects["/bucket/audit/"+name].header.Get("x-amz-object-lock-mode"))
	}
	require.NoError(t, f.open(t, vaultcfg.S3{}).Put(t.Context(), "plain", nil, time.Now().Add(time.Hour)))
	require.Empty(t, f.objects["/bucket/audit/plain"].header.Get("x-amz-object-lock-mode"))
}

// Each flaw of a server is found, and said with what helps.
func TestFlawsAreFound(t *testing.T) {
	for flaw, test := range map[string]struct {
		is   error
		want string
	}{
		"replaces":                {archive.ErrPermanent, "4 of 4 who created"},
		"takes anything":          {archive.ErrPermanent, "does not check what it is sent"},
		"knows no lock":           {archive.ErrPermanent, "Object Lock is not enabled"},
		"ignores the lock":        {archive.ErrPermanent, "without the lock COMPLIANCE"},
		"weaker lock":             {archive.ErrPermanent, "without the lock COMPLIANCE"},
		"shorter lock":            {archive.ErrPermanent, "without the lock COMPLIANCE until"},
		"ignores the hold":        {archive.ErrPermanent, "without the legal hold"},
		"does not encrypt":        {archive.ErrPermanent, "not encrypted with aws:kms"},
		"may not use the key":     {archive.ErrPermanent, "kms:GenerateDataKey, kms:Decrypt"},
		"keys are busy":           {nil, "ThrottlingException"},
		"leads elsewhere for now": {nil, "TemporaryRedirect"},
		"moved":                   {archive.ErrPermanent, `the bucket is in "eu-central-1", not in the region us-east-1`},
		"another time":            {archive.ErrPermanent, "ahead of that of the server"},
		"too large":               {archive.ErrPermanent, "the server refuses that (413"},
		"damages":                 {archive.ErrConflict, "/company/a"},
		"stores nothing":          {nil, "StatusCode: 404"},
		"conflict":                {nil, "ConditionalRequestConflict"},
		"cut off":                 {nil, "IncompleteBody"},
		"keeps no checksum":       {},
		"stored, but refuses":     {},
	} {
		t.Run(flaw, func(t *testing.T) {
			store, until := newFake(t, flaw).open(t, strict), time.Now().Add(time.Hour)
			for range 2 { // the second time it is there, perhaps
				err := store.Put(t.Context(), "company/a", []byte("evidence"), until)
				if test.want == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.want)
				for _, is := range []error{archive.ErrPermanent, archive.ErrConflict} {
					require.Equal(t, is == test.is, errors.Is(err, is), "%v", err)
				}
			}
		})
	}
}

// What fails in passing is repeated, up to a point.
func TestPassing(t *testing.T) {
	until := time.Now().Add(time.Hour)
	for _, flaw := range []string{"busy", "loses answers"} {
		f := newFake(t, flaw)
		store := f.open(t, strict)
		require.NoError(t, store.Put(t.Context(), "first", nil, until)) // tries the bucket
		f.start(3)
		require.NoError(t, store.Put(t.Context(), "a", []byte("evidence"), until), flaw)
		require.Equal(t, "evidence", string(f.objects["/bucket/audit/a"].data))
	}

	f := newFake(t, "busy")
	store := f.open(t, strict)
	f.start(1 << 30)
	err := store.Put(t.Context(), "a", []byte("evidence"), until)
	require.ErrorContains(t, err, "SlowDown")
	require.NotErrorIs(t, err, archive.ErrPermanent)
	f.start(0)
	require.NoError(t, store.Put(t.Context(), "a", []byte("evidence"), until))
}

// What arrives is what was stored, or an error.
func TestGet(t *testing.T) {
	for flaw, want := range map[string]string{
		"cuts what it sends":   "unexpected EOF",
		"alters what it sends": "checksum did not match",
		"endless":              "more than 67108864 bytes",
	} {
		f := newFake(t, flaw)
		store := f.open(t, vaultcfg.S3{})
		require.NoError(t, store.Put(t.Context(), "a", []byte("evidence"), time.Time{}))
		f.start(attempts)
		_, err := store.Get(t.Context(), "a")
		require.ErrorContains(t, err, want, flaw)
		require.NotErrorIs(t, err, archive.ErrNotExist)
		if flaw == "cuts what it sends" {
			f.start(attempts - 1)
			got, err := store.Get(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, "evidence", string(got))
		}
	}
}

// A listing is in order and complete, or an error.
func TestList(t *testing.T) {
	for flaw, want := range map[string]string{
		"":                       "",
		"lists in another order": "does not keep the order of names",
		"lists other prefixes":   "does not keep the order of names",
		"lists nothing for ever": "gave nothing",
	} {
		f := newFake(t, flaw)
		store := f.open(t, vaultcfg.S3{})
		for _, name := range []string{"x/b", "x/a", "y"} {
			require.NoError(t, store.Put(t.Context(), name, nil, time.Time{}))
		}
		var got []string
		var failed error
		for o, err := range store.List(t.Context(), "x/", "") {
			if err != nil {
				require.Zero(t, o)
				failed = err
				continue
			}
			got = append(got, o.Name)
		}
		if want == "" {
			require.NoError(t, failed)
			require.Equal(t, []string{"x/a", "x/b"}, got)
			continue
		}
		require.ErrorIs(t, failed, archive.ErrPermanent, flaw)
		require.ErrorContains(t, failed, want)
	}
	store := newFake(t, "").open(t, vaultcfg.S3{})
	require.NoError(t, store.Put(t.Context(), "a", nil, time.Time{}))
	for o, err := range store.List(t.Context(), "", "") { // the probes are not listed
		require.NoError(t, err)
		require.Equal(t, "a", o.Name)
	}
}

// What could not be read again is not put.
func TestTooLarge(t *testing.T) {
	err := newFake(t, "").open(t, vaultcfg.S3{}).Put(t.Context(), "a", make([]byte, maxObject+1), time.Time{})
	require.ErrorIs(t, err, archive.ErrPermanent)
	require.ErrorContains(t, err, "67108865 bytes are more than")
}

// A name cannot lead out of the prefix, nor to a probe.
func TestNames(t *testing.T) {
	store := newFake(t, "").open(t, vaultcfg.S3{})
	for _, name := range []string{"", "/a", "a/", "a//b", "../a", ".flexor-probe/once", "a b", "ä", "a\n"} {
		require.ErrorIs(t, store.Put(t.Context(), name, nil, time.Time{}), archive.ErrPermanent, "%q", name)
		_, err := store.Get(t.Context(), name)
		require.ErrorIs(t, err, archive.ErrPermanent, "%q", name)
	}
}

// The bucket is tried once by a store, however many put at the same time.
func TestTriedOnce(t *testing.T) {
	f := newFake(t, "")
	store := f.open(t, vaultcfg.S3{})
	errs := make(chan error)
	for range 8 {
		go func() { errs <- store.Put(t.Context(), "a", []byte("evidence"), time.Time{}) }()
	}
	for range 8 {
		require.NoError(t, <-errs)
	}
	tries := 0
	for _, r := range f.requests {
		if r.URL.Path == "/bucket/audit/"+probes+"once" {
			tries++
		}
	}
	require.Equal(t, racers, tries)
}

// A clock that is wrong is said, also if the server takes the requests.
func TestClock(t *testing.T) {
	for off, want := range map[time.Duration]string{0: "", 6 * time.Minute: "ahead of", -6 * time.Minute: "behind"} {
		var said bytes.Buffer
		store := newFake(t, "").open(t, vaultcfg.S3{}, func(c *Config) {
			c.Now = func() time.Time { return time.Now().Add(off) }
			c.Logger = slog.New(slog.NewTextHandler(&said, nil))
		})
		for range 2 {
			require.NoError(t, store.Put(t.Context(), "a", nil, time.Time{}))
		}
		if want == "" {
			require.Empty(t, said.String())
			continue
		}
		require.Contains(t, said.String(), want)
		require.Equal(t, 1, bytes.Count(said.Bytes(), []byte("\n")))
	}
}

// A server that never answers is given up, and so are credentials that never come.
func TestDeadlines(t *testing.T) {
	never := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	f := newFake(t, "")
	tripper := roundTripper(func(r *http.Request) (*http.Response, error) { return nil, never(r.Context()) })
	store := f.open(t, vaultcfg.S3{}, func(c *Config) { c.Timeout, c.Transport = 50*time.Millisecond, tripper })
	err := store.Put(t.Context(), "a", nil, time.Time{})
	require.ErrorIs(t, err, errSlow)
	require.NotErrorIs(t, err, archive.ErrPermanent)

	store = f.open(t, vaultcfg.S3{}, func(c *Config) {
		c.Timeout = time.Millisecond
		// The client waits for it in a goroutine that no context ends.
		c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, never(t.Context()) })
	})
	_, err = store.Get(t.Context(), "a")
	require.ErrorIs(t, err, errSlow)
	require.NotErrorIs(t, err, archive.ErrPermanent)
}

// Without credentials it is said where they may come from.
func TestNoCredentials(t *testing.T) {
	store := newFake(t, "").open(t, vaultcfg.S3{}, func(c *Config) {
		c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("nobody knows") })
	})
	_, err := store.Get(t.Context(), "a")
	for _, err := range []error{err, store.Put(t.Context(), "a", nil, time.Time{})} {
		require.ErrorIs(t, err, archive.ErrPermanent)
		require.ErrorContains(t, err, "no credentials: set AWS_ACCESS_KEY_ID")
		require.ErrorContains(t, err, "nobody knows")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A slow body has time in proportion to its size.
func TestLimit(t *testing.T) {
	w := &wire{timeout: 30 * time.Second}
	require.Equal(t, 30*time.Second, w.limit(-1))
	require.Equal(t, 30*time.Second+1024*time.Second, w.limit(8<<20))
}

func TestOpen(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	europe := &vaultcfg.Config{Audit: vaultcfg.Audit{S3: vaultcfg.S3{Region: "eu-central-1"}}}
	for text, want := range map[string]string{
		"s3://bucket":                "bucket ",
		"s3://bucket/":               "bucket ",
		"s3://bucket/flexor-audit":   "bucket flexor-audit/",
		"s3://bucket/flexor-audit//": "bucket flexor-audit/",
		"s3://bucket/a/b/":           "bucket a/b/",
		"s3://bucket/a//b":           "", "s3://bucket/a/../b": "", "s3:///a": "", "s3://bucket?a=b": "", "s3://bucket:80/": "", "file://bucket/": "", "s3://id:secret@bucket": "",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		opened, err := Open(t.Context(), u, europe)
		if want == "" {
			require.ErrorIs(t, err, archive.ErrPermanent, text)
			require.NotContains(t, err.Error(), "secret")
			continue
		}
		require.NoError(t, err)
		s := opened.(*store)
		require.Equal(t, want, s.bucket+" "+s.prefix)
		require.False(t, s.client.Options().UsePathStyle)
		require.Equal(t, "eu-central-1", s.client.Options().Region)
	}

	// What vault.json leaves open, the program may say.
	u := &url.URL{Scheme: "s3", Host: "bucket"}
	for want, vault := range map[string]*vaultcfg.Config{"eu-central-1": europe, "us-west-2": {}} {
		opened, err := (&Config{S3: vaultcfg.S3{Region: "us-west-2"}}).Open(t.Context(), u, vault)
		require.NoError(t, err)
		require.Equal(t, want, opened.(*store).client.Options().Region)
	}
	_, err := Open(t.Context(), u, nil)
	require.ErrorIs(t, err, archive.ErrPermanent)
	require.ErrorContains(t, err, "write audit.s3.region in vault.json, or set AWS_REGION")

	// Without a vault.json, as when it is restored, the environment says it.
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	opened, err := Open(t.Context(), u, nil)
	require.NoError(t, err)
	o := opened.(*store).client.Options()
	require.True(t, o.UsePathStyle)
	require.Equal(t, "us-east-1", o.Region)
	require.Equal(t, "http://127.0.0.1:1", *o.BaseEndpoint)

	europe.Audit.S3.PathStyle = new(bool)
	opened, err = Open(t.Context(), u, europe)
	require.NoError(t, err)
	require.False(t, opened.(*store).client.Options().UsePathStyle)
}
