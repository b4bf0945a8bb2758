package ledger

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// create writes the files that a ledger begins with. The identity comes last
// and by rename: a directory with a log.json is a whole ledger.
func create(fsys durable.FS, dir string, info Info) error {
	if err := durable.Touch(fsys, lockName(dir), lockPerm); err != nil {
		return err
	}
	for _, d := range []string{segmentsDir, writersDir} {
		if err := fsys.Mkdir(filepath.Join(dir, d), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return err
	}
	l, err := lockFor(context.Background(), fsys, dir, durable.Patience)
	if err != nil {
		return err
	}
	_, err = fsys.Stat(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = durable.WriteFile(fsys, filepath.Join(dir, infoFile), info.encode(), 0o644)
	}
	return errors.Join(err, l.Unlock())
}
