package lineage

import (
	"context"
	"database/sql/driver"
	"io"
)

// SQLDriver returns a database/sql driver that is d, and records which tables the
// queries of a run read and change:
//
//	sql.Register("postgres+lineage", lineage.SQLDriver(stdlib.GetDefaultDriver(), lineage.SQLOptions{
//		Database: "postgres://db.example/fund", Schema: "public",
//	}))
//	db, err := sql.Open("postgres+lineage", dsn)
//	rows, err := db.QueryContext(ctx, "select price from prices where day = $1", day) // reads …/fund/public/prices
//
// The run is that of the context of the query, else that of the context in which its
// transaction was begun; a query without any is executed and not recorded.
//
// What a statement does to a table, by its text:
//
//   - SELECT, COPY … TO and every table a statement takes rows from: a read.
//   - INSERT, UPDATE, DELETE, MERGE, REPLACE, COPY … FROM and ALTER TABLE: an append, for
//     what else the table holds stays. With RETURNING it is a read too, but for an INSERT
//     that updates no rows: it returns what it has brought.
//   - CREATE TABLE, CREATE VIEW, SELECT … INTO: a write. TRUNCATE and DROP: a delete.
//   - BEGIN, SET, GRANT, CREATE INDEX and the like: nothing.
//   - What is not understood, such as CALL and DO, a function that stands for a table, or
//     a text that databases would read in different ways: a read of, and an append to, the
//     whole database, as a collection. So is, besides, what names a table without its
//     schema on a connection after SET search_path or USE.
//
// A query that only reads is recorded when it has succeeded; one that changes something,
// before it runs, so that what fails or is rolled back counts as a change that may have been
// made. A write or delete is first recorded as an append, and as what it is when the
// statement has succeeded or its transaction is committed; not so on a connection on which
// somebody began or ended a transaction by a statement.
//
// What a text does not show is not seen: the tables behind views, and what triggers,
// functions, foreign keys and partitions do. Say it with [SQLOptions.Map]. Nor is seen
// what goes around database/sql, by [database/sql.Conn.Raw]; what that hands out has a
// method Unwrap() driver.Conn for the connection of d.
//
// The driver has the optional abilities that d has, and its connections and statements
// those that the ones of d have.
func SQLDriver(d driver.Driver, options SQLOptions) driver.Driver {
	return &sqlDriver{Driver: d, options: options}
}

// SQLConnector is [SQLDriver] for a [driver.Connector], as [database/sql.OpenDB] takes one.
func SQLConnector(c driver.Connector, options SQLOptions) driver.Connector {
	return &sqlConnector{c, &sqlDriver{Driver: c.Driver(), options: options}}
}

type sqlDriver struct {
	driver.Driver
	options SQLOptions
	plans   sqlPlans
}

var _ driver.DriverContext = (*sqlDriver)(nil)

func (d *sqlDriver) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return recordedConn(c, d), nil
}

// OpenConnector is that of the driver below; without one the name is kept until it is
// needed, as database/sql does.
func (d *sqlDriver) OpenConnector(name string) (driver.Connector, error) {
	below, ok := d.Driver.(driver.DriverContext)
	if !ok {
		return &sqlConnector{sqlName{d.Driver, name}, d}, nil
	}
	c, err := below.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return &sqlConnector{c, d}, nil
}

// sqlName is the connector of a driver that has none.
type sqlName struct {
	driver driver.Driver
	name   string
}

func (n sqlName) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.name) }
func (n sqlName) Driver() driver.Driver                        { return n.driver }

type sqlConnector struct {
	driver.Connector
	driver *sqlDriver
}

var _ io.Closer = (*sqlConnector)(nil)

func (c *sqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return recordedConn(conn, c.driver), nil
}

func (c *sqlConnector) Driver() driver.Driver { return c.driver }

// Close closes a connector that can be closed, as database/sql does with its own.
func (c *sqlConnector) Close() error {
	if closer, ok := c.Connector.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
