package lineage

import (
	"slices"

	"github.com/flexorhq/flexor-go/audit"
)

// The verbs of statements, each behind its first word.

func (f *sqlFinder) insert() {
	if f.peek().is("(") { // the function
		f.scan(false)
		return
	}
	if f.peek().is("all", "first") { // several tables, in Oracle
		f.lost()
	}
	f.modifiers()
	f.accept("into")
	f.accept("table")
	place := f.touch(audit.OpAppend, f.name())
	f.alias()
	if f.accept("(") {
		f.paren()
	}
	if f.accept("table") {
		f.item()
	}
	f.scan(true)
	f.returned = f.returned && f.updates // else it returns what it has just brought
	if place >= 0 {
		f.changed([]int{place}, audit.OpAppend)
	}
}

func (f *sqlFinder) update() {
	f.modifiers()
	places := f.list()
	f.scan(true)
	f.changed(places, audit.OpAppend)
}

func (f *sqlFinder) delete() {
	f.modifiers()
	f.accept("from")
	places := f.list()
	if f.accept("using") {
		f.list()
	}
	f.scan(true)
	f.changed(places, sqlDeletedFrom)
}

// sqlDeletedFrom is the operation on a table of which some rows are deleted: others may
// stay, so that it is no delete of the table.
const sqlDeletedFrom audit.Op = "delete from"

// modifiers skips what stands between the verb of a change and its table: how eager it is
// in MySQL, what to do about conflicts in SQLite, how many rows it is for in SQL Server.
func (f *sqlFinder) modifiers() {
	for {
		switch {
		case f.accept("or"):
			f.pos++
		case f.peek().is("top") && f.ahead(1).is("("):
			f.pos += 2
			f.paren()
		case f.accept("low_priority", "high_priority", "delayed", "quick", "ignore", "overwrite"):
		default:
			return
		}
	}
}

func (f *sqlFinder) merge() {
	f.modifiers()
	f.accept("into")
	place := f.item()
	if !f.accept("using") {
		f.lost()
	} else {
		f.item()
	}
	f.scan(true)
	if place < 0 {
		f.lost()
		return
	}
	f.changed([]int{place}, audit.OpAppend)
}

func (f *sqlFinder) copy() {
	if f.accept("(") {
		f.paren()
		f.skip()
		return
	}
	name := f.name()
	if f.accept("(") {
		f.paren()
	}
	switch {
	case f.accept("from"):
		f.touch(audit.OpAppend, name)
	case f.accept("to"):
		f.touch(audit.OpRead, name)
	default:
		f.lost()
	}
	f.skip()
}

// names reads names with commas between them.
func (f *sqlFinder) names(op audit.Op) {
	for {
		f.accept("only")
		f.touch(op, f.name())
		f.accept("*")
		if !f.accept(",") {
			break
		}
	}
	if f.accept("cascade") && op == audit.OpDelete {
		f.lost() // others are emptied too
	}
	f.skip()
}

func (f *sqlFinder) truncate() {
	f.accept("table")
	f.names(audit.OpDelete)
}

// exists skips IF EXISTS and IF NOT EXISTS.
func (f *sqlFinder) exists() bool {
	found := f.peek().is("if")
	f.acceptAll("if", "not", "exists")
	return found
}

func (f *sqlFinder) create() {
	f.acceptAll("or", "replace", "temp", "temporary", "unlogged", "global", "local", "external", "virtual", "recursive", "materialized")
	switch {
	case f.accept("table", "view"):
		op := audit.OpWrite
		if f.exists() {
			op = audit.OpAppend
		}
		f.touch(op, f.name())
		for !f.ended() {
			switch {
			case f.accept("("):
				f.paren()
			case f.accept("as"):
				if !f.ended() {
					f.statement()
				}
			case f.accept("clone"):
				f.lost()
			default:
				f.pos++
			}
		}
	case f.peek().is("unique", "index", "sequence", "type", "domain", "schema", "extension", "role", "user", "policy", "statistics",
		"collation", "aggregate", "operator", "publication", "fulltext", "spatial"):
		f.skip()
	default:
		f.lost()
		f.skip()
	}
}

func (f *sqlFinder) drop() {
	f.acceptAll("temporary", "materialized")
	switch {
	case f.accept("table", "view"):
		f.exists()
		f.names(audit.OpDelete)
	case f.peek().is("index", "function", "procedure", "trigger", "sequence", "type", "domain", "extension", "role", "user", "policy",
		"statistics", "collation", "aggregate", "operator", "publication", "rule"):
		f.skip()
	default:
		f.lost()
		f.skip()
	}
}

func (f *sqlFinder) alter() {
	if !f.accept("table") {
		if !f.peek().is("index", "sequence", "type", "domain", "role", "user", "policy", "function", "procedure", "view") {
			f.lost()
		}
		f.skip()
		return
	}
	f.exists()
	f.accept("only")
	name := f.name()
	f.touch(audit.OpAppend, name)
	for !f.ended() {
		switch {
		case f.peek().is("rename") && f.ahead(1).is("to", "as"):
			f.pos += 2
			f.touch(audit.OpRead, name)
			to := f.name()
			if len(to) == 1 {
				to = append(slices.Clone(name[:max(0, len(name)-1)]), to...) // it stays in its schema
			}
			f.touch(audit.OpAppend, to)
		case f.accept("partition", "exchange", "switch", "inherit"):
			f.lost() // another table becomes a part of it
		case f.accept("("):
			f.paren()
		default:
			f.pos++
		}
	}
}

func (f *sqlFinder) explain() {
	for !f.ended() && !f.peek().is("select", "with", "values", "insert", "update", "delete", "merge", "replace", "create", "declare", "execute") {
		if f.accept("(") {
			f.paren()
			continue
		}
		f.pos++
	}
	if !f.ended() {
		f.statement()
	}
}

func (f *sqlFinder) prepare() {
	for !f.ended() && !f.peek().is("as", "from") {
		f.pos++
		if f.ahead(-1).is("(") {
			f.paren()
		}
	}
	if f.accept("as") {
		f.statement()
		return
	}
	f.lost()
	f.skip()
}

func (f *sqlFinder) begin() {
	f.out.transaction = true
	f.acceptAll("transaction", "tran", "work", "deferred", "immediate", "exclusive", "concurrent", "isolation", "level", "read", "only",
		"write", "serializable", "repeatable", "committed", "uncommitted", "not", "deferrable", "with", "consistent", "snapshot", ",")
	if !f.ended() {
		f.lost() // a block of statements
		f.scan(true)
	}
}

func (f *sqlFinder) set(verb string) {
	f.acceptAll("session", "local")
	f.out.moves = f.out.moves || verb == "use" || f.peek().is("search_path", "schema", "current_schema")
	f.scan(true)
}
