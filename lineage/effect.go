package lineage

import (
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// An effect is a change of records that takes time and may fail, such as a request to
// a server. It is recorded twice, so that no trace misses anything whatever becomes of it:
//
//   - before it begins, by [announce], as an append: from here on a record holds what it
//     held, or what the effect makes of it. That stays so if the effect fails, is rolled
//     back, or its outcome is never known, because the process dies or no answer comes;
//   - once it is known to have happened, by [settle], as the write or delete that it is:
//     from here on a record no longer holds what it held.
//
// What only adds to a record is whole with the first.

// announce records that changes are about to be made. Reads among them are not recorded.
func announce(r Recorder, source string, changes []audit.Access) {
	for _, a := range changes {
		switch a.Op {
		case audit.OpRead:
			continue
		case audit.OpDelete:
			a.From = []string{} // nothing of what the run read gets there
		case audit.OpWrite:
			a.Version = "" // it is not there yet
		}
		a.Op = audit.OpAppend
		record(r, source, a)
	}
}

// settle records that changes have been made. A write or delete of what one after it, or
// one of later, changes again is left an append: that one is in the log already, and would
// be taken for replaced.
func settle(r Recorder, source string, changes []audit.Access, later ...audit.Access) {
	for i, a := range changes {
		if (a.Op == audit.OpWrite || a.Op == audit.OpDelete) && !changedBy(changes[i+1:], a.Record) && !changedBy(later, a.Record) {
			record(r, source, a)
		}
	}
}

// changedBy reports whether accesses change a record, or what it stands in or holds.
func changedBy(accesses []audit.Access, record string) bool {
	if len(accesses) == 0 {
		return false
	}
	normal, err := audit.RecordURI(record, nil)
	if err != nil {
		return false // it is refused in any case
	}
	for _, a := range accesses {
		if a.Op == audit.OpRead {
			continue
		}
		other, err := audit.RecordURI(a.Record, nil)
		if err == nil && (other == normal || within(other, normal) || within(normal, other)) {
			return true
		}
	}
	return false
}

// within reports whether a record stands in a collection.
func within(collection, record string) bool {
	return recorduri.Collection(collection) && strings.HasPrefix(record, collection)
}

// record records an access, with a source if it states none.
func record(r Recorder, source string, a audit.Access) {
	if a.Source == "" {
		a.Source = source
	}
	r.Access(a)
}
