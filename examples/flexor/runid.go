package main

import (
	"context"
	"errors"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

const (
	runPrefix = "run_"
	wholeID   = len(runPrefix) + 26
	leastPart = 4 // characters: fewer name too many runs
)

// errNoRun is wrapped when no run is meant by what was given.
var errNoRun = errors.New("there is no run")

// runQuery is a run as a person names it: by its whole id, or by how that begins
// or ends. The end is what tells runs apart at a glance; the beginning is a time.
type runQuery string

// parseRunQuery refuses what is too short to name a run.
func parseRunQuery(text string) (runQuery, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(strings.TrimPrefix(text, runPrefix)) < leastPart {
		return "", misuse("give the whole id as flexor audit prints it, or at least its last 4 characters", "%q is too short to name a run", text)
	}
	return runQuery(text), nil
}

// whole reports whether q is a whole id.
func (q runQuery) whole() bool { return len(q) == wholeID && strings.HasPrefix(string(q), runPrefix) }

// matches reports whether q names the run with that id.
func (q runQuery) matches(id string) bool {
	return strings.HasPrefix(id, string(q)) || strings.HasPrefix(id, runPrefix+string(q)) || strings.HasSuffix(id, string(q))
}

// resolve returns the id of the one run that q names. It looks at all records, as a
// run that was interrupted or refused has no entry.
func (q runQuery) resolve(ctx context.Context, log *vault.Reader) (string, error) {
	found, seen := []string{}, map[string]bool{}
	for rec, err := range log.Records(ctx, 0) {
		if err != nil {
			return "", err
		}
		line, err := audit.DecodeLine(rec.Line)
		if err != nil {
			return "", err
		}
		if q.matches(line.RunID) && !seen[line.RunID] {
			seen[line.RunID] = true
			found = append(found, line.RunID)
		}
	}
	switch len(found) {
	case 0:
		return "", q.unknown()
	case 1:
		return found[0], nil
	}
	return "", fail(exitNotFound, "give more of the id: flexor explain "+found[len(found)-1],
		"%q names %s: %s", string(q), count(len(found), "run"), few(found))
}

// unknown is the failure of a run that is not in the vault.
func (q runQuery) unknown() error {
	return fail(exitNotFound, "flexor audit lists the runs of this vault; --vault names another", "%w %q in this vault", errNoRun, string(q))
}
