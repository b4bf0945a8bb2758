package control

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// state is what the governance log comes to: the fold of its events. It is no
// more than a function of the bytes of the log, so that whoever has these comes to
// the same. It is not safe for concurrent use.
type state struct {
	verifier note.Verifier // of the log's own key
	tree     ledger.Tree   // over the records that were taken

	policy      *rbac.Policy
	vault       string         // empty: there is no genesis
	fingerprint string         // of the genesis
	kinds       map[string]int // how many events of each kind count
	decisions   int            // that were derived anew
	tooNew      string         // the kind of an event that must be understood and is not; empty: none
	flags       []Flag         // in the order of the log

	// clock is the newest time that an owner stated, and seen the newest that each
	// subject did. Nobody's events may be older than both: who has lost a right must
	// not use it by stating a time at which they had it. Only owners move the time of
	// others, since a time far ahead ends everybody's keys.
	clock time.Time
	seen  map[rbac.Subject]time.Time

	deployed map[place][]Deployment // the current one first, at most KeptVersions
	paused   map[place]Halt
	killed   map[victim]Halt
	resumed  map[place]uint64              // how many records there were when a pause last ended
	holds    map[uint64]Hold               // by index
	purged   map[string]Purge              // what was purged of each log by now
	denials  map[rbac.Subject][]pastDenial // the newest foldAfter of each actor, in the order of the log

	before  *remembered // nil: nothing is remembered of the log
	differs bool        // the log is not what is remembered of it

	// tell is told of halts, and of pauses that ended, as they are taken.
	tell func(h Halt, ended bool)
}

// place is where an agent is deployed or paused.
type place struct {
	agent string
	env   rbac.Environment
}

func (a place) compare(b place) int {
	if n := strings.Compare(a.agent, b.agent); n != 0 {
		return n
	}
	return strings.Compare(string(a.env), string(b.env))
}

// victim is a run, as it is to be killed. Who may do so depends on where it runs,
// and the log only knows what the order says of that: one that names another
// environment must neither stop the run nor stand in the way of the right one.
type victim struct {
	run string
	env rbac.Environment
}

func newState(v note.Verifier) *state {
	return &state{
		verifier: v,
		policy:   new(rbac.Policy),
		kinds:    map[string]int{},
		seen:     map[rbac.Subject]time.Time{},
		deployed: map[place][]Deployment{},
		paused:   map[place]Halt{},
		killed:   map[victim]Halt{},
		resumed:  map[place]uint64{},
		holds:    map[uint64]Hold{},
		purged:   map[string]Purge{},
		denials:  map[rbac.Subject][]pastDenial{},
		tell:     func(Halt, bool) {},
	}
}

// take takes the next record of the log into account. e is what parseEvent made
// of it, and perr its error.
func (s *state) take(rec ledger.Record, e *event, perr error) {
	why := perr
	if why == nil {
		why = s.apply(rec, e)
	}
	if why != nil {
		s.flags = append(s.flags, Flag{rec.Index, why.Error()})
	} else {
		s.kinds[e.Kind]++
	}
	s.tree.Add(rec.Line)
	if s.before != nil && s.before.size == s.tree.Size() {
		s.differs = s.before.root != s.tree.Root()
	}
}

// settle makes the policy know how much of the log the state comes from.
func (s *state) settle() { s.policy.SetHead(s.head()) }

func (s *state) head() rbac.Head {
	return rbac.Head{Size: s.tree.Size(), Root: s.tree.Root().String()}
}

// apply carries out an event, or says why it has no effect.
func (s *state) apply(rec ledger.Record, e *event) error {
	switch {
	case e.Log != s.verifier.Name():
		return fmt.Errorf("it was signed for the log %s", e.Log)
	case e.Size != rec.Index:
		return fmt.Errorf("it was signed for place %d: it was moved or copied, or records before it were removed or added", e.Size)
	case e.Root != s.tree.Root().String():
		return fmt.Errorf("the records before it are not those that there were when it was signed")
	case e.Kind == kindGenesis:
		return s.begin(rec, e)
	case e.Key == "":
		return s.note(e)
	}
	key, ok := s.policy.Key(e.Key)
	switch {
	case !ok:
		return fmt.Errorf("the key %s is not known here", e.Key)
	case key.Subject != e.By:
		return fmt.Errorf("the key %s is of %s", e.Key, key.Subject)
	case !e.prove(key.Public):
		return fmt.Errorf("the key %s did not sign it", e.Key)
	case e.At.Before(s.earliest(e.By)):
		return fmt.Errorf("it states a time before that of an event that was there already")
	case e.Kind == kindDenied:
		return s.denied(e, e.Key)
	}
	return s.carryOut(rec, e)
}

// earliest returns the time before which nothing that subject does can be.
func (s *state) earliest(subject rbac.Subject) time.Time {
	at := s.clock
	if seen := s.seen[subject]; seen.After(at) {
		at = seen
	}
	return at
}

// pass moves the time on.
func (s *state) pass(e *event, role rbac.Role) {
	s.seen[e.By] = e.At
	if role == rbac.Owner && e.At.After(s.clock) {
		s.clock = e.At
	}
}

// carryOut decides on an order anew, and carries it out.
func (s *state) carryOut(rec ledger.Record, e *event) error {
	o := newOrder(e.Kind)
	if o == nil || e.Kind == kindView {
		return s.unknown(e)
	}
	if err := decode(e.Body, o); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if err := o.check(); err != nil {
		return err
	}
	r := s.request(o, e.Key, e.At, e.Reason)
	d := s.decide(r)
	switch {
	case !d.Allowed:
		return fmt.Errorf("it was not allowed: %s", Reason(d))
	case e.Role != d.Role || e.Grant == nil || *e.Grant != d.Grant.Index:
		return fmt.Errorf("it states another role or grant than what counted, %s by record %d", d.Role, d.Grant.Index)
	}
	if err := s.fits(o, e.Body); err != nil {
		return err
	}
	if d = s.policy.Apply(r, rec.Index); !d.Allowed {
		return fmt.Errorf("it was not allowed: %s", Reason(d))
	}
	s.pass(e, d.Role)
	s.decisions++
	o.carry(s, e, &d)
	return nil
}

// unknown takes an event of a kind that is not known. It is skipped, unless an owner
// said that it must not be.
func (s *state) unknown(e *event) error {
	owner := s.policy.Authorize(rbac.Request{Key: e.Key, Vault: s.vault, At: e.At, Action: rbac.EditRetention})
	if e.Critical && owner.Allowed && s.tooNew == "" {
		s.tooNew = e.Kind
	}
	return fmt.Errorf("events of kind %s are not known to this version", strconv.QuoteToASCII(ident.Text(e.Kind, 128)))
}

// fits reports what in the state is against an order, and whether it says what it
// must say of the state.
func (s *state) fits(o order, body []byte) error {
	if err := o.fit(s); err != nil {
		return err
	}
	again, err := encode(o)
	if err == nil && !bytes.Equal(again, body) {
		err = fmt.Errorf("its body does not agree with what was recorded before")
	}
	return err
}

// request returns the request that an order is.
func (s *state) request(o order, key string, at time.Time, reason string) rbac.Request {
	r := rbac.Request{Key: key, Vault: s.vault, At: at, Reason: reason}
	o.ask(&r)
	return r
}

// decide decides on a request as the log stands.
func (s *state) decide(r rbac.Request) rbac.Decision {
	d := s.policy.Authorize(r)
	if s.tooNew != "" && !stops(r.Action) {
		refuse(&d, LogTooNew)
	}
	return d
}

// stops reports whether an action is always open to whom the roles allow it:
// stopping must work when nothing else does.
func stops(a rbac.Action) bool { return a == rbac.Pause || a == rbac.Kill }

// refuse makes d a denial.
func refuse(d *rbac.Decision, code rbac.Code) { d.Allowed, d.Code = false, code }

// halt pauses an agent or kills a run, unless that was done before.
func (s *state) halt(h Halt) {
	if h.Run != "" {
		v := victim{h.Run, h.Environment}
		if s.killed[v].Recorded {
			return
		}
		s.killed[v] = h
	} else {
		p := place{h.Agent, h.Environment}
		if s.paused[p].Recorded {
			return
		}
		s.paused[p] = h
	}
	s.tell(h, false)
}

// halted reports whether what h would stop is stopped already.
func (s *state) halted(h Halt) (ok bool) {
	if h.Run != "" {
		_, ok = s.killed[victim{h.Run, h.Environment}]
	} else {
		_, ok = s.paused[place{h.Agent, h.Environment}]
	}
	return ok
}

// resume ends a pause.
func (s *state) resume(h Halt) {
	p := place{h.Agent, h.Environment}
	if _, ok := s.paused[p]; !ok {
		return
	}
	delete(s.paused, p)
	s.tell(h, true)
}

// halt completes a halt by who ordered it.
func (e *event) halt(h Halt, d *rbac.Decision) Halt {
	h.At, h.By, h.Key, h.Role, h.Reason, h.Index, h.Recorded = e.At, e.By, e.Key, d.Role, e.Reason, e.Size, true
	return h
}

// id returns an id that only this event has, because it is made from what was
// signed.
func (e *event) id(prefix string) string {
	sum := sha256.Sum256(e.signed)
	return ident.Format(prefix, uuid.UUID(sum[:16]))
}

// fingerprintOf returns the name by which a genesis is known.
func fingerprintOf(line []byte) string {
	sum := sha256.Sum256(line)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// sorted returns the values of m in the order of their places.
func sorted[T any](m map[place]T) []T {
	places := make([]place, 0, len(m))
	for p := range m {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = m[p]
	}
	return out
}
