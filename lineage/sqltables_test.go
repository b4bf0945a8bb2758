package lineage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/flexorhq/flexor-go/audit"
)

// touchedBy returns what a query touches in short: r, a, w, d and - (deleted from) for the
// operation, ?? for unclear.
func touchedBy(query string) string {
	touched := findSQLTables(query)
	var out []string
	for _, t := range touched.tables {
		var parts []string
		for _, p := range t.name {
			parts = append(parts, p.text)
		}
		op := string(t.op[:1])
		if t.op == sqlDeletedFrom {
			op = "-"
		}
		out = append(out, op+":"+strings.Join(parts, "."))
	}
	slices.Sort(out)
	if touched.unclear {
		out = append(out, "??")
	}
	if touched.transaction {
		out = append(out, "tx")
	}
	if touched.moves {
		out = append(out, "moves")
	}
	return strings.Join(out, " ")
}

func TestSQLTables(t *testing.T) {
	for _, tc := range []struct{ query, want string }{
		// Queries.
		{"select 1", ""},
		{"", ""},
		{" ; ;", ""},
		{"SELECT * FROM Positions", "r:positions"},
		{`SELECT * FROM "Positions" p, public.prices AS q`, "r:Positions r:public.prices"},
		{"select * from `a b`.`c``d`", "r:a b.c`d"},
		{"select * from [my db].dbo.[t]]x], [u]", "r:my db.dbo.t]x r:u"},
		{"select * from db..t", "r:db.t"},
		{"select a from t1 left join t2 on t1.id = t2.id cross join t3, t4 natural join t5 where x in (select y from t6)", "r:t1 r:t2 r:t3 r:t4 r:t5 r:t6"},
		{"select * from a join b using (id), c where 1=1", "r:a r:b r:c"},
		{"select * from (a join (b join c on true) on true) x, lateral (select * from d) y", "r:a r:b r:c r:d"},
		{"select * from ((select 1) x join b on true)", "r:b"},
		{"select * from only t*", "r:t"},
		{"(select * from a) union all (select * from b) except table c", "r:a r:b r:c"},
		{"select * from a union select * from b intersect select * from c order by 1, 2 limit 3, 4", "r:a r:b r:c"},
		{"select * from a minus select * from b", "r:a r:b"},
		{"select (select max(x) from a), exists (select from b), array(select c from c) from d", "r:a r:b r:c r:d"},
		{"table t", "r:t"},
		{"values (1, (select x from t))", "r:t"},
		{"select 1 from a where x is distinct from y and (z is not distinct from w)", "r:a"},
		{"select 1 from a join b on a.x is not distinct from b.x, c", "r:a r:b r:c"},
		{"select extract(year from d), trim(both from e), substring(f from 2 for 3) from t", "r:t"},
		{"select a from t window w as (partition by x order by y), v as (order by z)", "r:t"},
		{"select sum(x) filter (where y) over (partition by z) from t group by rollup (a, b) having count(*) > 1", "r:t"},
		{"select * from t tablesample system (10), u", "r:t r:u"},
		{"select * from t for system_time as of '2026-01-01' , u", "r:t r:u"},
		{"select * from t x for update of x nowait", "r:t"},
		{"select * from t, u for no key update of t, u skip locked", "r:t r:u"},
		{"select * from t limit, u", "r:t r:u"},
		{"select * from t with (nolock), u with (index(1)) where 1=1", "r:t r:u"},
		{"select * from generate_series(1, (select max(x) from t)) g", "r:t"},
		{"select * from unnest($1::int[]) with ordinality as u(a, b), t", "r:t"},
		{"select * from my_function(1), t", "r:t ??"},
		{"select * from read_csv('x.csv')", "??"},
		{"select * from 'x.csv'", "??"},
		{"select * from ?", "??"},
		{"select * from @rows", "??"},
		{"select 1from t", "r:t"},
		{"select 1e5, 1.5e-3, 0xfe, 1_000 from t", "r:t"},
		{"select * from 2020_sales", "??"},
		{"select * from t where d between :from and :to", "r:t"},
		{"select * from t where d between @from and @into and x::text = '1'", "r:t"},
		{"select a into new_t from old_t", "r:old_t w:new_t"},
		{"select a into temp table new_t from old_t", "r:old_t w:new_t"},
		{"select a into @x from t", "r:t"},
		{"select a from t into outfile '/x'", "r:t ??"},
		{"select * from é.ü", "r:é.ü"},

		// Names that queries are given.
		{"with x as (select * from a) select * from x, b", "r:a r:b"},
		{"with x(c) as materialized (select * from a), y as (select * from x join c on true) select * from y where z in (select 1 from x)", "r:a r:c"},
		{"with t as (select * from t) select * from t", "r:t"},
		{"with recursive t as (select * from a union all select * from t) select * from t", "r:a"},
		{"with recursive t as (select 1) search depth first by id set o select * from t, s.t", "r:s.t"},
		{"select * from (with x as (select 1 from a) select * from x) q, x", "r:a r:x"},
		{"with x as (insert into a select * from b returning *) select * from x", "a:a r:b"},
		{"with x as (delete from a using b where true returning a.id) update c set d = x.id from x", "-:a a:c r:a r:b"},
		{"insert into a with x as (select * from b) select * from x", "a:a r:b"},
		{"with x as (select 1)", "??"},
		{"with 1 as x select * from t", "r:t ??"},

		// Changes.
		{"insert into a (b, c) values (1, 2)", "a:a"},
		{"insert into a values ((select max(x) from b)) on conflict (x) do update set y = excluded.y, z = (select 1 from c)", "a:a r:b r:c"},
		{"insert into a as x select * from b, c on conflict do nothing returning id", "a:a r:b r:c"},
		{"insert into a values (1) on conflict (b) do update set c = 1 returning d", "a:a r:a"},
		{"insert into a select * from b on duplicate key update x = 1, y = 2", "a:a r:b"},
		{"insert into a table b", "a:a r:b"},
		{"insert into a (select * from b)", "a:a r:b"},
		{"insert into a default values", "a:a"},
		{"insert or replace into a values (1)", "a:a"},
		{"insert low_priority ignore a set b = 1", "a:a"},
		{"replace into s.a values (1)", "a:s.a"},
		{"insert into a exec p", "a:a ??"},
		{"insert all into a values (1) into b values (2) select * from c", "a:all r:c w:a w:b ??"},
		{"update a set b = 1 where c = 2", "a:a"},
		{"update only s.a as x set b = (select 1 from c) from d join e on true where x.f = d.f returning *", "a:s.a r:c r:d r:e r:s.a"},
		{"update or ignore a set b = 1, c = 2", "a:a"},
		{"update a join b on a.x = b.x, c set a.y = b.y", "a:a a:b a:c r:a r:b r:c"},
		{"update x set y = 1 from s.t as x join u on true", "a:s.t r:s.t r:u"},
		{"update top (5) a set b = 1", "a:a"},
		{"update a set b = 1 output inserted.b where c = 2", "a:a r:a"},
		{"delete from a where b = 1", "-:a"},
		{"delete from a", "-:a"},
		{"delete from only a using b, c join d using (id) where exists (select 1 from e)", "-:a r:b r:c r:d r:e"},
		{"delete t1, t2 from t1 join t2 join t3", "-:t1 -:t2 r:t1 r:t2 r:t3"},
		{"delete x from s.t x join u on true", "-:s.t r:s.t r:u"},
		{"merge into a as t using (select * from b) s on t.id = s.id when matched then update set x = 1 when not matched then insert (x) values (1) when not matched by source then delete", "a:a r:b"},
		{"merge into a using b on true when matched then delete", "a:a r:b"},
		{"copy a (b, c) from stdin with (format csv)", "a:a"},
		{"copy s.a to stdout", "r:s.a"},
		{"copy (select * from a join b on true) to stdout", "r:a r:b"},
		{"copy into a from @stage", "??"},
		{"truncate a, only b restart identity", "d:a d:b"},
		{"truncate table a cascade", "d:a ??"},
		{"create table a (b int references c (d) on delete cascade on update set null, check (b > 0))", "w:a"},
		{"create table if not exists s.a (b int)", "a:s.a"},
		{"create temp table a as select * from b", "r:b w:a"},
		{"create table a as (with x as (select * from b) select * from x)", "r:b w:a"},
		{"create or replace materialized view v as select * from a", "r:a w:v"},
		{"create unique index concurrently i on a (b) where c", ""},
		{"create function f() returns int as $$ delete from a $$ language sql", "??"},
		{"create trigger t after insert on a begin insert into b values (1); end", "?? tx"},
		{"drop table if exists a, s.b", "d:a d:s.b"},
		{"drop index i", ""},
		{"drop schema s cascade", "??"},
		{"alter table a add column b int", "a:a"},
		{"alter table if exists only s.a rename to b", "a:s.a a:s.b r:s.a"},
		{"alter table a add column b varchar(10) check (b > ''), add c int", "a:a"},
		{"alter table a rename column b to c", "a:a"},
		{"alter table a attach partition b for values in (1)", "a:a ??"},
		{"alter database d set x = 1", "??"},
		{"refresh materialized view v", "??"},

		// Other statements.
		{"explain (analyze, verbose) insert into a select * from b", "a:a r:b"},
		{"explain query plan select * from a", "r:a"},
		{"prepare p (int) as select * from a where b = $1", "r:a"},
		{"execute p (1)", "??"},
		{"declare c cursor for select * from a", "r:a"},
		{"fetch 10 from c", ""},
		{"begin", "tx"},
		{"start transaction isolation level serializable, read only", "tx"},
		{"begin update a set b = 1; end", "?? tx"},
		{"commit and chain", "tx"},
		{"rollback to savepoint x", "tx"},
		{"set local search_path to s, public", "moves"},
		{"use other", "moves"},
		{"set x = (select y from a)", "r:a"},
		{"set nocount on select * from a", "r:a"},
		{"grant select, update on a to bob", ""},
		{"lock table a in share update exclusive mode", ""},
		{"vacuum analyze a", ""},
		{"vacuum (full, analyze) a; grant select (b) on a to bob; revoke all on a from bob", ""},
		{"vacuum into 'copy.db'", "??"},
		{"pragma table_info(a)", ""},
		{"call p(1)", "??"},
		{"do $$ begin delete from a; end $$", "??"},
		{"nonsense", "??"},
		{"select * from a; insert into b values (1); ", "a:b r:a"},
		{"select * from a update b set c = 1", "r:a ??"},
		{"select * from a select * from b", "r:a r:b"},
		{"commit delete from a", "?? tx"},
		{"select * from a)", "r:a ??"},
		{"select * from (a", "r:a ??"},

		// Comments and quotes: what is in them is not run, and what is not, is.
		{"select * from a -- , b\n, c", "r:a r:c"},
		{"select * from a /* , b /* */ */ , c", "r:a r:c ??"},
		{"select * from a /* , b */ , c", "r:a r:c"},
		{"select * from a /*! , b */", "r:a ??"},
		{"select 5--3 from a", "??"},
		{"select 5--b from a", "??"},
		{"select (5)--b from a", "??"},
		{"select a, --the name\nb --and more\nfrom a", "r:a"},
		{"select 1 # from a", "r:a ??"},
		{`select x #> '{y}', x #- '{z}' from a`, "r:a"},
		{"select 'from a', 'it''s from b' from c", "r:c"},
		{`select 'C:\' from a, b where x = '\'`, "r:a r:b ??"},
		{`select '\d\\x', "\d" from a`, "r:a"},
		{`select 'x\\' from a`, "r:a"},
		{`select e'it\'s from b' from c`, "r:c"},
		{`select n'x', b'1', x'ff', _utf8'y' from c`, "r:c"},
		{"select q'[it's]' from a --'", "??"},
		{`select u&"d\0061t" from a`, "r:a ??"},
		{"select $$ from a $$, $x$ $$ from b $x$ from c where d = $1 and e = $name", "r:c"},
		{"select $$ from a", "??"},
		{"select 'x from a", "??"},
		{`select * from "a`, "r:a ??"},
		{"select * from a /* b", "r:a ??"},
		{"select a[1], array[[1],[2]] from t", "r:t"},
		{"select (['it]s', 'x']) from t", "??"},
		{"select x.from, y.update from t", "r:t"},
	} {
		assert.Equal(t, tc.want, touchedBy(tc.query), tc.query)
		if !strings.Contains(tc.query, "--") && !strings.Contains(tc.query, "#") {
			upper := strings.NewReplacer("\t", " ", " ", "\n\t").Replace(tc.query)
			if !strings.ContainsAny(tc.query, "'$`[\"") {
				upper = strings.ToUpper(upper)
				assert.Equal(t, strings.ToLower(tc.want), strings.ToLower(touchedBy(upper)), upper)
			}
		}
	}
}

func TestSQLDepth(t *testing.T) {
	deep := strings.Repeat("(", 100) + "select * from a" + strings.Repeat(")", 100)
	assert.Equal(t, "r:a", touchedBy(deep))
	assert.Equal(t, "??", touchedBy(strings.Repeat("(", 1<<16)+"select * from a"))
	assert.Equal(t, "??", touchedBy("select * from "+strings.Repeat("(", 1<<16)+" a"))
}

// FuzzSQLTables: whatever a query is, what stands after it is found, or it is unclear.
func FuzzSQLTables(f *testing.F) {
	for _, seed := range []string{
		"select * from a", "with x as (select 1) insert into a select * from x", "select '\\' from a", "delete from a using b", "/* /* */",
		"$x$", "create table a as", "merge into a using b on true", "update a set b = [c]", `u&"`, "create table a as (select 1)", "-- x\n;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		touched := findSQLTables(query + "\n; insert into hidden values (1)")
		found := slices.ContainsFunc(touched.tables, func(t sqlTable) bool {
			return t.op == audit.OpAppend && len(t.name) == 1 && t.name[0].text == "hidden"
		})
		if !found && !touched.unclear {
			t.Errorf("%q hides what follows", query)
		}
		for _, table := range touched.tables {
			assert.NotEmpty(t, table.name)
		}
	})
}

// Plans are kept, but not without end.
func TestSQLPlans(t *testing.T) {
	var plans sqlPlans
	first := plans.of("select * from a")
	assert.Same(t, first, plans.of("select * from a"))
	for i := range 3 * maxSQLPlans {
		assert.Len(t, plans.of(fmt.Sprintf("select * from a where b = %d", i)).touched.tables, 1)
		assert.LessOrEqual(t, len(plans.plans), maxSQLPlans)
	}
	long := "select * from a -- " + strings.Repeat("x", maxKeptSQLLen)
	assert.NotSame(t, plans.of(long), plans.of(long))
}

func BenchmarkFindSQLTables(b *testing.B) {
	const query = `with day as (select max(day) as d from calendar)
		insert into nav (fund, nav) select p.fund, sum(p.price * h.amount) from prices p join public.holdings h using (isin), day
		where p.day = day.d and h.book in (select id from books where region = $1) group by p.fund -- per fund`
	b.SetBytes(int64(len(query)))
	b.ReportAllocs()
	for b.Loop() {
		findSQLTables(query)
	}
}
