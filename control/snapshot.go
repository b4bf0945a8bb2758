package control

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/ledger"
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
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o022 != 0 {
		return nil, fmt.Errorf("others may write it, its mode is %04o", mode)
	}
	// As a string from the start: all names in it are shared with what is read.
	var data strings.Builder
	data.Grow(int(info.Size()))
	if _, err := io.Copy(&data, f); err != nil {
		return nil, err
	}
	return decodeSnapshot(data.String())
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
		err = os.Rename(f.Name(), path)
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

// resumeAt returns the tail of the log behind what s, which is new, knows: nothing,
// or what a snapshot says, if there is one of a large log and the log goes on from
// it.
func (s *state) resumeAt(r *ledger.Reader, snap *snapshot) (*ledger.Tail, error) {
	none := s.tree.Root()
	if snap != nil {
		s.before = &remembered{snap.policy.Head.Size, snap.root}
		tail, ok, err := r.Tail(s.before.size, s.before.root)
		if err != nil {
			return nil, err
		}
		if ok && s.before.size > smallLog && s.restore(snap, tail.Tree()) == nil {
			return tail, nil
		}
		tail.Close()
	}
	tail, _, err := r.Tail(0, none)
	return tail, err
}

// remembered is what the log was when it was last looked at.
type remembered struct {
	size uint64
	root tlog.Hash
}

// expect remembers a head that the log once had, unless more is remembered already.
func (s *state) expect(h rbac.Head) error {
	if h.Size <= s.tree.Size() || s.before != nil && h.Size <= s.before.size {
		return nil
	}
	root, err := tlog.ParseHash(h.Root)
	if err != nil {
		return fmt.Errorf("%w: a root of the governance log: %w", ErrInvalid, err)
	}
	s.before = &remembered{h.Size, root}
	return nil
}

// isKnown says whether the log, which was read to its end, has the genesis that is
// known from elsewhere, if one is, and holds what it held when it was last looked at.
func (s *state) isKnown(fingerprint string) error {
	if fingerprint != "" && s.vault != "" && s.fingerprint != fingerprint {
		return &ledger.CorruptionError{File: "segments", Reason: fmt.Sprintf("the genesis has the fingerprint %s, not %s: the log was replaced", s.fingerprint, fingerprint)}
	}
	if s.before == nil {
		return nil
	}
	e := &ledger.CorruptionError{File: "segments", Index: min(s.tree.Size(), s.before.size)}
	switch {
	case s.differs:
		e.Reason = fmt.Sprintf("the first %d records are not those that stood here before: the log was rewritten", s.before.size)
	case s.tree.Size() < s.before.size:
		e.Reason = fmt.Sprintf("the log ends after %d records, but there were %d before: records were removed", s.tree.Size(), s.before.size)
	default:
		return nil
	}
	return e
}

// encode returns the bytes of a snapshot: the magic, the layout that [codec.snapshot]
// describes, and a CRC-32C over both.
func (o *snapshot) encode() ([]byte, error) {
	rest, err := json.Marshal(&o.rest)
	if err != nil {
		return nil, err
	}
	x := &codec{out: []byte(snapshotMagic)}
	text := string(rest)
	x.snapshot(o, &text)
	return binary.BigEndian.AppendUint32(x.out, crc32c(string(x.out))), nil
}

func decodeSnapshot(data string) (*snapshot, error) {
	n := len(data) - crc32.Size
	if n < len(snapshotMagic) || data[:len(snapshotMagic)] != snapshotMagic {
		return nil, errors.New("it is of another version")
	}
	if binary.BigEndian.Uint32([]byte(data[n:])) != crc32c(data[:n]) {
		return nil, errors.New("it is damaged")
	}
	x := &codec{in: data[:n], at: len(snapshotMagic), reading: true}
	o := &snapshot{}
	var rest string
	x.snapshot(o, &rest)
	if x.bad || x.at != n {
		return nil, errors.New("it is not in the form in which it is written")
	}
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&o.rest); err != nil {
		return nil, err
	}
	return o, nil
}

// crc32c returns the CRC-32C of data, without a copy of all of it.
func crc32c(data string) (sum uint32) {
	var part [4 << 10]byte
	for data != "" {
		n := copy(part[:], data)
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), part[:n])
		data = data[n:]
	}
	return sum
}

// codec reads or writes: the same description of a layout serves both. What is read
// shares its memory with in.
type codec struct {
	reading bool
	in      string
	at      int // how much of in was read
	out     []byte
	bad     bool // what was read is cut off, or too large
}

func (x *codec) snapshot(o *snapshot, rest *string) {
	root := string(o.root[:])
	x.text(rest)
	x.text(&o.publicKey)
	x.text(&root)
	x.text(&o.policy.Vault)
	x.text((*string)(&o.policy.Tier))
	x.num(&o.policy.Head.Size)
	x.text(&o.policy.Head.Root)
	list(x, &o.policy.Grants, x.grant)
	list(x, &o.policy.Keys, x.key)
	x.bad = x.bad || copy(o.root[:], root) != len(o.root)
}

func (x *codec) grant(g *rbac.Grant) {
	role := uint64(g.Role)
	x.num(&g.Index)
	x.subject(&g.Subject)
	x.num(&role)
	x.time(&g.Expires)
	x.subject(&g.By)
	x.num(&g.Under)
	g.Role = rbac.Role(min(role, math.MaxUint8))
}

func (x *codec) key(k *rbac.Key) {
	public := string(k.Public)
	x.text(&k.ID)
	x.num(&k.Index)
	x.subject(&k.Subject)
	x.text(&public)
	x.time(&k.Created)
	x.time(&k.Expires)
	list(x, &k.Vaults, x.text)
	x.time(&k.Revoked)
	x.text(&k.Successor)
	x.subject(&k.By)
	x.num(&k.Under)
	k.Public = []byte(public)
}

func (x *codec) subject(s *rbac.Subject) {
	kind := uint64(s.Kind)
	x.num(&kind)
	x.text(&s.Name)
	s.Kind = rbac.Kind(min(kind, math.MaxUint8))
}

// time has seconds, and nanoseconds plus one; zeros are the zero time.
func (x *codec) time(t *time.Time) {
	var sec, nsec uint64
	if !x.reading && !t.IsZero() {
		sec, nsec = uint64(t.Unix()), uint64(t.Nanosecond())+1
	}
	x.num(&sec)
	x.num(&nsec)
	if x.reading && nsec > 0 {
		*t = time.Unix(int64(sec), int64(nsec-1)).UTC()
	}
}

func (x *codec) text(s *string) {
	n := uint64(len(*s))
	x.num(&n)
	switch {
	case !x.reading:
		x.out = append(x.out, *s...)
	case n > uint64(len(x.in)-x.at):
		x.bad = true
	default:
		*s = x.in[x.at : x.at+int(n)]
		x.at += int(n)
	}
}

func (x *codec) num(v *uint64) {
	if !x.reading {
		x.out = binary.AppendUvarint(x.out, *v)
		return
	}
	*v = 0
	for shift := 0; shift < 64; shift += 7 {
		if x.at == len(x.in) {
			break
		}
		b := x.in[x.at]
		x.at++
		*v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return
		}
	}
	x.bad = true
}

// list reads or writes the items of a list after their number.
func list[T any](x *codec, items *[]T, item func(*T)) {
	n := uint64(len(*items))
	x.num(&n)
	if x.reading {
		if n > uint64(len(x.in)-x.at) || x.bad { // each takes a byte at least
			x.bad = true
			return
		}
		*items = make([]T, n)
	}
	for i := range *items {
		if x.bad {
			return
		}
		item(&(*items)[i])
	}
}
