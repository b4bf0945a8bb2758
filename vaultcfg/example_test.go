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
	// vault.json:8:20: audit.destination: not a URL with a scheme (write "vault://audit-log/" for a directory in the vault, or "s3://bucket/prefix/")
	// first: environment on line 4
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
