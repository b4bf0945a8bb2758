package ledger

import (
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// WrittenIn returns the directories in which the next commit to the log in dir
// will change something: a watch of all of them misses none. It is empty if dir is
// not there. A commit that makes another such directory makes it in one of these.
func WrittenIn(fsys durable.FS, dir string) []string {
	if _, err := fsys.Stat(dir); err != nil {
		return nil
	}
	segments := filepath.Join(dir, segmentsDir)
	days, err := fsys.ReadDir(segments)
	switch {
	case err != nil:
		return []string{dir}
	case len(days) == 0:
		return []string{dir, segments}
	}
	return []string{dir, segments, filepath.Join(segments, days[len(days)-1].Name())}
}
