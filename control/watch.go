package control

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// A watch looks at the governance log whenever something may have been written to
// it: when the file system tells of it and, while runs are in flight, every
// [GateConfig.Poll], since not every file system tells, nor always.
type watch struct {
	g      *Gate
	awake  chan struct{} // a run is in flight
	closes chan struct{}
	done   chan struct{}
}

// startWatch starts the watch of a gate.
func startWatch(g *Gate) *watch {
	w := &watch{g: g, awake: make(chan struct{}, 1), closes: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// wake has the polling go on.
func (w *watch) wake() {
	select {
	case w.awake <- struct{}{}:
	default:
	}
}

// close ends the watch.
func (w *watch) close() {
	close(w.closes)
	<-w.done
}

// recheck is after how many polls the watched directories are listed anew, in case
// the file system did not tell of one.
const recheck = 20

func (w *watch) run() {
	defer close(w.done)
	n := w.notices()
	defer n.close()
	tick := time.NewTicker(w.g.cfg.Poll)
	defer tick.Stop()
	ticks := tick.C // nil: no run is in flight
	c, blind := w.g.c, false
	for polls := 0; ; {
		err := c.refresh(context.Background())
		unread := err != nil && !errors.Is(err, ErrCorrupt) // of that the Control tells
		if unread && !blind {
			c.cfg.Logger.Warn("control: the governance log cannot be read; until it can be, orders of other processes to stop do not arrive", "dir", c.log, "err", err)
		}
		blind = unread
		select {
		case <-w.closes:
			return
		case <-w.awake:
			ticks = tick.C
		case <-ticks:
			if w.g.idle() {
				ticks = nil
			}
			if polls++; polls%recheck == 0 {
				n.follow()
			}
		case e := <-n.events:
			if !e.Has(fsnotify.Write) { // a directory may have come or gone
				n.follow()
			}
			if n.tellsOfHalt(e) {
				c.lookForHalts()
			}
		case <-n.errors: // some events were lost: look
		}
	}
}

// notices are what the file system tells of the log. Its channels are nil if it
// tells nothing.
type notices struct {
	fs         durable.FS
	vault, log string // directories
	halts      string // the directory of halts that were laid down
	watcher    *fsnotify.Watcher
	events     chan fsnotify.Event
	errors     chan error
}

// notices asks the file system to tell.
func (w *watch) notices() *notices {
	c := w.g.c
	n := &notices{fs: c.cfg.fs, vault: c.dir, log: c.log, halts: filepath.Join(c.dir, spoolName)}
	if w.g.cfg.PollOnly {
		return n
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		c.cfg.Logger.Warn("control: no file notification; the governance log is polled", "dir", c.log, "every", w.g.cfg.Poll, "err", err)
		return n
	}
	n.watcher, n.events, n.errors = watcher, watcher.Events, watcher.Errors
	n.follow()
	return n
}

// follow watches the directories in which something may be written next. That one
// of them cannot be watched is made up for by the polling.
func (n *notices) follow() {
	if n.watcher == nil {
		return
	}
	// What is made in a directory before it is watched is not told of, so look again.
	for range 4 {
		wanted := append(ledger.WrittenIn(n.fs, n.log), n.halts)
		if _, err := n.fs.Stat(n.halts); err != nil || len(wanted) == 1 {
			wanted = append(wanted, n.vault) // where what is missing will be made
		}
		watched := n.watcher.WatchList()
		changed := false
		for _, dir := range watched {
			if !slices.Contains(wanted, dir) {
				_ = n.watcher.Remove(dir) // it may be gone
			}
		}
		for _, dir := range wanted {
			if !slices.Contains(watched, dir) {
				changed = n.watcher.Add(dir) == nil || changed
			}
		}
		if !changed {
			return
		}
	}
}

// tellsOfHalt reports whether a halt may have been laid down.
func (n *notices) tellsOfHalt(e fsnotify.Event) bool {
	return e.Name == n.halts || filepath.Dir(e.Name) == n.halts
}

// close ends the notices.
func (n *notices) close() {
	if n.watcher != nil {
		_ = n.watcher.Close() // nothing to lose
	}
}
