package vaultcfg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/flexorhq/flexor-go/schema"
)

// productionRetentionDays is the retention of a new production vault, as the
// default of 90 days is too short for one and would be warned about.
const productionRetentionDays = 365

// Init makes dir a vault: it writes a new vault.json with the audit defaults
// spelled out, and returns its path. Below another layer it leaves the audit
// settings to that. In production the retention is 365 days, if not more. The
// directory is created, with its parents and mode 0755, if it is not there; an
// empty dir is the current directory.
//
// The error is [ErrExists] when there is a vault.json, whatever it holds, and it
// is left as it is; it is [Errors] when name, tier or env are not valid, or the
// vault.json of a layer above, and nothing is written. When Init returns without an error the file is on disk.
func Init(dir, name string, tier Tier, env Environment) (path string, err error) {
	dir = filepath.Clean(dir) // also makes "" the current directory
	path = filepath.Join(dir, fileName)
	audit, err := newAudit(dir, tier, env)
	if err != nil {
		return "", err
	}
	data, err := newFile(name, tier, env, audit)
	if err != nil {
		return "", err
	}
	if _, err := Parse(data, path, nil); err != nil {
		return "", placeless(err)
	}
	if err := makeDir(dir); err != nil {
		return "", fmt.Errorf("%s: cannot create the directory: %w", dir, reason(err))
	}
	write := func(f *os.File) error {
		_, err := f.Write(data)
		return err
	}
	switch err := create(path, write); {
	case errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("%s: %w (nothing was changed)", dir, ErrExists)
	case err != nil:
		return "", fmt.Errorf("%s: cannot be created: %w", path, reason(err))
	}
	return path, nil
}

// An auditBlock is the audit section of a new vault.json.
type auditBlock struct {
	Enabled        *bool     `json:"enabled,omitempty"`
	RetentionDays  int       `json:"retention_days,omitempty"`
	IncludeInputs  *bool     `json:"include_inputs,omitempty"`
	IncludeOutputs *bool     `json:"include_outputs,omitempty"`
	PIIRedaction   *bool     `json:"pii_redaction,omitempty"`
	PIIPatterns    *[]string `json:"pii_patterns,omitempty"`
	Destination    string    `json:"destination,omitempty"`
}

// newAudit returns the audit settings of a new vault in dir, and nil when all of
// them are left to the layers above. Spelled out, the defaults would weaken what
// those ask for.
func newAudit(dir string, tier Tier, env Environment) (*auditBlock, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be made absolute: %w", dir, err)
	}
	found := &findings{}
	above, err := layersAbove(abs, tier, found)
	if err != nil {
		return nil, err
	}
	if len(found.list) > 0 {
		return nil, found.errors()
	}
	if len(above) == 0 {
		days := defaultRetentionDays
		if env == Production {
			days = productionRetentionDays
		}
		return &auditBlock{
			Enabled: new(true), RetentionDays: days, IncludeInputs: new(false), IncludeOutputs: new(false),
			PIIRedaction: new(false), PIIPatterns: &[]string{}, Destination: defaultDestination,
		}, nil
	}
	days := defaultRetentionDays
	for _, doc := range slices.Backward(above) {
		days = integer(doc.get("audit").get("retention_days"), days)
	}
	if env == Production && days < productionRetentionDays {
		return &auditBlock{RetentionDays: productionRetentionDays}, nil
	}
	return nil, nil
}

// newFile returns the text of a new vault.json. The order of the fields is the
// order in which a person reads them.
func newFile(name string, tier Tier, env Environment, audit *auditBlock) ([]byte, error) {
	data, err := json.MarshalIndent(struct {
		Schema      string      `json:"$schema"`
		Name        string      `json:"name"`
		Tier        Tier        `json:"tier"`
		Environment Environment `json:"environment"`
		Audit       *auditBlock `json:"audit,omitempty"`
	}{schema.VaultID, name, tier, env, audit}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// placeless removes the lines and columns of errors about a file that was never
// written.
func placeless(err error) error {
	var errs Errors
	if errors.As(err, &errs) {
		for _, e := range errs {
			e.Line, e.Column = 0, 0
		}
	}
	return err
}

// create makes a new file with what write puts into it, and waits until it and
// its name are on disk. On failure nothing is left behind, unless the process
// dies: then the file may be cut short, which [Load] refuses.
func create(path string, write func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	// Closed before it is removed, as Windows removes no open file.
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// makeDir creates dir and the parents it lacks, each on disk before the next.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// syncDir waits until the names in dir are on disk.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // has no such call; NTFS keeps names in its journal
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
