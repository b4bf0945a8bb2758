package lineage_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// diary is what a driver was asked to do.
type diary struct{ lines []string }

func (d *diary) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// The parts of which drivers are made that have some abilities and not others.
type (
	plainDriver struct {
		*diary
		conn func(*diary) driver.Conn
	}
	contextDriver struct{ plainDriver }

	plainConn struct{ *diary }
	plainStmt struct{ *diary }
	plainTx   struct{ *diary }

	oldExec     struct{ *diary }
	oldQuery    struct{ *diary }
	skipExec    struct{ *diary }
	newExec     struct{ *diary }
	newQuery    struct{ *diary }
	newPrepare  struct{ *diary }
	newBegin    struct{ *diary }
	session     struct{ *diary }
	connChecker struct{ *diary }
	newStmt     struct{ *diary }
	stmtChecker struct{ *diary }
	converter   struct{ *diary }
)

func (d plainDriver) Open(name string) (driver.Conn, error) {
	d.add("open %s", name)
	return d.conn(d.diary), nil
}

func (d contextDriver) OpenConnector(name string) (driver.Connector, error) {
	if name == "bad" {
		return nil, errors.New("bad name")
	}
	return contextConnector{d, name}, nil
}

type contextConnector struct {
	d    contextDriver
	name string
}

func (c contextConnector) Connect(context.Context) (driver.Conn, error) { return c.d.Open(c.name) }
func (c contextConnector) Driver() driver.Driver                        { return c.d }
func (c contextConnector) Close() error                                 { c.d.add("connector closed"); return nil }

func (c plainConn) Prepare(q string) (driver.Stmt, error) {
	c.add("prepare %s", q)
	return plainStmt(c), nil
}
func (c plainConn) Close() error              { c.add("close"); return nil }
func (c plainConn) Begin() (driver.Tx, error) { c.add("begin"); return plainTx(c), nil }
func (t plainTx) Commit() error               { t.add("commit"); return nil }
func (t plainTx) Rollback() error             { t.add("rollback"); return nil }
func (s plainStmt) Close() error              { s.add("close statement"); return nil }
func (s plainStmt) NumInput() int             { return -1 }
func (s plainStmt) Exec(v []driver.Value) (driver.Result, error) {
	s.add("statement exec %v", v)
	return driver.RowsAffected(1), nil
}
func (s plainStmt) Query(v []driver.Value) (driver.Rows, error) {
	s.add("statement query %v", v)
	return noRows{}, nil
}

func (c oldExec) Exec(q string, v []driver.Value) (driver.Result, error) {
	c.add("exec %s %v", q, v)
	return driver.RowsAffected(1), nil
}
func (c oldQuery) Query(q string, v []driver.Value) (driver.Rows, error) {
	c.add("query %s %v", q, v)
	return noRows{}, nil
}
func (c skipExec) ExecContext(_ context.Context, q string, v []driver.NamedValue) (driver.Result, error) {
	c.add("skip %s %v", q, v)
	return nil, driver.ErrSkip
}
func (c newExec) ExecContext(_ context.Context, q string, v []driver.NamedValue) (driver.Result, error) {
	c.add("exec in context %s %v", q, v)
	return driver.RowsAffected(1), nil
}
func (c newQuery) QueryContext(_ context.Context, q string, v []driver.NamedValue) (driver.Rows, error) {
	c.add("query in context %s %v", q, v)
	return noRows{}, nil
}
func (c newPrepare) PrepareContext(_ context.Context, q string) (driver.Stmt, error) {
	c.add("prepare in context %s", q)
	return struct {
		plainStmt
		newStmt
		stmtChecker
		converter
	}{plainStmt(c), newStmt(c), stmtChecker(c), converter(c)}, nil
}
func (c newBegin) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.add("begin in context %v", o)
	return plainTx(c), nil
}
func (c session) Ping(context.Context) error         { c.add("ping"); return errors.New("no pong") }
func (c session) ResetSession(context.Context) error { c.add("reset"); return nil }
func (c session) IsValid() bool                      { c.add("valid?"); return false }
func (c connChecker) CheckNamedValue(v *driver.NamedValue) error {
	c.add("connection checks %T", v.Value)
	return taken(v)
}
func (s newStmt) ExecContext(_ context.Context, v []driver.NamedValue) (driver.Result, error) {
	s.add("statement exec in context %v", v)
	return driver.RowsAffected(1), nil
}
func (s newStmt) QueryContext(_ context.Context, v []driver.NamedValue) (driver.Rows, error) {
	s.add("statement query in context %v", v)
	return noRows{}, nil
}
func (s stmtChecker) CheckNamedValue(v *driver.NamedValue) error {
	s.add("statement checks %T", v.Value)
	return taken(v)
}

// taken takes lists, and leaves other values to others.
func taken(v *driver.NamedValue) error {
	if list, ok := v.Value.([]int); ok {
		v.Value = fmt.Sprint(list)
		return nil
	}
	return driver.ErrSkip
}
func (s converter) ColumnConverter(i int) driver.ValueConverter {
	s.add("convert column %d", i)
	return driver.String
}

// noRows has two result sets, to see that it is not replaced.
type noRows struct{}

func (noRows) Columns() []string            { return []string{"x"} }
func (noRows) Close() error                 { return nil }
func (noRows) Next([]driver.Value) error    { return io.EOF }
func (noRows) HasNextResultSet() bool       { return true }
func (noRows) NextResultSet() error         { return io.EOF }
func (noRows) ColumnTypeScanType(int) error { return nil }

// converting is a connection whose statements convert their arguments.
type converting struct{ plainConn }

func (c converting) Prepare(q string) (driver.Stmt, error) {
	c.add("prepare %s", q)
	return struct {
		plainStmt
		converter
	}{plainStmt(c.plainConn), converter(c.plainConn)}, nil
}

// A driver behaves in the same way with the recording around it, whatever it can do: it
// is asked the same, and its caller is told the same.
func TestSQLAbilities(t *testing.T) {
	for name, conn := range map[string]func(*diary) driver.Conn{
		"nothing": func(d *diary) driver.Conn { return plainConn{d} },
		"old exec": func(d *diary) driver.Conn {
			return struct {
				plainConn
				oldExec
			}{plainConn{d}, oldExec{d}}
		},
		"old query": func(d *diary) driver.Conn {
			return struct {
				plainConn
				oldQuery
			}{plainConn{d}, oldQuery{d}}
		},
		"old both, checks": func(d *diary) driver.Conn {
			return struct {
				plainConn
				oldExec
				oldQuery
				connChecker
			}{plainConn{d}, oldExec{d}, oldQuery{d}, connChecker{d}}
		},
		"skips": func(d *diary) driver.Conn {
			return struct {
				plainConn
				skipExec
			}{plainConn{d}, skipExec{d}}
		},
		"converts": func(d *diary) driver.Conn { return converting{plainConn{d}} },
		"converts, checks": func(d *diary) driver.Conn {
			return struct {
				converting
				connChecker
			}{converting{plainConn{d}}, connChecker{d}}
		},
		"session": func(d *diary) driver.Conn {
			return struct {
				plainConn
				session
			}{plainConn{d}, session{d}}
		},
		"all": func(d *diary) driver.Conn {
			return struct {
				newPrepare
				io.Closer
				oldBegin
				newExec
				newQuery
				newBegin
				connChecker
				session
				onlyPrepare
			}{newPrepare{d}, plainConn{d}, oldBegin{}, newExec{d}, newQuery{d}, newBegin{d}, connChecker{d}, session{d}, onlyPrepare{}}
		},
	} {
		for _, contexts := range []bool{false, true} {
			driverOf := func(d *diary) driver.Driver {
				if contexts {
					return contextDriver{plainDriver{d, conn}}
				}
				return plainDriver{d, conn}
			}
			var plain, wrapped diary
			saidPlain := useSQL(t, driverOf(&plain))
			saidWrapped := useSQL(t, lineage.SQLDriver(driverOf(&wrapped), lineage.SQLOptions{Database: "db://x"}))
			assert.Equal(t, plain.lines, wrapped.lines, "%s: what the driver is asked", name)
			assert.Equal(t, saidPlain, saidWrapped, "%s: what its caller is told", name)
			assert.NotEmpty(t, plain.lines)
		}
	}
}

// oldBegin and onlyPrepare make a connection of one that must not be asked so.
type (
	oldBegin    struct{}
	onlyPrepare struct{}
)

func (oldBegin) Begin() (driver.Tx, error) { return nil, errors.New("begin without context") }
func (onlyPrepare) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("prepare without context")
}

// useSQL uses a driver in many ways, in a run, and returns what it said.
func useSQL(t *testing.T, d driver.Driver) (said []string) {
	t.Helper()
	tell := func(what string, err error) { said = append(said, fmt.Sprintf("%s: %v", what, err)) }
	rec := audittest.New(t)
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		connector := func(name string) driver.Connector {
			if c, ok := d.(driver.DriverContext); ok {
				c, err := c.OpenConnector(name)
				if err != nil {
					tell("connector", err)
					return nil
				}
				return c
			}
			return named{d, name}
		}
		connector("bad")
		db := sql.OpenDB(connector("good"))
		db.SetMaxOpenConns(1)
		for _, args := range [][]any{nil, {1, "x"}, {[]int{1}}, {struct{}{}}, {sql.Named("n", 1)}} {
			_, err := db.ExecContext(ctx, "insert into t values (?)", args...)
			tell("exec", err)
			rows, err := db.QueryContext(ctx, "select * from t", args...)
			tell("query", err)
			if err == nil {
				tell("next set", fmt.Errorf("%v %v", rows.Next(), rows.NextResultSet()))
				tell("close", rows.Close())
			}
			stmt, err := db.PrepareContext(ctx, "update t set x = ?")
			tell("prepare", err)
			if err == nil {
				_, err = stmt.ExecContext(ctx, args...)
				tell("statement", err)
				rows, err := stmt.QueryContext(ctx, args...)
				tell("statement", err)
				if err == nil {
					tell("close", rows.Close())
				}
				tell("close", stmt.Close())
			}
		}
		for _, o := range []*sql.TxOptions{nil, {ReadOnly: true}, {Isolation: sql.LevelSerializable}} {
			tx, err := db.BeginTx(ctx, o)
			tell("begin", err)
			if err == nil {
				_, err = tx.ExecContext(ctx, "delete from t")
				tell("exec", err)
				tell("commit", tx.Commit())
			}
		}
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		_, err := db.ExecContext(canceled, "delete from t")
		tell("canceled", err)
		tell("ping", db.PingContext(ctx))
		tell("close", db.Close())
		return nil
	}))
	return said
}

// named is what database/sql makes of a driver without connectors.
type named struct {
	d    driver.Driver
	name string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.d.Open(n.name) }
func (n named) Driver() driver.Driver                        { return n.d }

// What a driver leaves to prepared statements is recorded once.
func TestSQLSkipped(t *testing.T) {
	d := &diary{}
	conn := func(d *diary) driver.Conn {
		return struct {
			plainConn
			skipExec
		}{plainConn{d}, skipExec{d}}
	}
	db := sql.OpenDB(lineage.SQLConnector(named{plainDriver{d, conn}, "x"}, lineage.SQLOptions{Database: "db://x/", Source: "x"}))
	defer db.Close() //nolint:errcheck // the test is over
	rec := inRun(t, func(ctx context.Context, rec *audittest.Recorder) {
		for range 2 {
			_, err := db.ExecContext(ctx, "insert into t values (?)", 1)
			require.NoError(t, err)
		}
	})
	assert.Equal(t, []string{"append db://x/t", "append db://x/t"}, happened(t, rec))
	assert.Equal(t, "x", accesses(t, rec)[0].Source)
	assert.Contains(t, strings.Join(d.lines, ";"), "statement exec [1]")
	_, wrapped := db.Driver().(plainDriver)
	assert.False(t, wrapped, "the driver is the one that records")
}

// The names of tables as records.
func TestSQLRecords(t *testing.T) {
	for _, tc := range []struct {
		options     lineage.SQLOptions
		query, want string
	}{
		{lineage.SQLOptions{Database: "postgres://db/fund", Schema: "public"}, `select * from prices, app."Nav / Q", fund.public.x`,
			"read postgres://db/fund/public/prices, read postgres://db/fund/app/Nav%20%2F%20Q, read postgres://db/fund/public/x"},
		{lineage.SQLOptions{Database: "mysql://db/fund/"}, "select * from `Prices`, other.x", "read mysql://db/fund/Prices, read mysql://db/fund/other/x"},
		{lineage.SQLOptions{Database: "sqlite://fund", IgnoreCase: true}, `select * from "Prices"`, "read sqlite://fund/prices"},
		{lineage.SQLOptions{Database: "postgres://bob:hunter2@db/fund"}, "nonsense", "read postgres://db/fund/, append postgres://db/fund/"},
	} {
		db := sql.OpenDB(lineage.SQLConnector(named{plainDriver{&diary{}, func(d *diary) driver.Conn { return plainConn{d} }}, "x"}, tc.options))
		rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) {
			_, err := db.ExecContext(ctx, tc.query)
			require.NoError(t, err)
		})
		assert.Equal(t, tc.want, strings.Join(happened(t, rec), ", "))
		require.NoError(t, db.Close())
	}
}

// What a transaction wrote or deleted is done when it is committed, and what was added to it
// after that stays.
func TestSQLTransactions(t *testing.T) {
	mapped := func(_ context.Context, query string, _ []driver.NamedValue) ([]audit.Access, bool) {
		switch query {
		case "empty all":
			return []audit.Access{{Op: audit.OpDelete, Record: "db://x/"}}, true
		case "add":
			return []audit.Access{{Op: audit.OpAppend, Record: "DB://x/%61"}}, true
		}
		return nil, false
	}
	commit, rollback := (*sql.Tx).Commit, (*sql.Tx).Rollback
	for _, tc := range []struct {
		end     func(*sql.Tx) error
		queries []string
		want    string
	}{
		{commit, []string{"truncate a"}, "append a, delete a"},
		{rollback, []string{"truncate a"}, "append a"},
		{commit, []string{"insert into a values (1)", "truncate a", "select * from a"}, "append a, append a, read a, delete a"},
		{commit, []string{"truncate a", "insert into b values (1)"}, "append a, append b, delete a"},
		{commit, []string{"truncate a", "insert into a values (1)"}, "append a, append a"},
		{commit, []string{"truncate a", "add"}, "append a, append a"},
		{commit, []string{"empty all", "insert into a values (1)"}, "append , append a"},
		{commit, []string{"truncate a", "call p()"}, "append a, read , append "},
		{commit, []string{"truncate a; insert into a values (1)"}, "append a, append a"},
		{commit, []string{"insert into a values (1); truncate a"}, "append a, append a, delete a"},
		{commit, []string{"truncate a", "rollback to savepoint s"}, "append a"},
		{commit, []string{"set search_path to b", "select * from a", "select * from b.a"}, "read , read a, append , read b/a"},
	} {
		db := sql.OpenDB(lineage.SQLConnector(named{plainDriver{&diary{}, func(d *diary) driver.Conn { return plainConn{d} }}, "x"},
			lineage.SQLOptions{Database: "db://x", Map: mapped}))
		rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) {
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			for _, q := range tc.queries {
				_, err := tx.Exec(q) //nolint:noctx // the run is that of the transaction
				require.NoError(t, err)
			}
			require.NoError(t, tc.end(tx))
			_, err = db.Exec("truncate z") //nolint:noctx // in no run
			require.NoError(t, err)
		})
		assert.Equal(t, tc.want, strings.ReplaceAll(strings.Join(happened(t, rec), ", "), "db://x/", ""), "%v", tc.queries)
		require.NoError(t, db.Close())
	}
}
