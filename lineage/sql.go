package lineage

import (
	"context"
	"database/sql/driver"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/flexorhq/flexor-go/audit"
)

// SQLOptions say what the records of a database are; see [SQLDriver].
type SQLOptions struct {
	// Database is the URI of the database, below which its tables stand, such as
	// postgres://db.example/fund: the table prices of the schema public is then the
	// record postgres://db.example/fund/public/prices. Without one, no access names a
	// record, and each is an error of its run.
	Database string

	// Schema is the schema of the tables that a query names without one: what a
	// connection to the database begins with, such as public, or main in SQLite. Empty: their records are
	// those of a table without a schema.
	Schema string

	// IgnoreCase is for databases in which names in quotes are the same in upper and
	// lower case, as in SQLite. Names without quotes are always brought to lower case.
	IgnoreCase bool

	// Source is the source of the accesses that state none; it may be empty.
	Source string

	// Map says which records a query touches, with ok, where tables are not what the
	// lineage is about. It is called before the query runs. Without ok the tables are
	// recorded. Nil: always. What is recorded of args is what Map makes of them, and
	// nothing else. It may be called by several goroutines at once.
	Map func(ctx context.Context, query string, args []driver.NamedValue) (accesses []audit.Access, ok bool)
}

// sqlPlan is what is recorded of a query, as long as no mapping says otherwise.
type sqlPlan struct {
	query   string
	touched sqlTouched
}

// sqlPlans keep the plans of queries, for programs repeat theirs. The zero value is ready.
type sqlPlans struct {
	mu    sync.Mutex
	plans map[string]*sqlPlan
}

// Beyond these a query is planned each time, or all plans are made again.
const (
	maxSQLPlans   = 1000
	maxKeptSQLLen = 16 << 10
)

// of returns the plan of a query.
func (p *sqlPlans) of(query string) *sqlPlan {
	p.mu.Lock()
	plan := p.plans[query]
	p.mu.Unlock()
	if plan != nil {
		return plan
	}
	plan = &sqlPlan{query, findSQLTables(query)}
	if len(query) > maxKeptSQLLen {
		return plan
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plans == nil || len(p.plans) >= maxSQLPlans {
		p.plans = map[string]*sqlPlan{}
	}
	p.plans[query] = plan
	return plan
}

// accesses returns the accesses of a query, reads first. moved says that the schema of
// names without one is not known.
func (o *SQLOptions) accesses(touched *sqlTouched, moved bool) (accesses []audit.Access) {
	unclear := touched.unclear
	for _, t := range touched.tables {
		unclear = unclear || moved && len(t.name) == 1
	}
	database := strings.TrimSuffix(o.Database, "/")
	if unclear {
		accesses = append(accesses, audit.Access{Op: audit.OpRead, Record: database + "/"})
	}
	for _, t := range touched.tables {
		a := audit.Access{Op: t.op, Record: database + o.path(t.name)}
		switch t.op {
		case sqlDeletedFrom:
			a.Op, a.From = audit.OpAppend, []string{}
		case audit.OpDelete:
			a.From = []string{}
		}
		accesses = append(accesses, a)
	}
	if unclear {
		accesses = append(accesses, audit.Access{Op: audit.OpAppend, Record: database + "/"})
	}
	return accesses
}

// path returns the path of a table below its database.
func (o *SQLOptions) path(name []sqlToken) string {
	var parts []string
	if len(name) == 1 && o.Schema != "" {
		parts = append(parts, o.Schema)
	}
	for _, n := range name {
		text := n.text
		if o.IgnoreCase {
			text = strings.ToLower(text)
		}
		parts = append(parts, text)
	}
	// A name may begin with that of the database itself.
	if base := o.Database[strings.LastIndexByte(o.Database, '/')+1:]; len(parts) > 2 && parts[0] == base {
		parts = parts[1:]
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// sqlAttempt records one execution of a query.
type sqlAttempt struct {
	run      *audit.Run
	source   string
	accesses []audit.Access
	changes  bool
}

// attempt returns what is to be recorded of one execution; nil if nothing is.
func (o *SQLOptions) attempt(ctx context.Context, run *audit.Run, plan *sqlPlan, moved bool, args []driver.NamedValue) *sqlAttempt {
	if run == nil {
		return nil
	}
	a := &sqlAttempt{run: run, source: o.Source}
	mapped := false
	if o.Map != nil {
		a.accesses, mapped = o.Map(ctx, plan.query, args)
	}
	if !mapped {
		a.accesses = o.accesses(&plan.touched, moved)
	}
	if len(a.accesses) == 0 {
		return nil
	}
	for _, access := range a.accesses {
		a.changes = a.changes || access.Op != audit.OpRead
	}
	return a
}

// before records what must be in the log before the query runs: changes, and what they
// may be made from.
func (a *sqlAttempt) before() {
	if a != nil && a.changes {
		a.reads()
		announce(a.run, a.source, a.accesses)
	}
}

// after records what a query that only reads has read.
func (a *sqlAttempt) after() {
	if a != nil && !a.changes {
		a.reads()
	}
}

func (a *sqlAttempt) reads() {
	for _, access := range a.accesses {
		if access.Op == audit.OpRead {
			record(a.run, a.source, access)
		}
	}
}

// closes reports whether there is something to settle.
func (a *sqlAttempt) closes() bool {
	return a != nil && slices.ContainsFunc(a.accesses, func(a audit.Access) bool { return a.Op == audit.OpWrite || a.Op == audit.OpDelete })
}

// settleSQL records the changes that have been made by queries, in their order.
func settleSQL(attempts []*sqlAttempt) {
	for i, a := range attempts {
		if !a.closes() {
			continue
		}
		var later []audit.Access
		for _, b := range attempts[i+1:] {
			later = append(later, b.accesses...)
		}
		settle(a.run, a.source, a.accesses, later...)
	}
}
