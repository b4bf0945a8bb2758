package lineage

import "github.com/flexorhq/flexor-go/audit"

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

// settle records that changes have been made.
func settle(r Recorder, source string, changes []audit.Access) {
	for _, a := range changes {
		if a.Op == audit.OpWrite || a.Op == audit.OpDelete {
			record(r, source, a)
		}
	}
}

// record records an access, with a source if it states none.
func record(r Recorder, source string, a audit.Access) {
	if a.Source == "" {
		a.Source = source
	}
	r.Access(a)
}
