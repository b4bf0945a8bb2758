package control

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/redact"
)

// Secrets never get into the log as somebody's reason, by whatever order, nor into
// what is laid down beside it; personal data does not if that is wanted.
func TestReasonIsRedacted(t *testing.T) {
	h := newHouse(t)
	reason := "ask bob@fund.com with " + h.key.Reveal()
	all, err := redact.New(redact.Config{Detectors: []string{"all"}})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		redactor audit.Redactor
		want     string
	}{
		"secrets":     {nil, "ask bob@fund.com with [SECRET]"},
		"all":         {all, "ask [EMAIL] with [SECRET]"},
		"drops all":   {redactorFunc(func([]byte) []byte { return []byte(`""`) }), removed},
		"breaks JSON": {redactorFunc(func([]byte) []byte { return []byte(`{`) }), removed},
		"panics":      {redactorFunc(func([]byte) []byte { panic("no") }), removed},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, Redactor: test.redactor, fs: h.owner.cfg.fs})
			require.NoError(t, err)
			defer c.Close()
			out, err := c.Pause(bg, strings.ReplaceAll(name, " ", "-"), rbac.Production, reason)
			require.NoError(t, err)
			require.Equal(t, test.want, out.Decision.Request.Reason)
		})
	}
	for _, text := range files(t, h.dir) {
		require.NotContains(t, text, h.key.Reveal())
	}
}

// What is cut off goes after what is removed.
func TestReasonIsCutLast(t *testing.T) {
	h := newHouse(t)
	key := h.key.Reveal()
	got := h.owner.tidy(strings.Repeat("x", maxReason-len(key)/2-1) + " " + key)
	require.NotContains(t, got, key[:20])
	require.LessOrEqual(t, len(got), maxReason)
	require.Empty(t, h.owner.tidy(" \n"))
	require.Equal(t, "a b", h.owner.tidy(" a b\n"))
}

type redactorFunc func(src []byte) []byte

func (f redactorFunc) Redact(_ string, src []byte) ([]byte, []audit.Redaction) { return f(src), nil }
