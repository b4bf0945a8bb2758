package flexor

import (
	"fmt"

	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// NewRedactor returns the redactor that a vault.json asks for, which is the one that
// [Open] uses: it removes secrets always, personal data if audit.pii_redaction is
// on, and what audit.pii_patterns and audit.pii_keys name. keys provides the key of
// pseudonyms; it may be nil if no operator is "hmac".
//
// Use it where the same must be removed as from the audit log, such as from other logs
// of the same program, or to search for what was replaced: see
// [redact.Redactor.Pseudonym]. An error names the file and the pattern or rule.
func NewRedactor(cfg *vaultcfg.Config, keys redact.KeyProvider) (*redact.Redactor, error) {
	for i, p := range cfg.Audit.PIIPatterns {
		if err := checkRule(p, p.Operator, keys); err != nil {
			return nil, settingError(cfg, fmt.Sprintf("audit.pii_patterns[%d]", i), err)
		}
	}
	for i, k := range cfg.Audit.PIIKeys {
		if err := checkRule(k, k.Operator, keys); err != nil {
			return nil, settingError(cfg, fmt.Sprintf("audit.pii_keys[%d]", i), err)
		}
	}
	detectors := []string{"secrets"}
	if cfg.Audit.PIIRedaction {
		detectors = []string{"all"}
	}
	r, err := redact.New(redact.Config{
		Detectors:  detectors,
		Patterns:   cfg.Audit.PIIPatterns,
		Keys:       cfg.Audit.PIIKeys,
		Pseudonyms: keys,
	})
	if err != nil {
		return nil, fmt.Errorf("flexor: %s: %w", cfg.Path, err)
	}
	return r, nil
}

// checkRule returns why a pattern or a rule by name cannot be followed.
func checkRule(rule interface{ Check() error }, op redact.Operator, keys redact.KeyProvider) error {
	if err := rule.Check(); err != nil {
		return err
	}
	if op == redact.Pseudonym && keys == nil {
		return fmt.Errorf("%w: the operator %s needs a key, which the program has to provide: set flexor.Options.Pseudonyms, for example to redact.StaticKey(id, key)", redact.ErrInvalid, op)
	}
	return nil
}

// settingError says where in which vault.json a setting is wrong.
func settingError(cfg *vaultcfg.Config, setting string, err error) error {
	at := cfg.Path
	if origin, ok := cfg.Origins[setting]; ok {
		at = origin.String()
	}
	return fmt.Errorf("flexor: %s: %s: %w", at, setting, err)
}
