package main

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// newPatient returns a vault in which a month was recorded, up to 2026-05-01 00:00.
func newPatient(t *testing.T) *patient {
	t.Helper()
	dir := t.TempDir()
	file, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(t, err)
	require.NoError(t, seed(dir, "april"))
	p := &patient{file: file, dir: dir, logDir: filepath.Join(dir, "audit-log"), now: time.Now}
	p.cfg, err = vaultcfg.Load(dir, nil)
	require.NoError(t, err)
	p.log, err = vault.OpenReader(p.logDir)
	require.NoError(t, err)
	return p
}

// TestDoctorReadsTheClock sets the clock to times at which something is wrong.
func TestDoctorReadsTheClock(t *testing.T) {
	p := newPatient(t)
	for name, test := range map[string]struct {
		now    []string // what it says, one after the other
		result result
		detail string
	}{
		"right":                {[]string{"2026-05-01T00:00:10Z", "2026-05-01T00:00:10Z"}, healthy, "2026-05-01 00:00:10 UTC, after the newest record"},
		"a little behind":      {[]string{"2026-04-30T23:59:59Z", "2026-04-30T23:59:59Z"}, healthy, "2026-04-30 23:59:59 UTC, after the newest record"},
		"before what happened": {[]string{"2026-04-30T14:00:00Z", "2026-04-30T14:00:00Z"}, failed, "it is 2026-04-30 14:00:00 UTC, but the newest record is of 2026-05-01 00:00:00.470 UTC"},
		"never set":            {[]string{"1970-01-01T00:00:07Z"}, failed, "it is not 1970-01-01 00:00:07"},
		"going back":           {[]string{"2026-05-02T00:00:00Z", "2026-05-01T23:59:59.5Z"}, failed, "the clock goes back: after 2026-05-02T00:00:00Z comes 2026-05-01T23:59:59.5Z"},
	} {
		t.Run(name, func(t *testing.T) {
			p.now = func() time.Time {
				now := at(test.now[0])
				test.now = test.now[1:]
				return now
			}
			found := p.clock(t.Context())
			require.Len(t, found, 1)
			assert.Equal(t, test.result, found[0].Result)
			assert.Equal(t, test.detail, found[0].Detail)
		})
	}
}

// TestDoctorSeesTimesGoBack records a run before those that are there.
func TestDoctorSeesTimesGoBack(t *testing.T) {
	p := newPatient(t)
	require.NoError(t, seed(p.dir, "late")) // 2026-04-30
	found := p.clock(t.Context())
	require.Len(t, found, 1)
	assert.Equal(t, warned, found[0].Result)
	assert.Equal(t, "among the newest records, times go back by up to 10h0m0s", found[0].Detail)
}

// TestExcludes takes locks that are none, besides one that is.
func TestExcludes(t *testing.T) {
	held := 0
	take := func(most int, release error) func() (func() error, error) {
		held = 0
		return func() (func() error, error) {
			if held == most {
				return nil, nil
			}
			held++
			return func() error {
				if release == nil {
					held--
				}
				return release
			}, nil
		}
	}
	apart, err := excludes(take(1, nil))
	require.NoError(t, err)
	assert.True(t, apart)
	assert.Zero(t, held)

	apart, err = excludes(take(2, nil))
	require.NoError(t, err)
	assert.False(t, apart, "two hold it")
	assert.Zero(t, held)

	apart, err = excludes(take(0, nil))
	require.NoError(t, err)
	assert.False(t, apart, "nobody can take it")

	stuck := errors.New("stuck")
	apart, err = excludes(take(1, stuck))
	require.ErrorIs(t, err, stuck)
	require.ErrorIs(t, err, errNoLocks)
	assert.False(t, apart)

	_, err = excludes(func() (func() error, error) { return nil, stuck })
	require.ErrorIs(t, err, errNoLocks)
}

// TestTrial tries a pattern that takes long, one that needs a key, one that is wrong, and one that nobody waits for.
func TestTrial(t *testing.T) {
	took, err := trial(t.Context(), redact.Pattern{Regexp: "a(?:.*z)?"}, strings.Repeat("a", 4<<10))
	require.NoError(t, err)
	assert.Greater(t, took, slowPattern)

	took, err = trial(t.Context(), redact.Pattern{Regexp: "ACC-[0-9]{8}", Operator: redact.Pseudonym}, probeText())
	require.NoError(t, err)
	assert.Positive(t, took)

	_, err = trial(t.Context(), redact.Pattern{Name: "email", Regexp: "a"}, "")
	require.ErrorIs(t, err, redact.ErrInvalid)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	took, err = trial(ctx, redact.Pattern{Regexp: "a"}, "a")
	require.NoError(t, err)
	assert.Zero(t, took)
}

func TestProbe(t *testing.T) {
	probe := probeText()
	assert.Len(t, probe, probeSize)
	for _, expr := range []string{"ACC-[0-9]{8}", `\+44 20`, "@"} {
		assert.Greater(t, len(regexp.MustCompile(expr).FindAllStringIndex(probe, -1)), 200, "there is something to find for %s", expr)
	}
}

func TestWorse(t *testing.T) {
	for _, test := range []struct{ a, b, want result }{
		{healthy, healthy, healthy}, {healthy, skipped, healthy}, {healthy, warned, warned}, {warned, skipped, warned}, {warned, failed, failed}, {failed, healthy, failed},
	} {
		assert.Equal(t, test.want, worse(test.a, test.b), "%s, %s", test.a, test.b)
	}
}

// TestDoctorJudgesCosts holds times of patterns against what is worth a warning.
func TestDoctorJudgesCosts(t *testing.T) {
	for took, want := range map[time.Duration]result{
		0: healthy, 4800 * time.Microsecond: healthy, slowPattern - 1: healthy, slowPattern: warned, time.Second: warned,
	} {
		found := costs("audit.pii_patterns[0]", took, "vault.json:5:22")
		require.Len(t, found, 1)
		assert.Equal(t, want, found[0].Result, took)
		assert.Equal(t, want == warned, found[0].Remedy != "", took)
		assert.Equal(t, want == warned, strings.Contains(found[0].Detail, "vault.json:5:22"), took)
	}
}
