package control

import (
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// A glance is how those directories were in which something comes, goes or is replaced
// when the log is appended to in another file, or exchanged, or when a halt is laid
// down. While they are like that, and nothing stands behind what was read, a close look
// at the log would find what it found before: so it is spared, with all the memory that
// it takes. The zero value is of nothing, and never the same.
type glance struct {
	dirs []dirName
	seen []dirStamp
}

// settled is for how long a directory must have been as it is for each further change to
// show in its times: no file system counts them in longer steps.
const settled = 3 * time.Second

// glanceAt returns how the directories are before a close look begins; zero: that will
// not do, because they changed just now, or because the system cannot tell.
func (c *Control) glanceAt(now time.Time) (g glance) {
	if c.cfg.fs != (durable.Disk{}) {
		return glance{}
	}
	for _, dir := range append(ledger.WrittenIn(c.cfg.fs, c.log), filepath.Join(c.dir, spoolName)) {
		name := newDirName(dir)
		seen, ok := name.stamp()
		if !ok || seen.changed.After(now.Add(-settled)) {
			return glance{}
		}
		g.dirs, g.seen = append(g.dirs, name), append(g.seen, seen)
	}
	return g
}

// same reports whether the directories are as they were.
func (g *glance) same() bool {
	for i, dir := range g.dirs {
		if now, ok := dir.stamp(); !ok || now != g.seen[i] {
			return false
		}
	}
	return len(g.dirs) > 0
}

// glanced reports whether a close look would find nothing. It is called by who holds mu.
func (c *Control) glanced() bool {
	if c.damage != nil || c.closed || c.tail == nil || !c.glance.same() || !c.tail.Quiet() {
		return false
	}
	c.looked = time.Now()
	return true
}
