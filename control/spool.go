package control

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/rbac"
)

// A halt that cannot be recorded, because the log is damaged or the disk does not
// take it, is laid down beside the log, in a file that everybody who has the vault
// open looks for. It is signed like an event, and for a place in the log as well,
// but with another prefix, so that no event can be taken for one.
//
// Such a pause holds until an event ends it that stands behind the place for which
// the pause was signed: an old file that somebody puts back has no effect. A kill is
// of one run, and needs no end.
const (
	spoolName  = "governance-halts"
	spoolExt   = ".json"
	haltPrefix = "flexor governance halt v1\n"
	maxSpooled = 64 << 10
)

// spooled is the content of such a file.
type spooled struct {
	Halt []byte `json:"halt"` // a payload
	Sig  []byte `json:"sig"`
	// Public is the key that signed. Only where nothing tells whose keys there are does
	// it count by itself; see [Control.believe].
	Public ed25519.PublicKey `json:"public"`
}

// spoolFile names the file of a halt: there is one for each thing to stop.
func spoolFile(kind string, body []byte) string {
	sum := sha256.Sum256(body)
	name, _, _ := strings.Cut(kind, "/")
	return name + "-" + hex.EncodeToString(sum[:16]) + spoolExt
}

// spool lays an order to halt down, on disk.
func (c *Control) spool(p payload, o order) error {
	return c.spoolBy(durable.WriteFile, p, o)
}

// spoolAtOnce is spool without waiting for the disk, which may be why the log is
// busy: whoever looks finds the order, while the machine is up.
func (c *Control) spoolAtOnce(p payload, o order) error { return c.spoolBy(durable.PutFile, p, o) }

func (c *Control) spoolBy(write func(fsys durable.FS, name string, data []byte, perm fs.FileMode) error, p payload, o order) error {
	key := c.cfg.Key
	if key.Public() == nil {
		return errors.New("there is no key to sign it with")
	}
	var err error
	p.Kind = o.kind()
	if p.Body, err = encode(o); err != nil {
		return err
	}
	data, err := encode(&p)
	if err != nil {
		return err
	}
	file, err := encode(spooled{data, key.Sign(append([]byte(haltPrefix), data...)), key.Public()})
	if err != nil {
		return err
	}
	dir := filepath.Join(c.dir, spoolName)
	if err := durable.MkdirAll(c.cfg.fs, dir, 0o755); err != nil {
		return err
	}
	return write(c.cfg.fs, filepath.Join(dir, spoolFile(p.Kind, p.Body)), append(file, '\n'), 0o644)
}

// unspool removes what was laid down for an order that was recorded since, or denied.
func (c *Control) unspool(o order) {
	if body, err := encode(o); err == nil {
		_ = c.cfg.fs.Remove(filepath.Join(c.dir, spoolName, spoolFile(o.kind(), body))) // there seldom is one
	}
}

// lookForHalts acts at once on the halts that were laid down.
func (c *Control) lookForHalts() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != nil && !c.closed {
		c.spoolRead = time.Time{}
		c.readSpool()
	}
}

// readSpool acts on the halts that were laid down. It reports false if it must look again
// for those that are there by now: it did so just before, or could not read one. It is
// called by who holds mu.
func (c *Control) readSpool() (all bool) {
	if time.Since(c.spoolRead) < lookEvery/2 {
		return false
	}
	c.spoolRead = time.Now()
	dir := filepath.Join(c.dir, spoolName)
	entries, err := c.cfg.fs.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return true
		}
		c.cfg.Logger.Warn("control: halts that were not recorded cannot be looked for", "dir", dir, "err", err)
		return false
	}
	all = true
	before := c.judged
	c.judged = map[string]judgement{}
	for _, f := range entries {
		if strings.HasSuffix(f.Name(), spoolExt) {
			all = c.judge(filepath.Join(dir, f.Name()), before) && all
		}
	}
	return all
}

// judgement is what a file was found to be, and as the log was then. Before one of these
// changes it would be found to be the same: so whoever fills the directory with files
// does not keep others from what they do.
type judgement struct {
	file    durable.Info
	size    uint64 // of the log
	damaged bool
	told    bool // the logger heard that it has no effect
}

// judge acts on a file, unless that was done before, and reports false if it cannot be
// read.
func (c *Control) judge(name string, before map[string]judgement) bool {
	info, err := c.cfg.fs.Stat(name)
	now := judgement{info, c.state.tree.Size(), c.damage != nil, before[name].told}
	if err == nil && now == before[name] {
		c.judged[name] = now
		return true
	}
	data, err := durable.ReadFile(c.cfg.fs, name, maxSpooled)
	read := err == nil
	if read {
		err = c.takeSpooled(data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !now.told {
		now.told = true
		c.cfg.Logger.Warn("control: a halt that was not recorded has no effect", "file", name, "err", err)
	}
	if !read {
		now = judgement{told: now.told} // to be looked at again
	}
	c.judged[name] = now
	return read
}

// takeSpooled acts on the content of a file.
func (c *Control) takeSpooled(data []byte) error {
	var file spooled
	var p payload
	if err := decode([]byte(strings.TrimSuffix(string(data), "\n")), &file); err != nil {
		return err
	}
	if err := decode(file.Halt, &p); err != nil {
		return err
	}
	o, ok := newOrder(p.Kind).(halting)
	if !ok {
		return fmt.Errorf("%q is no order to halt", p.Kind)
	}
	if err := decode(p.Body, o); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	d, err := c.believe(o, &p, file.Public)
	if err != nil {
		return err
	}
	if len(file.Public) != ed25519.PublicKeySize || !ed25519.Verify(file.Public, append([]byte(haltPrefix), file.Halt...), file.Sig) {
		return errors.New("it is not signed by the key that it names")
	}
	h := o.halt()
	if h.Run == "" && c.hasEnded(h, &p) {
		return nil
	}
	h.At, h.By, h.Key, h.Role, h.Reason = p.At, d.Subject, p.Key, d.Role, p.Reason
	if !c.state.halted(h) {
		c.state.halt(h)
	}
	return nil
}

// hasEnded reports whether a pause that was laid down was ended by a resume. One for a
// place that a whole log does not have cannot say that it came later.
func (c *Control) hasEnded(h Halt, p *payload) bool {
	resumed := c.state.resumed[place{h.Agent, h.Environment}]
	return p.Size < resumed || resumed > 0 && c.damage == nil && p.Size > c.state.tree.Size()
}

// lost reports whether the log was damaged from the first look on, so that keys that
// are not known may well be good.
func (c *Control) lost() bool { return c.damage != nil && !c.whole }

// believe decides whether somebody may halt something, as far as the log can be
// read. Whoever read the log before it was damaged knows who may. Where that cannot
// be known, whoever can write the directory may stop things, and nothing else: that
// nobody could is worse.
func (c *Control) believe(o order, p *payload, public ed25519.PublicKey) (rbac.Decision, error) {
	s := c.state
	key, ok := s.policy.Key(p.Key)
	switch {
	case s.verifier != nil && p.Log != "" && p.Log != s.verifier.Name():
		return rbac.Decision{}, fmt.Errorf("it was signed for the log %s", p.Log)
	case !ok && c.lost():
		return rbac.Decision{}, nil
	case !ok || !key.Public.Equal(public):
		return rbac.Decision{}, fmt.Errorf("the key %s is not known here", p.Key)
	case !key.Revoked.IsZero() && key.Successor == "":
		// The time that the halt states is its giver's word. What was ordered before a key
		// was only replaced still holds.
		return rbac.Decision{}, fmt.Errorf("the key %s was revoked", p.Key)
	}
	d := s.decide(s.request(o, p.Key, p.At, p.Reason))
	if !d.Allowed {
		return d, errors.New(Reason(d))
	}
	return d, nil
}
