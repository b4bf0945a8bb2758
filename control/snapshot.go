package control

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/osfile"
	"github.com/flexorhq/flexor-go/rbac"
)

// A snapshot is the state that a log came to when this user last looked at it. It
// saves checking thousands of signatures again, and remembers how long the log was:
// one that is shorter now, or begins otherwise, was tampered with.
//
// Whoever can write a snapshot can make those who read it believe anything. So it
// does not stand in the vault, where many can write, but where only this user can,
// like the user's own key.
type snapshot struct {
	publicKey string // of the log
	policy    rbac.State
	root      tlog.Hash // of as many records as the policy's head has
	rest      snapshotRest
}

// snapshotRest is the part that is small.
type snapshotRest struct {
	Fingerprint string                     `json:"fingerprint"`
	Kinds       map[string]int             `json:"kinds"`
	Decisions   int                        `json:"decisions"`
	TooNew      string                     `json:"too_new"`
	Flags       []Flag                     `json:"flags"`
	Clock       time.Time                  `json:"clock"`
	Seen        map[rbac.Subject]time.Time `json:"seen"`
	Deployed    []Deployment               `json:"deployed"`
	Paused      []Halt                     `json:"paused"`
	Killed      []Halt                     `json:"killed"`
	Resumed     []resumed                  `json:"resumed"`
	Holds       map[uint64]Hold            `json:"holds"`
	Purged      map[string]Purge           `json:"purged"`
	Denials     []pastDenial               `json:"denials"`
}

// resumed says when a pause last ended.
type resumed struct {
	Agent       string           `json:"agent"`
	Environment rbac.Environment `json:"environment"`
	Size        uint64           `json:"size"`
}

const (
	snapshotMagic = "flexor governance snapshot v2\n"
	// smallLog is the number of records up to which a log is read from its beginning
	// all the same: it takes milliseconds, and then every byte was looked at.
	smallLog = 256
	// snapshotEvery is by how many records a larger log must have grown for another
	// snapshot to be worth writing.
	snapshotEvery = 64
)

// snapshotFile names the snapshot of the log in dir, which is a path of this
// machine.
func (c *Config) snapshotFile(log string) string {
	if abs, err := filepath.Abs(log); err == nil {
		log = abs
	}
	return filepath.Join(c.Snapshots, fmt.Sprintf("%x.snapshot", sha256.Sum256([]byte(log))))
}

// readSnapshot returns the snapshot of the log, and its name; nil: there is none that is
// of use.
func (c *Control) readSnapshot() (s *snapshot, path string) {
	if c.cfg.Snapshots == "" {
		return nil, ""
	}
	path = c.cfg.snapshotFile(c.log)
	s, err := readSnapshot(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.cfg.Logger.Warn("control: a snapshot is not used", "file", path, "err", err)
	}
	return s, path
}

// loadSnapshot is readSnapshot for a log with that key. It is damage if the snapshot is
// of one with another key: that one was replaced.
func (c *Control) loadSnapshot(publicKey string) (*snapshot, error) {
	s, path := c.readSnapshot()
	if s != nil && s.publicKey != publicKey {
		return nil, &ledger.CorruptionError{File: "log.json",
			Reason: fmt.Sprintf("another log, of the key %s, stood here before: if this one is right, remove %s", s.publicKey, path)}
	}
	return s, nil
}

func readSnapshot(path string) (*snapshot, error) {
	f, err := osfile.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.Perm()&0o022 != 0 || durable.IsOthers(info) {
		return nil, fmt.Errorf("others may write it, its mode is %04o: remove it, and give its directory a mode of 0700", mode.Perm())
	}
	// As a string from the start: all names in it are shared with what is read.
	var data strings.Builder
	data.Grow(int(info.Size()))
	if _, err := io.Copy(&data, f); err != nil {
		return nil, err
	}
	return decodeSnapshot(data.String())
}

// Forget removes what is remembered in snapshots, the directory of [Config.Snapshots], of
// the vault in dir: it was given up, and whoever calls this makes another one in its
// place. That nothing is remembered is no error; nor is it if snapshots is empty.
func Forget(dir, snapshots string) error {
	if snapshots == "" {
		return nil
	}
	c := Config{Snapshots: snapshots}
	if err := os.Remove(c.snapshotFile(filepath.Join(dir, LogName))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("control: forget %s: %w", dir, err)
	}
	return nil
}

// saveSnapshot writes the snapshot anew if that is worth it. It is called by who
// holds mu.
func (c *Control) saveSnapshot() {
	if c.cfg.Snapshots == "" || c.tail == nil || c.damage != nil {
		return
	}
	size := c.state.tree.Size()
	if size == c.saved || size > smallLog && size < c.saved+snapshotEvery {
		return
	}
	path := c.cfg.snapshotFile(c.log)
	snap := c.state.snapshot()
	snap.publicKey = c.reader.Info().PublicKey
	data, err := snap.encode()
	if err == nil {
		err = replaceFile(path, data)
	}
	if err != nil {
		c.cfg.Logger.Warn("control: the snapshot could not be written", "file", path, "err", err)
	}
}

// replaceFile writes a file that only its owner may read. It does not wait for the
// disk: half of a snapshot is told from a whole one.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "snapshot-*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = osfile.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// snapshot returns what a state is made from again. What did not come from the log
// is not in it.
func (s *state) snapshot() *snapshot {
	out := &snapshot{policy: s.policy.State(), root: s.tree.Root(), rest: snapshotRest{
		Fingerprint: s.fingerprint, Kinds: s.kinds, Decisions: s.decisions,
		TooNew: s.tooNew, Flags: s.flags, Clock: s.clock, Seen: s.seen,
		Holds: s.holds, Purged: s.purged,
	}}
	r := &out.rest
	for _, kept := range sorted(s.deployed) {
		r.Deployed = append(r.Deployed, kept...)
	}
	for _, h := range sorted(s.paused) {
		if h.Recorded {
			r.Paused = append(r.Paused, h)
		}
	}
	for _, h := range s.killed {
		if h.Recorded {
			r.Killed = append(r.Killed, h)
		}
	}
	for _, kept := range s.denials {
		r.Denials = append(r.Denials, kept...)
	}
	for p, size := range s.resumed {
		r.Resumed = append(r.Resumed, resumed{p.agent, p.env, size})
	}
	return out
}

// restore makes s, which is new, the state of which o is a snapshot. tree is over
// the records that it comes from.
func (s *state) restore(o *snapshot, tree ledger.Tree) error {
	policy, err := rbac.Restore(o.policy)
	if err != nil {
		return err
	}
	r := &o.rest
	s.policy, s.tree, s.vault, s.fingerprint, s.decisions = policy, tree, o.policy.Vault, r.Fingerprint, r.Decisions
	s.tooNew, s.flags, s.clock = r.TooNew, r.Flags, r.Clock
	s.kinds, s.seen = r.Kinds, r.Seen
	maps.Copy(s.holds, r.Holds)
	maps.Copy(s.purged, r.Purged)
	for _, d := range r.Deployed {
		p := place{d.Agent, d.Environment}
		s.deployed[p] = append(s.deployed[p], d)
	}
	for _, h := range r.Paused {
		s.paused[place{h.Agent, h.Environment}] = h
	}
	for _, h := range r.Killed {
		s.killed[victim{h.Run, h.Environment}] = h
	}
	for _, d := range r.Denials {
		s.remember(d)
	}
	for _, e := range r.Resumed {
		s.resumed[place{e.Agent, e.Environment}] = e.Size
	}
	return nil
}
