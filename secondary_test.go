package flexor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// copiedVault makes a vault whose logs are sent to a place.
func copiedVault(t *testing.T, place string) string {
	t.Helper()
	dir := t.TempDir()
	doc := fmt.Sprintf(`{"name":"test","tier":"L2","environment":"sandbox","audit":{"secondary_destination":%q}}`, place)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(doc), 0o644))
	return dir
}

func fileURL(dir string) string {
	u := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(dir), "/")}
	return u.String()
}

// Both logs of a vault are where Flush says they are, at every destination; what is
// rebuilt from there answers the same.
func TestSecondary(t *testing.T) {
	ctx := context.Background()
	share, other := t.TempDir(), t.TempDir()
	dir := copiedVault(t, fileURL(share))
	ctl, _, err := control.Init(ctx, dir, control.Genesis{Vault: "test", Tier: rbac.L2, Owner: rbac.User("owner@fund.com")}, nil)
	require.NoError(t, err)
	require.NoError(t, ctl.Close())
	o := &flexor.Options{
		Sinks: flexor.Sinks{"mirror": func(_ context.Context, u *url.URL, cfg *vaultcfg.Config) (archive.Store, error) {
			require.Equal(t, "mirror://there/", u.String())
			require.Equal(t, "test", cfg.Name)
			return archive.OpenDir(other)
		}},
		Secondaries: []string{"mirror://there/", "mirror://there"},
		Pace:        archive.Pace{Interval: time.Hour, Poll: time.Millisecond, CloseWait: -1},
	}
	v, err := flexor.Open(ctx, dir, o)
	require.NoError(t, err)
	const record = "plexifact://prod/catalog/equity-prices/2026-04-30"
	for range 5 {
		require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "plexifact", record)
			lineage.Write(run, "warehouse", "warehouse://fund/nav")
			return nil
		}))
	}
	confirmed, err := flexor.Confirmed(v.Config, o)
	require.NoError(t, err)
	require.NoError(t, v.Flush(ctx))
	head, err := v.Log.Head()
	require.NoError(t, err)
	n, err := confirmed(ctx)
	require.NoError(t, err)
	require.Equal(t, head.Size-1, n, "the segment is not finished")
	confirmed, err = flexor.Confirmed(v.Config, &flexor.Options{Secondaries: []string{"mirror://elsewhere/"}})
	require.NoError(t, err)
	n, err = confirmed(ctx)
	require.NoError(t, err)
	require.Zero(t, n, "nothing was sent there")
	require.NoError(t, v.Close())
	copies, err := archive.Status(ctx, dir)
	require.NoError(t, err)
	require.Len(t, copies, 4, "two logs at two places")

	for _, place := range []string{share, other} {
		store, err := archive.OpenDir(place)
		require.NoError(t, err)
		logs, err := archive.Logs(ctx, store, "test")
		require.NoError(t, err)
		require.Equal(t, []string{"audit-log", "governance-log"}, logs)
		restored := t.TempDir()
		for _, log := range logs {
			_, err := archive.Restore(ctx, store, "test/"+log, filepath.Join(restored, log))
			require.NoError(t, err)
		}
		require.Equal(t, answers(t, dir, record), answers(t, restored, record))
		ctl, err := control.Open(ctx, restored, nil)
		require.NoError(t, err)
		require.Equal(t, "test", ctl.Vault())
		require.NoError(t, ctl.Close())
	}
}

// answers is what a vault answers, as text.
func answers(t *testing.T, dir, record string) string {
	t.Helper()
	log, err := vault.OpenReader(filepath.Join(dir, "audit-log"))
	require.NoError(t, err)
	var entries []audit.Entry
	for e, err := range log.Entries(context.Background(), audit.Filter{}) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	require.Len(t, entries, 5)
	trace, err := lineage.Trace(context.Background(), log, lineage.Query{Record: record})
	require.NoError(t, err)
	text, err := json.Marshal([]any{entries, trace})
	require.NoError(t, err)
	return string(text)
}

// What cannot work is an error at the start, and says how to mend it; what may come back
// is not, and arrives then.
func TestSecondaryThatFails(t *testing.T) {
	ctx := context.Background()
	for place, says := range map[string]string{
		"s3://your-compliance-bucket/flexor-audit/": `import "github.com/flexorhq/flexor-go/sinks/s3" and add Sinks: flexor.Sinks{"s3": s3.Open} to its flexor.Options`,
		"gopher://old/":       "nothing is wired for gopher",
		"vault://second/":     "a copy has to be elsewhere",
		"file://host/archive": "does not name a directory of this machine",
	} {
		_, err := flexor.Open(ctx, copiedVault(t, place), nil)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, place)
	}
	for place, says := range map[string]string{
		"nowhere":                         `Options.Secondaries: "nowhere": not a URL with a scheme (`,
		"s3://%zz?token=secret":           `Options.Secondaries: "s3://%zz…": not a valid URL (`,
		"s3://key:secret@bucket/":         `Options.Secondaries: a URL with an @: a user name or password must not be`,
		"s3://key:sec?ret@secret/%zz@x/#": `Options.Secondaries: a URL with an @: `,
	} {
		_, err := flexor.Open(ctx, newVault(t), &flexor.Options{Secondaries: []string{place}})
		require.ErrorIs(t, err, flexor.ErrDestination)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "secret")
	}

	down := errors.New("no route")
	share := t.TempDir()
	up, calls, short := make(chan struct{}), 0, make(chan struct{})
	o := &flexor.Options{
		Sinks: flexor.Sinks{"s3": func(context.Context, *url.URL, *vaultcfg.Config) (archive.Store, error) {
			select {
			case <-up:
				return archive.OpenDir(share)
			default:
			}
			if calls++; calls == 4 { // Open, and two attempts that are over
				close(short)
			}
			return nil, down
		}},
		Pace: archive.Pace{Poll: time.Millisecond, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond},
	}
	v, err := flexor.Open(ctx, copiedVault(t, "s3://bucket/"), o)
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	impatient, cancel := context.WithCancel(ctx)
	go func() { <-short; cancel() }()
	err = v.Flush(impatient)
	require.ErrorIs(t, err, down)
	require.ErrorIs(t, err, context.Canceled)
	close(up)
	require.NoError(t, v.Flush(ctx))
	require.NoError(t, v.Close())
}

// A destination elsewhere, and no other: the vault keeps the log as well, as what is not
// sent yet has to be somewhere, and answers from it.
func TestDestinationElsewhere(t *testing.T) {
	ctx := context.Background()
	share, dir := t.TempDir(), t.TempDir()
	doc := `{"name":"test","tier":"L2","environment":"sandbox","audit":{"destination":"s3://bucket/prefix/"}}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(doc), 0o644))
	_, err := flexor.Open(ctx, dir, nil)
	require.ErrorContains(t, err, "audit.destination is s3://bucket/prefix/, and this program is not wired for s3")
	require.NoDirExists(t, filepath.Join(dir, "audit-log"))
	v, err := flexor.Open(ctx, dir, &flexor.Options{Sinks: flexor.Sinks{
		"s3": func(context.Context, *url.URL, *vaultcfg.Config) (archive.Store, error) {
			return archive.OpenDir(share)
		},
	}})
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Close())
	store, err := archive.OpenDir(share)
	require.NoError(t, err)
	got, err := archive.Restore(ctx, store, "test/audit-log", filepath.Join(t.TempDir(), "audit-log"))
	require.NoError(t, err, "Close has sent it")
	require.Equal(t, uint64(2), got.Records)
	head, err := v.Log.Head()
	require.NoError(t, err)
	require.Equal(t, got.Records, head.Size)
}

// What a program sends to in addition counts for whoever removes records and does not know
// the program, until it is forgotten; what was taken out of vault.json does not.
func TestForget(t *testing.T) {
	ctx := context.Background()
	share, other, lines := fileURL(t.TempDir()), fileURL(t.TempDir()), fileURL(filepath.Join(t.TempDir(), "lines.jsonl"))
	dir := copiedVault(t, share)
	reader := sdkmetric.NewManualReader()
	with := &flexor.Options{
		Secondaries: []string{other, lines}, Pace: archive.Pace{Poll: time.Millisecond},
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	}
	v, err := flexor.Open(ctx, dir, with)
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Flush(ctx))
	require.ErrorIs(t, flexor.Forget(v.Config, nil, other), archive.ErrInUse)
	require.ErrorIs(t, flexor.Forget(v.Config, nil, lines), feed.ErrInUse)
	require.NoError(t, v.Close())

	// A program without it, and with nothing in vault.json, goes on.
	doc := `{"name":"test","tier":"L2","environment":"sandbox"}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(doc), 0o644))
	with.Secondaries = nil
	v, err = flexor.Open(ctx, dir, with)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	for range 3 {
		require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	}
	require.NotEmpty(t, gauges(t, reader, other), "who counts is measured")
	require.Empty(t, gauges(t, reader, share), "who is out of use is not")
	require.Empty(t, gauges(t, reader, lines))
	confirmed, err := flexor.Confirmed(v.Config, nil)
	require.NoError(t, err)
	counts := func() uint64 {
		n, err := confirmed(ctx)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, uint64(1), counts(), "the other has two, and lacks the line that ends the segment")

	// A state that is lost makes it count less, not more.
	states, err := filepath.Glob(filepath.Join(dir, archive.Folder, "*", "audit-log.json"))
	require.NoError(t, err)
	require.Len(t, states, 2)
	for _, path := range states {
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, kept[:len(kept)/2], 0o644))
		require.LessOrEqual(t, counts(), uint64(1))
		require.NoError(t, os.WriteFile(path, kept, 0o644))
	}

	require.ErrorIs(t, flexor.Forget(v.Config, nil, "file:///elsewhere/"), flexor.ErrDestination)
	require.ErrorContains(t, flexor.Forget(v.Config, &flexor.Options{Secondaries: []string{other}}, other), "in use: take it out there first")
	require.Equal(t, uint64(1), counts())
	for _, place := range []string{share, other, lines} {
		require.NoError(t, flexor.Forget(v.Config, nil, place))
		require.ErrorContains(t, flexor.Forget(v.Config, nil, place), "nothing was sent to "+place)
	}
	require.Equal(t, uint64(math.MaxUint64), counts())
	copies, err := archive.Status(ctx, dir)
	require.NoError(t, err)
	require.Empty(t, copies)
	feeds, err := feed.Status(ctx, v.Log, filepath.Join(dir, feed.Folder))
	require.NoError(t, err)
	require.Empty(t, feeds)
}

// A place that lost what it had is asked before anything is removed, when the vault is opened.
func TestRetentionAsksFirst(t *testing.T) {
	ctx := context.Background()
	share := t.TempDir()
	dir := copiedVault(t, fileURL(share))
	now := time.Date(2026, 4, 30, 14, 5, 0, 0, time.UTC)
	o := &flexor.Options{Now: func() time.Time { return now }, Pace: archive.Pace{Poll: time.Millisecond}}
	open := func() *flexor.Vault {
		v, err := flexor.Open(ctx, dir, o)
		require.NoError(t, err)
		return v
	}
	v := open()
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Close())
	now = now.AddDate(0, 0, 1) // which ends the segment, and is confirmed
	v = open()
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Flush(ctx))
	require.NoError(t, v.Close())

	require.NoError(t, os.RemoveAll(filepath.Join(share, "test")))
	now = now.AddDate(1, 0, 0)
	stalled, release := make(chan struct{}), make(chan struct{})
	o.ManualRetention = true
	o.Sinks = flexor.Sinks{"file": func(ctx context.Context, u *url.URL, _ *vaultcfg.Config) (archive.Store, error) {
		store, err := archive.OpenFileURL(ctx, u)
		return slow{store, stalled, release}, err
	}}
	v = open()
	impatient, cancel := context.WithCancel(ctx)
	go func() { <-stalled; cancel() }()
	res, err := v.ApplyRetention(impatient)
	require.ErrorIs(t, err, context.Canceled, "the place did not answer yet")
	require.Zero(t, res.Segments)
	close(release)
	res, err = v.ApplyRetention(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, res.Segments, "which is there again")
	require.NoError(t, v.Close())
	store, err := archive.OpenDir(share)
	require.NoError(t, err)
	got, err := archive.Restore(ctx, store, "test/audit-log", filepath.Join(t.TempDir(), "audit-log"))
	require.NoError(t, err)
	require.Zero(t, got.First)
	require.Equal(t, uint64(4), got.Records)
}

// slow is a store whose first answer takes until release is closed.
type slow struct {
	archive.Store
	stalled, release chan struct{}
}

func (s slow) Get(ctx context.Context, name string) ([]byte, error) {
	select {
	case <-s.release:
	default:
		close(s.stalled)
		<-s.release
	}
	return s.Store.Get(ctx, name)
}
