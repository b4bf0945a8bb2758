package lineagesql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// connector returns a connector of a driver whose queries are recorded.
func connector(t *testing.T, d driver.Driver, dsn string, options lineage.SQLOptions) driver.Connector {
	t.Helper()
	c, err := lineage.SQLDriver(d, options).(driver.DriverContext).OpenConnector(dsn)
	require.NoError(t, err)
	return c
}

// openSQLite returns a pool of connections to a database in a file.
func openSQLite(t *testing.T, options lineage.SQLOptions) *sql.DB {
	t.Helper()
	options.Database, options.IgnoreCase = "sqlite://fund", true
	db := sql.OpenDB(connector(t, &sqlite.Driver{}, "file:"+t.TempDir()+"/db?_pragma=busy_timeout(5000)", options))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// databases runs a test with each database. Tables are in the collection in.
func databases(t *testing.T, options lineage.SQLOptions, test func(t *testing.T, db *sql.DB, in string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t, options), "sqlite://fund/") })
	t.Run("postgres", func(t *testing.T) {
		db := openPostgres(t, options)
		_, err := db.Exec("drop schema public cascade; create schema public")
		require.NoError(t, err)
		test(t, db, "postgres://db.example/fund/public/")
	})
}

// run calls fn in a run, and returns what was recorded. The run must have no errors.
func run(t *testing.T, fn func(ctx context.Context)) []audit.Access {
	t.Helper()
	rec := audittest.New(t)
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		fn(ctx)
		return nil
	}))
	rec.Errors()
	return accesses(t, rec)
}

// accesses returns what was recorded, in order.
func accesses(t *testing.T, rec *audittest.Recorder) (out []audit.Access) {
	t.Helper()
	for _, r := range rec.Records() {
		if r.Kind == audit.KindAccess {
			var a audit.Access
			require.NoError(t, json.Unmarshal(r.JSON, &a))
			out = append(out, a)
		}
	}
	return out
}

// told returns accesses in short, with the names of tables for the records in a
// collection.
func told(all []audit.Access, in string) []string {
	out := []string{}
	for _, a := range all {
		s := string(a.Op) + " " + shortened(a.Record, in)
		if a.From != nil {
			s += " from nothing"
		}
		out = append(out, s)
	}
	return out
}

func shortened(record, in string) string {
	if len(record) >= len(in) && record[:len(in)] == in {
		return record[len(in):]
	}
	return record
}

// execute executes statements one after the other.
func execute(t *testing.T, ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statements ...string) {
	t.Helper()
	for _, s := range statements {
		_, err := db.ExecContext(ctx, s)
		require.NoError(t, err, s)
	}
}
