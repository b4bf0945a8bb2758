package control

import (
	"errors"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// Errors that callers branch on.
var (
	// ErrDenied is wrapped by every [*DeniedError].
	ErrDenied = errors.New("control: denied")
	// ErrNotRecorded is wrapped when an order could not be recorded. It then was
	// not carried out either, except for a pause or a kill: those act first. Where a
	// write failed in a way that leaves open what reached the disk, the error says so,
	// and the log, once it can be read again, says what came of it.
	ErrNotRecorded = errors.New("control: not recorded")
	// ErrNotTold is the [ErrNotRecorded] of a pause or a kill that no other process
	// hears of either: it holds in the one that ordered it, and ends with that.
	ErrNotTold = fmt.Errorf("%w: it holds in this process only", ErrNotRecorded)
	// ErrCorrupt is wrapped when the bytes of the governance log contradict what
	// was signed. Everything is then denied but pause and kill.
	ErrCorrupt = ledger.ErrCorrupt
	// ErrInvalid is wrapped by the errors for names, versions and digests that
	// do not follow their grammar.
	ErrInvalid = errors.New("control: invalid")
	// ErrNotFound is wrapped when there is no such deployment or version.
	ErrNotFound = errors.New("control: not found")
	// ErrManifest is wrapped when the manifest of an agent does not allow what
	// was ordered.
	ErrManifest = errors.New("control: manifest")
	// ErrClosed is returned by calls on a closed [Control].
	ErrClosed = errors.New("control: closed")
)

// Codes of denials that are not about roles; the others are those of package
// rbac.
const (
	// LogCorrupt: the governance log contradicts what was signed; see [ErrCorrupt].
	LogCorrupt rbac.Code = "log_corrupt"
	// LogUnread: the governance log could not be read.
	LogUnread rbac.Code = "log_unread"
	// LogTooNew: the log has an event that a newer version of this software wrote,
	// and that must be understood before anything else is allowed.
	LogTooNew rbac.Code = "log_too_new"
	// KeyMissing: no key was given, see [Config]. In the log such a denial has the
	// code [rbac.KeyInvalid], as all by keys that are not known have.
	KeyMissing rbac.Code = "key_missing"
)

// DeniedError is an order that was not allowed. It changed nothing.
type DeniedError struct {
	Decision rbac.Decision
	// NotRecorded is why the denial itself could not be recorded. Nil: it was, or was
	// counted as one more.
	NotRecorded error
}

// Error gives the reason, and the failure to record the denial if there was one.
func (e *DeniedError) Error() string {
	text := "control: denied: " + Reason(e.Decision)
	if e.NotRecorded != nil {
		text += fmt.Sprintf(" (and the denial could not be recorded: %v)", e.NotRecorded)
	}
	return text
}

// Unwrap returns [ErrDenied]; [audit.ErrDenied], so that a task that returns the error
// is recorded as denied; and the failure to record the denial, if any.
func (e *DeniedError) Unwrap() []error {
	if e.NotRecorded == nil {
		return []error{ErrDenied, audit.ErrDenied}
	}
	return []error{ErrDenied, audit.ErrDenied, e.NotRecorded}
}

// Reason returns why d was decided as one sentence: it is [rbac.Decision.Reason], and
// knows the codes of this package.
func Reason(d rbac.Decision) string {
	switch d.Code {
	case LogCorrupt:
		return "the governance log contradicts what was signed: run flexor verify, and put it back from a copy; until then only pause and kill are carried out."
	case LogUnread:
		return "the governance log could not be read; until it can be, only pause and kill are carried out."
	case LogTooNew:
		return "the governance log has an event of a newer version of flexor: update this program; until then only pause and kill are carried out."
	case KeyMissing:
		return "no API key was given, so nobody acts: set Options.Key, in package control Config.Key, to the key of who does; flexor takes it from the file that FLEXOR_API_KEY_FILE names."
	}
	return d.Reason()
}
