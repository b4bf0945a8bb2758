package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/schema"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// quickstart runs the program on a vault, and returns what it printed.
func quickstart(t *testing.T, dir string) string {
	t.Helper()
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), []string{"-vault", dir}, &stdout))
	return stdout.String()
}

// openLog opens the log of a vault for reading.
func openLog(t *testing.T, dir string) *vault.Reader {
	t.Helper()
	log, err := vault.OpenReader(filepath.Join(dir, "audit-log"))
	require.NoError(t, err)
	return log
}

// entries returns what the log of a vault holds, in order.
func entries(t *testing.T, dir string) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	for e, err := range openLog(t, dir).Entries(t.Context(), audit.Filter{}) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// edit replaces what a file says in one place or more.
func edit(t *testing.T, path, old, new string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(content), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(content), old, new)), 0o600))
}

func TestQuickstart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	out := quickstart(t, dir)
	runs := entries(t, dir)

	var got []string
	for _, e := range runs {
		got = append(got, strings.Join([]string{e.AgentName, string(e.TriggerType), string(e.Status)}, " "))
		assert.Equal(t, "quickstart", e.Vault)
		assert.Equal(t, "production", e.Environment)
		assert.NotEmpty(t, e.Deployment)
		assert.Equal(t, "1.0.0", e.AgentVersion)
		assert.Contains(t, out, e.RunID)
	}
	require.Equal(t, []string{ // a run inside a run ends before it
		"feed-monitor event success",
		"feed-monitor event success",
		"weekly-nav-report schedule success",
		"recon-summary event success",
		"weekly-nav-report schedule success",
		"recon-summary event failed",
		"weekly-nav-report schedule partial",
		"recon-summary manual success",
		"price-watch manual failed",
	}, got)
	assert.Equal(t, runs[4].RunID, runs[3].ParentRunID)
	assert.Equal(t, runs[6].RunID, runs[5].ParentRunID)

	stale := audittest.Check(t, runs[1])
	stale.Tasks("data-freshness-check", "gap-check", "core.notify.operations")
	stale.Decision("feed is stale", "true", audit.Value("sessions_behind", 3), audit.Value("limit", 1))
	unconfirmed := audittest.Check(t, runs[6])
	unconfirmed.Decision("move exceeds limit", "true",
		audit.Value("nav", 2680627), audit.Value("nav_before", 2799304), audit.Value("move_percent", -4.24))
	unconfirmed.Decision("release as", "indicative", audit.Value("confirmation", "failed"))
	everything := audittest.Check(t, runs[7])
	everything.Decision("result", "breaks", audit.Value("prices", 982), audit.Value("price_breaks", 1))

	report, err := openLog(t, dir).Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 9, report.Entries)
	assert.Empty(t, report.Notes)
	assert.Contains(t, out, report.Head.Root.String())

	assert.Contains(t, out, "! apple-closes: ends on 2012-05-01 (sessions behind: 3)")
	assert.Contains(t, out, "decision  release as? indicative, not final\n")
	assert.Contains(t, out, "denied    alice@fund.com may not deploy to production in quickstart as operator: it takes admin.\n")
	assert.Contains(t, out, "deployed  feed-monitor 1.0.0 to production by carol@fund.com (admin)\n")
	assert.Contains(t, out, "paused    feed-monitor by alice@fund.com (operator): cron's trigger was refused\n")
	assert.Regexp(t, `killed    price-watch by alice@fund\.com \(operator\): stopped [.0-9]+ ms after the order\n`, out)
	assert.LessOrEqual(t, strings.Count(out, "\n"), 70)
	assert.NotContains(t, out, "\x1b", "no colours")
}

func TestQuickstartTwiceInOneVault(t *testing.T) {
	dir := t.TempDir()
	quickstart(t, dir)
	before := entries(t, dir)
	edit(t, filepath.Join(dir, "vault.json"), `"include_inputs": false`, `"include_inputs": true`)
	out := quickstart(t, dir)
	after := entries(t, dir)

	require.Len(t, after, 2*len(before))
	assert.Equal(t, before, after[:len(before)])
	for i, e := range after {
		assert.Equal(t, i >= len(before), strings.Contains(out, e.RunID), "the second run shows what it added")
	}
	assert.Empty(t, before[2].Tasks[0].Inputs)
	assert.Equal(t, `"fund-prices"`, string(after[len(before)+2].Tasks[0].Inputs.Get("prices")))
	report, err := openLog(t, dir).Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, len(after), report.Entries)
}

func TestQuickstartEntriesFollowTheSchema(t *testing.T) {
	dir := t.TempDir()
	quickstart(t, dir)
	s, err := jsonschema.CompileString(schema.EntryID, schema.Entry())
	require.NoError(t, err)
	n := 0
	for r, err := range openLog(t, dir).Records(t.Context(), 0) {
		require.NoError(t, err)
		var line map[string]any
		require.NoError(t, json.Unmarshal(r.Line, &line))
		if line["kind"] != string(audit.KindRun) {
			continue
		}
		n++
		assert.NoError(t, s.Validate(line), "%s", r.Line)
	}
	assert.Equal(t, 9, n)
}

// TestQuickstartAdvice does what the output advises: it makes the failed run a
// success, and finds that this does not go unnoticed.
func TestQuickstartAdvice(t *testing.T) {
	dir := t.TempDir()
	out := quickstart(t, dir)
	advice := regexp.MustCompile(`perl -pi -e 's/(.+?)/(.+?)/' (.+)\n`).FindStringSubmatch(out)
	require.NotNil(t, advice, out)
	edit(t, advice[3], advice[1], advice[2])

	_, err := openLog(t, dir).Verify(t.Context(), nil)
	assert.ErrorIs(t, err, vault.ErrCorrupt)
}

func TestQuickstartInATemporaryVault(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.Getenv("TMPDIR")) // of Windows
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), nil, &stdout))
	line, _, _ := strings.Cut(stdout.String(), "\n")
	dir := strings.TrimSuffix(strings.TrimPrefix(line, "Vault "), " (production)")
	assert.Len(t, entries(t, dir), 9)
}

func TestQuickstartRefuses(t *testing.T) {
	off := t.TempDir()
	path, err := vaultcfg.Init(off, "off", vaultcfg.L4, vaultcfg.Sandbox)
	require.NoError(t, err)
	edit(t, path, `"enabled": true`, `"enabled": false`)
	damaged := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(damaged, "vault.json"), []byte("{"), 0o600))

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-vault"}, "flag needs an argument"},
		{[]string{"-vualt", "x"}, "flag provided but not defined: -vualt"},
		{[]string{"audit"}, `unexpected argument "audit"`},
		{[]string{"-vault", damaged}, "vault.json:1"},
		{[]string{"-vault", off}, "audit.enabled"},
		{[]string{"-vault", path}, path},
	} {
		var stdout strings.Builder
		assert.ErrorContains(t, run(t.Context(), c.args, &stdout), c.want, c.args)
	}
}

func TestQuickstartInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout strings.Builder
	require.ErrorIs(t, run(ctx, []string{"-vault", dir}, &stdout), context.Canceled)
}

func TestQuickstartHelp(t *testing.T) {
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), []string{"-h"}, &stdout))
	assert.Contains(t, stdout.String(), "keep the vault in DIR")
}
