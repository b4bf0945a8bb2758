package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

func TestLineageSend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fund")
	_, err := vaultcfg.Init(dir, "fund", vaultcfg.L4, vaultcfg.Sandbox)
	require.NoError(t, err)
	require.NoError(t, seed(dir, "lineage"))
	env := map[string]string{lineageKey: "key-1"}
	flexor := func(args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = run(t.Context(), append(args, "--vault", dir), strings.NewReader(""), &out, &errs, func(name string) (string, bool) {
			v, ok := env[name]
			return v, ok
		})
		return code, out.String(), errs.String()
	}
	var took []string
	refuseFrom, busy := -1, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer key-1", r.Header.Get("Authorization"))
		if refuseFrom >= 0 && len(took) >= refuseFrom {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if busy > 0 {
			busy--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		took = append(took, string(body)+"\n")
	}))
	defer srv.Close()

	_, events, _ := flexor("lineage", "export")
	all := strings.SplitAfter(strings.TrimSuffix(events, "\n"), "\n")
	all[len(all)-1] += "\n"
	code, stdout, stderr := flexor("lineage", "export", "--send", srv.URL)
	assert.Zero(t, code, stderr)
	assert.Empty(t, stdout, "what was sent is not written")
	assert.Equal(t, all, took, "what is sent is what would be written")
	assert.Contains(t, stderr, "sent the events of "+count(len(all)/2, "run")+"\n")

	// That a server is tried again, which may take minutes, is told, and once.
	took, busy = nil, 2
	code, _, stderr = flexor("lineage", "export", "--send", srv.URL)
	assert.Zero(t, code, stderr)
	assert.Equal(t, all, took)
	assert.Equal(t, 1, strings.Count(stderr, "note: the server does not take an event now; it is tried again for five minutes: it answered 503"), stderr)

	// With a cursor it goes on where it was refused, with the run that was not whole.
	cursor := filepath.Join(t.TempDir(), "cursor")
	took, refuseFrom = nil, 5
	code, _, stderr = flexor("lineage", "export", "--send", srv.URL, "--cursor", cursor)
	assert.Equal(t, exitPartly, code)
	assert.Contains(t, stderr, "403 Forbidden: give the API key")
	assert.Contains(t, stderr, "sent the events of 2 runs\n")
	refuseFrom = 0
	code, _, _ = flexor("lineage", "export", "--send", srv.URL, "--cursor", cursor)
	assert.Equal(t, exitFailed, code, "none was sent")
	refuseFrom = -1
	code, _, stderr = flexor("lineage", "export", "--send", srv.URL, "--cursor", cursor)
	assert.Zero(t, code, stderr)
	assert.Equal(t, append(append([]string{}, all[:5]...), all[4:]...), took)
	took = nil
	code, _, stderr = flexor("lineage", "export", "--send", srv.URL, "--cursor", cursor)
	assert.Zero(t, code, stderr)
	assert.Empty(t, took, "all of it is there")
	assert.Contains(t, stderr, "sent the events of 0 runs\n")

	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--cursor", cursor}, exitUsage, "--send, which is missing"},
		{[]string{"--send", srv.URL, "--cursor", cursor, "--from", "7d"}, exitUsage, "leave --from and --to out"},
		{[]string{"--send", "marquez"}, exitUsage, "no URL"},
	} {
		code, _, stderr = flexor(append([]string{"lineage", "export"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v", tc.args)
		assert.Contains(t, stderr, tc.says)
	}
	require.NoError(t, os.WriteFile(cursor, []byte(`{"log":"flexor/other/audit-log","next":3}`), 0o600))
	code, _, stderr = flexor("lineage", "export", "--send", srv.URL, "--cursor", cursor)
	assert.Equal(t, exitIntegrity, code)
	assert.Contains(t, stderr, "fix: if the vault was put back")
	assert.Empty(t, took)

	// Stopped by a signal.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, exitInterrupted, run(ctx, []string{"lineage", "export", "--send", srv.URL, "--vault", dir}, strings.NewReader(""), io.Discard, io.Discard, os.LookupEnv))
}
