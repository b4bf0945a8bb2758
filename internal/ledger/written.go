package ledger

import (
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// WrittenIn returns the directories in which the next commit to the log in dir
// will change something: a watch of all of them misses none. It is empty if there
// is no log. A commit that begins a new day makes another such directory, in one
// of these.
func WrittenIn(fsys durable.FS, dir string) []string {
	root := filepath.Join(dir, segmentsDir)
	days, err := fsys.ReadDir(root)
	if err != nil {
		return nil
	}
	out := []string{dir, root}
	if len(days) > 0 {
		out = append(out, filepath.Join(root, days[len(days)-1].Name()))
	}
	return out
}
