package lineagesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/lineage"
)

// TestOracle compares the tables that are recorded of random queries with those that the
// database itself says it opens for them: PostgreSQL by its plan, SQLite by the program
// it compiles. Every one of these is recorded; others are only such as the database sees
// that it need not open.
func TestOracle(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		for i := range tables {
			execute(t, t.Context(), db, fmt.Sprintf("create table t%d (id integer, v integer)", i))
		}
		opened := openedBySQLite
		if in != "sqlite://fund/" {
			opened = openedByPostgres
		}
		roots := rootPages(t, db, in)
		same, more := 0, 0
		for seed := range uint64(n) {
			query := (&generator{rnd: rand.New(rand.NewPCG(seed, 7)), postgres: in != "sqlite://fund/"}).statement()
			var want []string
			got := map[string]bool{}
			for _, a := range run(t, func(ctx context.Context) { want = opened(t, ctx, db, query, roots) }) {
				got[shortened(a.Record, in)] = true
			}
			require.False(t, got[strings.TrimSuffix(in, "public/")], "seed %d: it is clear: %s", seed, query)
			for _, w := range want {
				require.True(t, got[w], "seed %d: %s is opened, but not recorded: %s", seed, w, query)
			}
			if len(got) == len(want) {
				same++
			} else {
				more++
			}
		}
		t.Logf("%d queries: the same tables for %d, more for %d", n, same, more)
		require.Greater(t, same, 20*more, "what is recorded is what is opened")
	})
}

const tables = 6

// openedByPostgres returns the tables in the plan of a query.
func openedByPostgres(t *testing.T, ctx context.Context, db *sql.DB, query string, _ map[int]string) []string {
	t.Helper()
	var plan string
	require.NoError(t, db.QueryRowContext(ctx, "explain (verbose, format json) "+query).Scan(&plan), query)
	var tree any
	require.NoError(t, json.Unmarshal([]byte(plan), &tree))
	found := map[string]bool{}
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, n := range node {
				walk(n)
			}
		case map[string]any:
			if name, ok := node["Relation Name"].(string); ok {
				found[name] = true
			}
			for _, n := range node {
				walk(n)
			}
		}
	}
	walk(tree)
	return keys(found)
}

// openedBySQLite returns the tables that the program of a query opens.
func openedBySQLite(t *testing.T, ctx context.Context, db *sql.DB, query string, roots map[int]string) []string {
	t.Helper()
	rows, err := db.QueryContext(ctx, "explain "+query)
	require.NoError(t, err, query)
	defer rows.Close() //nolint:errcheck // read to the end
	found := map[string]bool{}
	for rows.Next() {
		var addr, p1, p2, p3, p5 int
		var opcode string
		var p4, comment any
		require.NoError(t, rows.Scan(&addr, &opcode, &p1, &p2, &p3, &p4, &p5, &comment))
		if name := roots[p2]; name != "" && (opcode == "OpenRead" || opcode == "OpenWrite") {
			found[name] = true
		}
	}
	require.NoError(t, rows.Err(), query)
	return keys(found)
}

// rootPages returns the tables of SQLite by the pages at which they begin.
func rootPages(t *testing.T, db *sql.DB, in string) map[int]string {
	t.Helper()
	if in != "sqlite://fund/" {
		return nil
	}
	rows, err := db.QueryContext(t.Context(), "select name, rootpage from sqlite_master where type = 'table'")
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // read to the end
	roots := map[int]string{}
	for rows.Next() {
		var name string
		var page int
		require.NoError(t, rows.Scan(&name, &page))
		roots[page] = name
	}
	require.NoError(t, rows.Err())
	return roots
}

func keys(set map[string]bool) (out []string) {
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// generator makes random statements that both databases understand. Queries have the
// columns id and v.
type generator struct {
	rnd      *rand.Rand
	postgres bool
	named    []string // by WITH
	aliases  int
	depth    int
}

func (g *generator) one(of ...string) string { return of[g.rnd.IntN(len(of))] }

// statement returns a query or a change.
func (g *generator) statement() string {
	t := g.table()
	switch g.rnd.IntN(8) {
	case 0:
		into := "insert into " + t + " (id, v) "
		with, used := g.with()
		return with + into + used + g.one("", g.returning())
	case 1:
		return "update " + t + " set v = " + g.scalar() + g.one("", " from "+g.source()+" where v0 < 9", " where "+g.condition("v"))
	case 2:
		return "delete from " + t + " where " + g.condition("v") + g.one("", g.returning())
	case 3:
		return "insert into " + t + " values (1, " + g.scalar() + ")"
	}
	return g.query()
}

func (g *generator) returning() string { return " returning id" }

// query returns a query with the names it needs.
func (g *generator) query() string {
	named := len(g.named)
	defer func() { g.named = g.named[:named] }()
	with, body := g.with()
	return with + body
}

// with returns names for queries, which may be those of tables, and a query that uses them.
func (g *generator) with() (with, body string) {
	if g.depth > 3 || g.rnd.IntN(3) > 0 {
		return "", g.body()
	}
	var parts, added []string
	for range 1 + g.rnd.IntN(2) {
		names := []string{"x", "y", "t0", "t1", "t2"}
		if !g.postgres { // which sees a circle where a name hides another
			g.aliases++
			names = []string{fmt.Sprintf("x%d", g.aliases)}
		}
		name := g.one(names...)
		if slices.Contains(added, name) {
			continue
		}
		g.depth++
		parts = append(parts, name+" (id, v) as ("+g.query()+")")
		g.depth--
		added = append(added, name)
		g.named = append(g.named, name)
	}
	body = g.body()
	for _, name := range added {
		body = "select w.id, w.v from (" + body + ") w where w.id < (select count(*) from " + name + ")"
	}
	return g.one("with ", "WITH\n", "with /* x */ ") + strings.Join(parts, ", ") + " ", body
}

// body returns a query without names.
func (g *generator) body() string {
	g.depth++
	defer func() { g.depth-- }()
	s := "select s.id, " + g.one("s.v", "s.v + 1", g.scalar(), "case when s.v = 1 then 2 else 3 end", "cast(s.v as integer)") + " as v " +
		g.one("from", "FROM", "-- from t9\nfrom", "/* ' */ from") + " " + g.from()
	if g.rnd.IntN(2) == 0 {
		s += " where " + g.condition("s.v")
	}
	if g.depth < 3 && g.rnd.IntN(5) == 0 {
		s += g.one(" union ", " union all ", " except ", " intersect ") + g.body()
	}
	return s
}

// from returns a list of tables, the first of which is s.
func (g *generator) from() string {
	s := g.item() + g.one(" s", " as s")
	n := g.rnd.IntN(3)
	for i := range n {
		g.aliases++
		alias := fmt.Sprintf("a%d", g.aliases)
		on := " on " + alias + ".v = s.v"
		switch g.rnd.IntN(4) {
		case 0:
			if i < n-1 { // a join after it would not know s
				continue
			}
			s += ", " + g.item() + " " + alias
		case 1:
			s += g.one(" join ", " inner join ") + g.item() + " as " + alias + on
		case 2:
			s += " left join " + g.item() + " " + alias + on + " and exists (select 1 from " + g.item() + " e where e.id = " + alias + ".id)"
		case 3:
			s += " cross join " + g.item() + " " + alias
		}
	}
	return s
}

// source returns what a change takes rows from.
func (g *generator) source() string {
	return "(select id as id0, v as v0 from (" + g.query() + ") q) as src"
}

func (g *generator) item() string {
	if g.depth < 4 {
		switch g.rnd.IntN(5) {
		case 0:
			g.depth++
			defer func() { g.depth-- }()
			return "(" + g.query() + ")"
		case 1:
			if len(g.named) > 0 {
				return g.named[g.rnd.IntN(len(g.named))]
			}
		}
	}
	return g.table()
}

// table returns the name of a table, in one of its spellings; it may be one of WITH.
func (g *generator) table() string {
	name := fmt.Sprintf("t%d", g.rnd.IntN(tables))
	spellings := []string{name, name, strings.ToUpper(name), `"` + name + `"`}
	if g.postgres {
		spellings = append(spellings, "public."+name, `"public" . `+name)
	}
	return g.one(spellings...)
}

// scalar returns an expression of one value.
func (g *generator) scalar() string {
	if g.depth > 3 || g.rnd.IntN(2) == 0 {
		return g.one("1", "length('from t9')", "length('it''s, t9')", "1 - -1")
	}
	return "(select max(m.v) from " + g.item() + " m)"
}

// condition returns a condition on a column.
func (g *generator) condition(column string) string {
	if g.depth > 3 {
		return column + " = 1"
	}
	g.depth++
	defer func() { g.depth-- }()
	return g.one(
		column+" > 1",
		column+" in (select i.id from "+g.item()+" i)",
		"not exists (select 1 from "+g.item()+" i where i.v = "+column+")",
		column+" is not distinct from "+g.scalar(),
		"("+column+" = 1 or "+column+" between 2 and "+g.scalar()+")",
	)
}
