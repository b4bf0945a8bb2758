package lineage

import (
	"slices"

	"github.com/flexorhq/flexor-go/audit"
)

// sqlTable is what a query does to a table.
type sqlTable struct {
	op   audit.Op
	name []sqlToken // with its schema, if it has one
}

// sqlTouched is what a query touches.
type sqlTouched struct {
	tables []sqlTable // those read first
	// unclear: there may be other tables.
	unclear bool
	// transaction: it begins or ends a transaction, or goes back to a point in it.
	transaction bool
	// moves: it changes which schema names without one are of.
	moves bool
}

// maxSQLDepth is how many parentheses may stand in each other.
const maxSQLDepth = 200

// findSQLTables returns the tables that a query of one or more statements touches. It
// knows no dialect's grammar, but where in a statement tables are named. What it cannot
// follow is unclear, never nothing.
func findSQLTables(query string) sqlTouched {
	tokens, clear := sqlTokens(query)
	f := &sqlFinder{tokens: tokens, out: sqlTouched{unclear: !clear}}
	for f.pos < len(f.tokens) {
		if f.accept(";") {
			continue
		}
		f.statement()
		if f.pos < len(f.tokens) && !f.peek().is(";") {
			f.lost()
			f.skip()
		}
	}
	f.out.tables = distinctTables(f.out.tables)
	return f.out
}

// distinctTables returns each table once for what is done to it, in the order of the last
// times: those read first.
func distinctTables(tables []sqlTable) []sqlTable {
	var out []sqlTable
	for _, reads := range []bool{true, false} {
		for i, t := range tables {
			if (t.op == audit.OpRead) == reads &&
				!slices.ContainsFunc(tables[i+1:], func(o sqlTable) bool { return o.op == t.op && slices.Equal(o.name, t.name) }) {
				out = append(out, t)
			}
		}
	}
	return out
}

// sqlFinder walks the tokens of a query.
type sqlFinder struct {
	tokens []sqlToken
	pos    int
	depth  int
	out    sqlTouched

	// Of the statement at hand, and those around it:
	named []string // by WITH; no tables

	// Of the statement at hand:
	aliases  map[string][]sqlToken
	returned bool // it returns rows of what it changes
	updates  bool // it is an INSERT that updates rows which are there
}

// peek returns the token at hand; the zero token at the end.
func (f *sqlFinder) peek() sqlToken { return f.ahead(0) }

func (f *sqlFinder) ahead(n int) sqlToken {
	if i := f.pos + n; i >= 0 && i < len(f.tokens) {
		return f.tokens[i]
	}
	return sqlToken{}
}

// accept skips the token at hand if it is one of some keywords or marks.
func (f *sqlFinder) accept(texts ...string) bool {
	ok := f.peek().is(texts...)
	if ok {
		f.pos++
	}
	return ok
}

// acceptAll skips all tokens that are among some keywords or marks.
func (f *sqlFinder) acceptAll(texts ...string) {
	for f.accept(texts...) {
	}
}

// lost says that there is something that is not understood.
func (f *sqlFinder) lost() { f.out.unclear = true }

// ended reports whether the statement, or what is in its parentheses, ends here.
func (f *sqlFinder) ended() bool { return f.pos >= len(f.tokens) || f.peek().is(")", ";") }

// touch adds a table, and returns its place.
func (f *sqlFinder) touch(op audit.Op, name []sqlToken) int {
	if len(name) == 0 {
		f.lost()
		return -1
	}
	f.out.tables = append(f.out.tables, sqlTable{op, name})
	return len(f.out.tables) - 1
}

// skip goes to the end of the statement. In SQL Server another may have begun before.
func (f *sqlFinder) skip() {
	for f.pos < len(f.tokens) && !f.peek().is(";") {
		f.nested()
		f.pos++
	}
}

// rest goes to the end of the statement, and reports whether one of some words stands in it.
func (f *sqlFinder) rest(words ...string) (found bool) {
	for ; f.pos < len(f.tokens) && !f.peek().is(";"); f.pos++ {
		found = found || f.peek().is(words...)
	}
	return found
}

// nested says that a statement which has begun within another is not understood.
func (f *sqlFinder) nested() {
	if f.peek().is(sqlVerbs...) && !f.ahead(-1).is("for", "do", "then", "key", "on", "or", "of", "share", ".") {
		f.lost()
	}
}

// sqlVerbs are words that begin statements other than queries.
var sqlVerbs = []string{"insert", "update", "delete", "merge", "truncate", "drop", "exec", "execute", "call"}

// statement reads one statement, or the query in parentheses.
func (f *sqlFinder) statement() {
	named, aliases, returned, updates := len(f.named), f.aliases, f.returned, f.updates
	f.aliases, f.returned, f.updates = map[string][]sqlToken{}, false, false
	if f.peek().is("with") {
		f.with()
	}
	f.verb()
	f.named, f.aliases, f.returned, f.updates = f.named[:named], aliases, returned, updates
}

// verb reads a statement from its first keyword on.
func (f *sqlFinder) verb() {
	verb := f.peek()
	if verb.is("(") {
		f.scan(true)
		return
	}
	f.pos++
	if verb.kind != sqlWord {
		f.lost()
		f.scan(true)
		return
	}
	switch verb.text {
	case "select", "values":
		f.scan(true)
	case "table":
		f.item()
		f.scan(true)
	case "insert", "replace":
		f.insert()
	case "update":
		f.update()
	case "delete":
		f.delete()
	case "merge":
		f.merge()
	case "copy":
		f.copy()
	case "truncate":
		f.truncate()
	case "create":
		f.create()
	case "drop":
		f.drop()
	case "alter":
		f.alter()
	case "explain":
		f.explain()
	case "prepare":
		f.prepare()
	case "declare":
		f.scan(true) // of a cursor's query, or of variables
	case "begin", "start":
		f.begin()
	case "commit", "end", "rollback", "abort", "savepoint", "release":
		f.out.transaction = true
		f.skip()
	case "set", "use":
		f.set(verb.text)
	case "vacuum":
		if f.rest("into") {
			f.lost() // a copy of all
		}
	case "grant", "revoke":
		f.rest()
	case "analyze", "analyse", "attach", "checkpoint", "close", "cluster", "comment", "deallocate", "desc", "describe", "detach",
		"discard", "fetch", "kill", "listen", "lock", "move", "notify", "optimize", "pragma", "reindex", "reset",
		"show", "unlisten", "unlock":
		f.skip() // no records
	default:
		f.lost() // what a procedure does, for one
		f.scan(true)
	}
}

// with reads the names that a statement gives to queries. A query does not see its own
// name, unless it is recursive.
func (f *sqlFinder) with() {
	f.pos++
	recursive := f.accept("recursive")
	for {
		name := f.peek()
		if name.kind != sqlWord && name.kind != sqlQuoted {
			f.lost()
			return
		}
		f.pos++
		if f.accept("(") {
			f.paren()
		}
		if !f.accept("as") {
			f.lost()
			return
		}
		f.acceptAll("not", "materialized")
		if !f.accept("(") {
			f.lost()
			return
		}
		if recursive {
			f.named = append(f.named, name.text)
		}
		f.paren()
		if !recursive {
			f.named = append(f.named, name.text)
		}
		if f.peek().is("search", "cycle") {
			for !f.ended() && !f.peek().is(",", "select", "insert", "update", "delete", "merge", "values", "table", "with") {
				f.pos++
			}
		}
		if !f.accept(",") {
			return
		}
	}
}

// scan reads up to the end of a statement, or of what is in parentheses, and the queries
// in it. In a query, tables stand after FROM; in an expression that word is of a
// function, such as extract(year from x).
func (f *sqlFinder) scan(query bool) {
	for !f.ended() {
		t, before := f.peek(), f.ahead(-1)
		f.nested()
		f.pos++
		switch {
		case t.is("("):
			f.paren()
		case t.kind != sqlWord || before.is("."):
		case t.is("from") && query:
			if !before.is("distinct") || !f.ahead(-3).is("is", "not") {
				f.list()
			}
		case t.is("join", "straight_join"), t.is("apply") && before.is("cross", "outer"):
			f.item()
		case t.is("union", "intersect", "except", "minus"):
			f.acceptAll("all", "distinct")
			if f.accept("table") {
				f.item()
			}
		case t.is("into") && query:
			f.into()
		case t.is("returning"), t.is("output") && f.peek().is("inserted", "deleted"):
			f.returned = true
		case t.is("update") && before.is("do"):
			f.updates = true
		case t.is("with") && !f.peek().is("ordinality") && (f.peek().is("recursive") || f.ahead(1).is("as", "(")):
			f.pos--
			f.with()
		}
	}
}

// paren reads what is in parentheses, after the first of them.
func (f *sqlFinder) paren() {
	if f.depth++; f.depth > maxSQLDepth {
		f.lost()
		f.pos = len(f.tokens)
		return
	}
	switch {
	case !f.opensQuery():
		f.scan(false)
	case f.peek().is("("):
		f.scan(true)
	default:
		f.statement()
	}
	f.closes()
}

// closes reads the end of parentheses.
func (f *sqlFinder) closes() {
	f.depth--
	if !f.accept(")") {
		f.lost()
		f.skip()
	}
}

// opensQuery reports whether a query stands in the parentheses that have begun, or in
// more of them.
func (f *sqlFinder) opensQuery() bool {
	n := 0
	for f.ahead(n).is("(") && n < maxSQLDepth {
		n++
	}
	return f.ahead(n).is("select", "with", "values", "table", "insert", "update", "delete", "merge") && !f.ahead(n+1).is("(", ",", ")") ||
		f.ahead(n).is("select", "values", "with") && f.ahead(n+1).is("(")
}
