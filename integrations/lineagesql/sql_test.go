package lineagesql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Statements, run for real, and what is recorded of them.
func TestStatements(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		for _, tc := range []struct {
			query string
			args  []any
			want  []string
		}{
			{"create table prices (id integer primary key, price integer)", nil, []string{"append prices", "write prices"}},
			{`create table if not exists "Nav" (id integer primary key, nav integer)`, nil, nil},
			{"insert into prices values ($1, $2), (2, 20)", []any{1, 10}, []string{"append prices"}},
			{`insert into "Nav" select id, price * 2 from prices as p where exists (select 1 from prices)`, nil, nil},
			{"create table report as select p.id from prices p join prices q using (id)", nil, []string{"read prices", "append report", "write report"}},
			{"update prices set price = 11 where id = 1 returning price", nil, []string{"read prices", "append prices"}},
			{"update prices set price = r.id from report r where r.id = prices.id", nil, []string{"read report", "append prices"}},
			{"delete from prices where id in (select id from report where id > 7)", nil, []string{"read report", "append prices from nothing"}},
			{"insert into prices values (1, 5) on conflict (id) do update set price = excluded.price + 1", nil, []string{"append prices"}},
			{"with report as (select id from prices) select * from report", nil, []string{"read prices"}},
			{"select 1", nil, []string{}},
			{"drop table report", nil, []string{"append report from nothing", "delete report"}},
		} {
			got := told(run(t, func(ctx context.Context) {
				rows, err := db.QueryContext(ctx, tc.query, tc.args...)
				require.NoError(t, err, tc.query)
				for rows.Next() {
				}
				require.NoError(t, rows.Err(), tc.query)
				require.NoError(t, rows.Close())
			}), in)
			if tc.want != nil {
				assert.Equal(t, tc.want, got, tc.query)
			}
		}
		nav := "Nav"
		if in == "sqlite://fund/" {
			nav = "nav"
		}
		assert.Equal(t, []string{"read " + nav}, told(run(t, func(ctx context.Context) {
			var n int
			require.NoError(t, db.QueryRowContext(ctx, `select sum(nav) from "Nav" /* , prices */ -- , report`).Scan(&n))
			assert.Equal(t, 60, n)
		}), in))
	})
}

// What fails is recorded as it might have been done; a read that fails is none.
func TestFailures(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table prices (id integer primary key)", "insert into prices values (1)")
		assert.Equal(t, []string{"append prices", "append none from nothing"}, told(run(t, func(ctx context.Context) {
			_, err := db.ExecContext(ctx, "insert into prices values (1)")
			require.Error(t, err)
			_, err = db.QueryContext(ctx, "select * from none") //nolint:rowserrcheck,sqlclosecheck // there are none
			require.Error(t, err)
			_, err = db.ExecContext(ctx, "drop table none")
			require.Error(t, err)
		}), in))
	})
}

func TestTransactions(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table a (id integer)", "create table b (id integer)")
		transact := func(end func(*sql.Tx) error, statements ...string) []string {
			return told(run(t, func(ctx context.Context) {
				tx, err := db.BeginTx(ctx, nil)
				require.NoError(t, err)
				for _, s := range statements {
					_, err = tx.Exec(s) //nolint:noctx // the run is that of the transaction
					require.NoError(t, err, s)
				}
				require.NoError(t, end(tx))
			}), in)
		}
		commit, rollback := (*sql.Tx).Commit, (*sql.Tx).Rollback
		assert.Equal(t, []string{"append c", "append a", "write c"}, transact(commit, "create table c (id integer)", "insert into a values (1)"))
		assert.Equal(t, []string{"append d"}, transact(rollback, "create table d (id integer)"))
		assert.Equal(t, []string{"append b from nothing"}, transact(rollback, "drop table b"))
		assert.Equal(t, []string{"append b from nothing", "append b", "write b"},
			transact(commit, "drop table b", "create table b (id integer)"), "the newest change is what is there")
		assert.Equal(t, []string{"append a from nothing", "append a", "append a"},
			transact(commit, "drop table a", "create table a (id integer)", "insert into a values (2)"), "what was added last is not taken for replaced")
	})
}

// Somebody who writes BEGIN himself: nobody knows what is committed.
func TestTransactionsByStatement(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table a (id integer)")
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close() //nolint:errcheck // the test is over
		assert.Equal(t, []string{"append a from nothing"}, told(run(t, func(ctx context.Context) {
			execute(t, ctx, conn, "begin", "drop table a", "rollback")
		}), in))
		assert.Equal(t, []string{"read a"}, told(run(t, func(ctx context.Context) {
			require.NoError(t, conn.QueryRowContext(ctx, "select count(*) from a").Scan(new(int)))
		}), in))
	})
}

// A prepared statement is recorded each time it runs, in the run that runs it.
func TestPrepared(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table a (id integer)")
		insert, err := db.PrepareContext(t.Context(), "insert into a values ($1)")
		require.NoError(t, err)
		defer insert.Close() //nolint:errcheck // the test is over
		for i := range 2 {
			assert.Equal(t, []string{"append a", "append a"}, told(run(t, func(ctx context.Context) {
				for range 2 {
					_, err := insert.ExecContext(ctx, i)
					require.NoError(t, err)
				}
			}), in))
		}
		var n int
		require.NoError(t, db.QueryRow("select count(*) from a").Scan(&n)) //nolint:noctx // in no run
		assert.Equal(t, 4, n)
	})
}

// What an agent reads is found in what it writes; what was rolled back may have been.
func TestTrace(t *testing.T) {
	databases(t, lineage.SQLOptions{Source: "fund-db"}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table prices (id integer, price integer)", "create table nav (id integer, nav integer)", "create table other (id integer)")
		dir := t.TempDir()
		_, err := vaultcfg.Init(dir, "fund", vaultcfg.L4, vaultcfg.Sandbox)
		require.NoError(t, err)
		v, err := flexor.Open(t.Context(), dir, nil)
		require.NoError(t, err)
		defer v.Close() //nolint:errcheck // the test is over
		do := func(agent string, fn func(ctx context.Context) error) {
			require.NoError(t, v.Audit.Do(t.Context(), agent, audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error { return fn(ctx) }))
		}
		do("feed", func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "insert into prices values (1, 10)")
			return err
		})
		do("nav", func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "insert into nav select id, price from prices")
			return err
		})
		do("bystander", func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "insert into other values (1)")
			return err
		})
		do("undecided", func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "insert into other select id from nav")
			return errors.Join(err, tx.Rollback())
		})
		do("reader", func(ctx context.Context) error {
			return db.QueryRowContext(ctx, "select count(*) from other").Scan(new(int))
		})
		res, err := lineage.Trace(t.Context(), v.Log, lineage.Query{Record: in + "prices"})
		require.NoError(t, err)
		got := map[string]lineage.Role{}
		for _, touch := range res.Touches {
			got[touch.AgentName] = touch.Role
			assert.Equal(t, "fund-db", touch.Source)
		}
		assert.Equal(t, map[string]lineage.Role{
			"feed": lineage.WrittenBy, "nav": lineage.IncludedIn, "undecided": lineage.IncludedIn, "reader": lineage.UsedBy,
		}, got)
	})
}

// A mapping names records below tables. It alone sees arguments.
func TestMap(t *testing.T) {
	mapped := func(_ context.Context, query string, args []driver.NamedValue) ([]audit.Access, bool) {
		if query != "select price from prices where id = $1" {
			return nil, false
		}
		return []audit.Access{{Op: audit.OpRead, Record: fmt.Sprintf("fund://prices/%v", args[0].Value)}}, true
	}
	databases(t, lineage.SQLOptions{Map: mapped}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table prices (id integer, price integer)")
		all := run(t, func(ctx context.Context) {
			_, err := db.ExecContext(ctx, "insert into prices values ($1, $2)", 7, 424242)
			require.NoError(t, err)
			require.NoError(t, db.QueryRowContext(ctx, "select price from prices where id = $1", 7).Scan(new(int)))
		})
		assert.Equal(t, []string{"append prices", "read fund://prices/7"}, told(all, in))
		assert.NotContains(t, fmt.Sprint(all), "424242")
	})
}

// PostgreSQL has what SQLite has not.
func TestPostgres(t *testing.T) {
	db := openPostgres(t, lineage.SQLOptions{})
	const in = "postgres://db.example/fund/"
	execute(t, t.Context(), db, "drop schema public cascade; create schema public; drop schema if exists app cascade; create schema app",
		"create table a (id int); create table app.a (id int); create table b (id int primary key)",
		"create procedure p() language sql as 'delete from a'")
	for query, want := range map[string][]string{
		"truncate a, app.a":                   {"append public/a from nothing", "append app/a from nothing", "delete public/a", "delete app/a"},
		"call p()":                            {"read ", "append "},
		"do $$ begin delete from a; end $$":   {"read ", "append "},
		"select * from generate_series(1, 2)": {},
		"select a.id into c from a, app.a q":  {"read public/a", "read app/a", "append public/c", "write public/c"},
		"with x as (delete from app.a returning id) insert into a select id from x":                               {"read app/a", "append app/a from nothing", "append public/a"},
		"merge into b using a on a.id = b.id when matched then delete when not matched then insert values (a.id)": {"read public/a", "append public/b"},
		"insert into b values (9); truncate b; insert into b values (9)":                                          {"append public/b from nothing", "append public/b"},
		"table only b": {"read public/b"},
	} {
		got := told(run(t, func(ctx context.Context) {
			_, err := db.ExecContext(ctx, query)
			require.NoError(t, err, query)
		}), in)
		assert.ElementsMatch(t, want, got, query)
	}

	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // the test is over
	execute(t, t.Context(), conn, "set search_path to app")
	assert.Equal(t, []string{"read ", "read public/a", "append ", "read app/a"}, told(run(t, func(ctx context.Context) {
		execute(t, ctx, conn, "select * from a", "select * from app.a")
	}), in), "after SET search_path nobody knows which table a name is of")

	require.NoError(t, conn.Raw(func(c any) error {
		_, ok := c.(interface{ Unwrap() driver.Conn }).Unwrap().(*stdlib.Conn)
		assert.True(t, ok, "the connection of the driver is to be had")
		return nil
	}))
}

// The driver's own types, options of transactions, cancellation and errors go through.
func TestPostgresPassesThrough(t *testing.T) {
	db := openPostgres(t, lineage.SQLOptions{})
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), "select cardinality($1::int[])", []int32{1, 2}).Scan(&n), "an argument that only pgx converts")
	assert.Equal(t, 2, n)

	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
	require.NoError(t, err)
	var level string
	require.NoError(t, tx.QueryRowContext(t.Context(), "show transaction_isolation").Scan(&level))
	assert.Equal(t, "serializable", level)
	_, err = tx.ExecContext(t.Context(), "create table x (id int)")
	require.ErrorContains(t, err, "read-only")
	require.NoError(t, tx.Rollback())

	rows, err := db.QueryContext(t.Context(), "select 1::numeric(10, 2) as n")
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // the test is over
	types, err := rows.ColumnTypes()
	require.NoError(t, err)
	precision, scale, ok := types[0].DecimalSize()
	assert.Equal(t, []any{int64(10), int64(2), true}, []any{precision, scale, ok})
	assert.Equal(t, "NUMERIC", types[0].DatabaseTypeName())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = db.ExecContext(ctx, "select pg_sleep(60)")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, db.PingContext(t.Context()))
}

// SQLite runs several statements, and takes named arguments.
func TestSQLitePassesThrough(t *testing.T) {
	db := openSQLite(t, lineage.SQLOptions{})
	assert.Equal(t, []string{"append a", "write a", "append a"}, told(run(t, func(ctx context.Context) {
		execute(t, ctx, db, "create table a (id integer, at datetime)")
		_, err := db.ExecContext(ctx, "insert into a values (:id, @at)", sql.Named("id", 1), sql.Named("at", time.Unix(1777556400, 0).UTC()))
		require.NoError(t, err)
	}), "sqlite://fund/"))
	var at time.Time
	require.NoError(t, db.QueryRowContext(t.Context(), "select at from a").Scan(&at))
	assert.Equal(t, int64(1777556400), at.Unix())
}

// Many runs at once, on a pool of connections.
func TestConcurrent(t *testing.T) {
	databases(t, lineage.SQLOptions{}, func(t *testing.T, db *sql.DB, in string) {
		execute(t, t.Context(), db, "create table a (id integer)")
		db.SetMaxOpenConns(4)
		rec := audittest.New(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				assert.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
					for range 5 {
						if _, err := db.ExecContext(ctx, "insert into a values ($1)", i); err != nil {
							return err
						}
					}
					return db.QueryRowContext(ctx, "select count(*) from a").Scan(new(int))
				}))
			})
		}
		wg.Wait()
		assert.Len(t, accesses(t, rec), 8*6)
	})
}
