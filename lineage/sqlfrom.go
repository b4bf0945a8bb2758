package lineage

import (
	"slices"

	"github.com/flexorhq/flexor-go/audit"
)

// sqlReserved are words that are no names of tables, in any dialect.
var sqlReserved = []string{"select", "from", "where", "group", "having", "order", "union", "on", "join", "and", "or", "not", "as", "in", "is", "case", "when", "set", "into"}

// name reads the name of a table, with all that qualifies it. It is nil if there is none.
func (f *sqlFinder) name() (name []sqlToken) {
	for {
		t := f.peek()
		if t.kind != sqlQuoted && (t.kind != sqlWord || len(name) == 0 && t.is(sqlReserved...)) {
			return nil
		}
		f.pos++
		name = append(name, t)
		if !f.accept(".") {
			return name
		}
		f.acceptAll(".") // the default schema
	}
}

// list reads the tables after FROM, up to the clause after it. It returns the places of
// those that stand in the list itself.
func (f *sqlFinder) list() (tables []int) {
	item := func() {
		if i := f.item(); i >= 0 {
			tables = append(tables, i)
		}
	}
	item()
	for !f.ended() {
		t, after := f.peek(), f.ahead(1)
		switch {
		case t.is(","), t.is("join", "straight_join"), t.is("apply") && f.ahead(-1).is("cross", "outer"):
			f.pos++
			item()
		case t.is("("):
			f.pos++
			f.paren()
		case t.is("from") && f.ahead(-1).is("distinct") && f.ahead(-2).is("is", "not"):
			f.pos++
		case t.is("where", "group", "having", "order", "union", "intersect", "except", "select", "into", "from", "set", "when"),
			t.is(sqlVerbs...),
			t.is("limit", "offset", "fetch", "window", "returning", "output", "qualify") && !after.is(",", "join"),
			t.is("using") && !after.is("("),
			t.is("for") && after.is("update", "share", "no", "key", "json", "xml", "browse", "read"),
			t.is("on") && after.is("conflict", "duplicate"):
			return tables
		default:
			f.pos++
		}
	}
	return tables
}

// sqlAfterTable are words that may follow a table and are no other name for it.
var sqlAfterTable = slices.Concat([]string{
	"left", "right", "full", "inner", "outer", "cross", "natural", "straight_join", "using", "limit", "offset", "fetch", "window",
	"returning", "output", "for", "with", "tablesample", "values", "default", "use", "force", "ignore", "partition", "indexed", "except", "intersect", "table",
}, sqlReserved, sqlVerbs)

// sqlHarmless are functions that make rows of their arguments and read no table.
var sqlHarmless = []string{
	"flatten", "generate_series", "generate_subscripts", "json_array_elements", "json_array_elements_text", "json_each",
	"json_each_text", "json_object_keys", "json_populate_record", "json_populate_recordset", "json_table", "json_to_record",
	"json_to_recordset", "json_tree", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text",
	"jsonb_object_keys", "jsonb_path_query", "jsonb_populate_record", "jsonb_populate_recordset", "jsonb_to_record",
	"jsonb_to_recordset", "openjson", "regexp_matches", "regexp_split_to_table", "string_split", "string_to_table", "unnest", "xmltable",
}

// item reads one table of a list: a name, a query, other tables in parentheses, or a
// function. It returns the place of a name, else -1.
func (f *sqlFinder) item() (place int) {
	place = -1
	f.acceptAll("only", "lateral")
	if f.accept("(") {
		if f.opensQuery() {
			f.paren()
		} else if f.depth++; f.depth > maxSQLDepth {
			f.lost()
			f.pos = len(f.tokens)
		} else {
			f.list()
			f.closes()
		}
		f.alias()
		return place
	}
	name := f.name()
	switch {
	case len(name) == 0:
		f.lost()
		return place
	case f.accept("("):
		if last := name[len(name)-1]; !last.is(sqlHarmless...) {
			f.lost()
		}
		f.paren()
	case len(name) == 1 && slices.Contains(f.named, name[0].text):
	default:
		place = f.touch(audit.OpRead, name)
	}
	if alias := f.alias(); alias != "" && place >= 0 {
		f.aliases[alias] = name
	}
	return place
}

// alias reads the other name that a statement gives to a table.
func (f *sqlFinder) alias() string {
	explicit := f.accept("as")
	t := f.peek()
	if t.kind != sqlQuoted && (t.kind != sqlWord || !explicit && t.is(sqlAfterTable...)) {
		return ""
	}
	f.pos++
	return t.text
}

// into reads what follows INTO in a SELECT: a new table, or variables.
func (f *sqlFinder) into() {
	f.acceptAll("temp", "temporary", "unlogged", "table")
	switch {
	case f.peek().is("outfile", "dumpfile"):
		f.lost()
	case f.peek().kind == sqlLiteral, f.peek().is("?"): // variables
	default:
		f.touch(audit.OpWrite, f.name())
	}
}

// changed makes tables that were read as parts of a list those that a statement changes,
// by what they are called or by an alias. They are read too if it returns rows of them, or
// joins several.
func (f *sqlFinder) changed(places []int, op audit.Op) {
	if len(places) == 0 {
		f.lost()
	}
	for _, i := range places {
		t := &f.out.tables[i]
		if name := f.aliases[t.name[0].text]; len(t.name) == 1 && name != nil {
			t.name = name
		}
		if f.returned || len(places) > 1 && op == audit.OpAppend {
			f.touch(audit.OpRead, t.name)
		}
		f.out.tables[i].op = op
	}
}
