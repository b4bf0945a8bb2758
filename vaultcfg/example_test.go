package vaultcfg_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

// A new vault, and where its audit log goes.
func Example() {
	dir, err := os.MkdirTemp("", "company")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	path, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Production)
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg, err := vaultcfg.Load(path, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := cfg.Resolve(cfg.Audit.Destination)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Name, cfg.Tier, cfg.Environment)
	fmt.Println("kept for", cfg.Audit.RetentionDays, "days in", filepath.Base(log))
	// Output:
	// company L2 production
	// kept for 365 days in audit-log
}

// Everything that is wrong with a file is reported at once.
func ExampleParse_errors() {
	_, err := vaultcfg.Parse([]byte(`{
  "name": "company",
  "tier": "L2",
  "environment": "prod",
  "audit": {
    "enabled": true,
    "retention_dayz": 365,
    "destination": "../audit-log"
  }
}`), "vault.json", nil)
	fmt.Println(err)

	var errs vaultcfg.Errors
	if errors.As(err, &errs) {
		fmt.Println("first:", errs[0].Pointer, "on line", errs[0].Line)
	}
	// Output:
	// vault.json:4:18: environment: unknown value "prod" (did you mean "production"?)
	// vault.json:7:5: audit.retention_dayz: unknown key (did you mean "retention_days"?)
	// vault.json:8:20: audit.destination: not a URL with a scheme (write "vault://audit-log/" for a directory in the vault, and "file:///mnt/archive/" or "s3://bucket/prefix/" for a place elsewhere)
	// first: environment on line 4
}

// A project below a company has the company's audit settings, and its own on top.
func ExampleLoad_layers() {
	company, err := os.MkdirTemp("", "company")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(company)
	project := filepath.Join(company, "nav-recon")
	for dir, text := range map[string]string{
		company: `{"name": "company", "tier": "L2", "environment": "production", "audit": {"retention_days": 365, "pii_redaction": true}}`,
		project: `{"name": "nav-recon", "tier": "L4", "environment": "production", "audit": {"retention_days": 3650}}`,
	} {
		err = errors.Join(err, os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "vault.json"), []byte(text), 0o644))
	}
	cfg, errLoad := vaultcfg.Load(project, nil)
	if err = errors.Join(err, errLoad); err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range cfg.Layers {
		fmt.Println(l.Tier, l.Name)
	}
	from := func(key string) string { return filepath.Base(filepath.Dir(cfg.Origins[key].Path)) }
	fmt.Println(cfg.Audit.RetentionDays, "days, from", from("audit.retention_days"))
	fmt.Println("redaction", cfg.Audit.PIIRedaction, "from the company:", from("audit.pii_redaction") == filepath.Base(company))
	// Output:
	// L4 nav-recon
	// L2 company
	// 3650 days, from nav-recon
	// redaction true from the company: true
}

// A secret stays out of the file: env:NAME stands for it.
func ExampleOptions() {
	secrets := map[string]string{"SLACK_WEBHOOK": "https://hooks.example/T0"}
	cfg, err := vaultcfg.Parse([]byte(`{
  "name": "company", "tier": "L2", "environment": "sandbox",
  "notifications": {"slack_webhook": "env:SLACK_WEBHOOK"}
}`), "vault.json", &vaultcfg.Options{
		Getenv: func(name string) (string, bool) {
			value, ok := secrets[name]
			return value, ok
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Notifications.SlackWebhook)
	// Output:
	// https://hooks.example/T0
}
