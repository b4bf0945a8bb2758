package flexor_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// What stands for something personal and for a secret below. The secret is put
// together here so that nobody takes this file for a leak.
const (
	address = "alice@fund.com"
	secret  = "AKIA" + "J3QX7MPL2ZRT5WVB"
)

// recordPrivate records a run that says more than it should, wherever it can, and
// returns what all files of the vault say.
func recordPrivate(t *testing.T, settings string, o *flexor.Options) (files string, e audit.Entry) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"),
		[]byte(`{"name":"v","tier":"L2","environment":"sandbox","audit":{"include_inputs":true,"include_outputs":true`+settings+`}}`), 0o600))
	v, err := flexor.Open(t.Context(), dir, o)
	require.NoError(t, err)
	said := address + " used " + secret
	err = v.Audit.Do(t.Context(), "mailer", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		run.If("allowed", true, audit.Value("who", said), audit.Value(said, 1), audit.Value("m", map[string]any{said: []string{said}}))
		run.Choose("to", said, []string{"nobody", said + "?"})
		run.Output("body", `{"to":"`+said+`"}`)
		run.Output("session_token", 123456)
		run.Error(errors.New("no route: " + said))
		return run.Task(ctx, "send", func(_ context.Context, task *audit.Task) error {
			task.Input("to", said)
			task.Output("from", []string{said})
			return errors.New("refused: " + said)
		})
	})
	require.Error(t, err)
	for entry, err := range v.Log.Entries(t.Context(), audit.Filter{}) {
		require.NoError(t, err)
		e = entry
	}
	require.NoError(t, v.Close())
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "audit-log"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files += string(b)
		return err
	}))
	return files, e
}

func TestSecretsAreNeverWritten(t *testing.T) {
	files, e := recordPrivate(t, "", nil)
	assert.NotContains(t, files, secret)
	assert.Contains(t, files, address, "personal data is written unless the vault says otherwise")
	assert.Contains(t, files, "[SECRET]")
	require.NotEmpty(t, e.Redactions)
	for _, r := range e.Redactions {
		assert.NotEqual(t, "email", r.Detector)
	}
}

func TestPersonalDataIsNotWrittenIfTheVaultSaysSo(t *testing.T) {
	files, e := recordPrivate(t, `,"pii_redaction":true,"pii_keys":["*_token"],"pii_patterns":["no (r)oute"]`, nil)
	assert.NotContains(t, files, secret)
	assert.NotContains(t, files, address)
	assert.NotContains(t, files, "123456")
	assert.Equal(t, `"{\"to\":\"[EMAIL] used [SECRET]\"}"`, string(e.Outputs.Get("body")))
	assert.Equal(t, `"[REDACTED]"`, string(e.Outputs.Get("session_token")))
	assert.Equal(t, "[CUSTOM]: [EMAIL] used [SECRET]", e.Errors[0].Message)
	assert.Contains(t, e.Redactions, audit.Redaction{Field: "outputs.session_token", Detector: "key", Count: 1})
	assert.Contains(t, e.Redactions, audit.Redaction{Field: "errors.message", Detector: "custom", Count: 1})
}

// nothing is a redactor that removes nothing.
type nothing struct{}

func (nothing) Redact(_ string, src []byte) ([]byte, []audit.Redaction) { return src, nil }

func TestRedactorOfTheCaller(t *testing.T) {
	files, _ := recordPrivate(t, `,"pii_redaction":true`, &flexor.Options{Redactor: nothing{}})
	assert.Contains(t, files, address)
}

func TestRedactionThatCannotBe(t *testing.T) {
	for name, tc := range map[string]struct{ settings, says string }{
		"operator without a key": {`"pii_patterns":[{"regexp":"ACC-[0-9]+","operator":"hmac"}]`, "vault.json:1:74: audit.pii_patterns[0]: invalid settings: the operator hmac needs a key, which the program has to provide: set flexor.Options.Pseudonyms"},
		"rule without a key":     {`"pii_keys":[{"name":"account","operator":"hmac"}]`, "set flexor.Options.Pseudonyms"},
		"name that is taken":     {`"pii_patterns":["ok",{"name":"email","regexp":"ACC-[0-9]+"}]`, "vault.json:1:"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(`{"name":"v","tier":"L2","environment":"sandbox","audit":{`+tc.settings+`}}`), 0o600))
			_, err := flexor.Open(t.Context(), dir, nil)
			require.ErrorIs(t, err, redact.ErrInvalid)
			require.ErrorContains(t, err, filepath.Join(dir, "vault.json"))
			require.ErrorContains(t, err, tc.says)
			assert.NoDirExists(t, filepath.Join(dir, "audit-log"), "nothing was created")
		})
	}
}

// What was touched is found by the URI that the agent had, with the redactor of the vault
// only, whether that is the one of vault.json or of the caller.
func TestRedactorFindsRecords(t *testing.T) {
	const uri = "crm://customers/" + address
	own, err := redact.New(redact.Config{Detectors: []string{"email"}, Operators: map[string]redact.Operator{"email": redact.LastFour}})
	require.NoError(t, err)
	for _, o := range []*flexor.Options{nil, {Redactor: own}} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(`{"name":"v","tier":"L2","environment":"sandbox","audit":{"pii_redaction":true}}`), 0o600))
		v, err := flexor.Open(t.Context(), dir, o)
		require.NoError(t, err)
		defer v.Close()
		require.NoError(t, v.Audit.Do(t.Context(), "mailer", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "crm", uri)
			return nil
		}))
		for _, q := range []lineage.Query{{Record: uri}, {Record: uri, Redactor: v.Redactor}} {
			res, err := lineage.Trace(t.Context(), v.Log, q)
			require.NoError(t, err)
			assert.Equal(t, q.Redactor != nil, res.Found())
		}
	}
}

// The same redactor finds the pseudonym of a value, to search for it.
func TestPseudonymsCanBeSearchedFor(t *testing.T) {
	keys := redact.StaticKey("k3", []byte("a key for tests!"))
	files, _ := recordPrivate(t, `,"pii_patterns":[{"name":"account","regexp":"alice@[a-z.]+","operator":"hmac"}]`, &flexor.Options{Pseudonyms: keys})
	cfg, err := vaultcfg.Parse([]byte(`{"name":"v","tier":"L2","environment":"sandbox","audit":{"pii_patterns":[{"name":"account","regexp":"alice@[a-z.]+","operator":"hmac"}]}}`), "", nil)
	require.NoError(t, err)
	r, err := flexor.NewRedactor(cfg, keys)
	require.NoError(t, err)
	pseudonym, err := r.Pseudonym("account", address)
	require.NoError(t, err)
	assert.Contains(t, files, pseudonym)
	assert.NotContains(t, files, address)
}
