package lineage

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/flexorhq/flexor-go/audit"
)

// sqlConn is a connection whose queries are recorded. It is used by one goroutine at a
// time, as every [driver.Conn]. Optional methods that the connection below has not do what
// database/sql does without them; those where that cannot be, for it would convert
// arguments in another way, are added by recordedConn.
type sqlConn struct {
	driver.Conn
	driver *sqlDriver

	tx      *audit.Run    // of the transaction, if it has one
	inTx    bool          // a transaction is open that was begun by BeginTx
	pending []*sqlAttempt // to settle when that is committed, from the first that must be

	statements bool   // transactions were begun or ended by statements
	moved      bool   // the schema of names without one was changed
	announced  string // a query that was announced, and is now to be prepared instead
}

var (
	_ driver.Pinger             = (*sqlConn)(nil)
	_ driver.ConnPrepareContext = (*sqlConn)(nil)
	_ driver.ConnBeginTx        = (*sqlConn)(nil)
	_ driver.SessionResetter    = (*sqlConn)(nil)
	_ driver.Validator          = (*sqlConn)(nil)
	_ driver.NamedValueChecker  = (*sqlConn)(nil)
)

// The abilities that were there before contexts, which database/sql still uses.
type (
	oldExecer interface {
		Exec(query string, args []driver.Value) (driver.Result, error)
	}
	oldQueryer interface {
		Query(query string, args []driver.Value) (driver.Rows, error)
	}
	oldBeginner   interface{ Begin() (driver.Tx, error) }
	oldStmtExecer interface {
		Exec(args []driver.Value) (driver.Result, error)
	}
	oldStmtQueryer interface {
		Query(args []driver.Value) (driver.Rows, error)
	}
)

// recordedConn returns a connection with the abilities of c.
func recordedConn(c driver.Conn, d *sqlDriver) driver.Conn {
	conn := &sqlConn{Conn: c, driver: d}
	_, execs := c.(driver.ExecerContext)
	if _, ok := c.(oldExecer); ok {
		execs = true
	}
	_, queries := c.(driver.QueryerContext)
	if _, ok := c.(oldQueryer); ok {
		queries = true
	}
	switch {
	case execs && queries:
		return struct {
			*sqlConn
			sqlExecer
			sqlQueryer
		}{conn, sqlExecer{conn}, sqlQueryer{conn}}
	case execs:
		return struct {
			*sqlConn
			sqlExecer
		}{conn, sqlExecer{conn}}
	case queries:
		return struct {
			*sqlConn
			sqlQueryer
		}{conn, sqlQueryer{conn}}
	}
	return conn
}

// Unwrap returns the connection below.
func (c *sqlConn) Unwrap() driver.Conn { return c.Conn }

// recorded runs a query, with a record of it. announced says that there is one of its
// changes already.
func (c *sqlConn) recorded(ctx context.Context, plan *sqlPlan, args []driver.NamedValue, announced bool, effect func() error) error {
	run := audit.FromContext(ctx)
	if run == nil {
		run = c.tx
	}
	attempt := c.driver.options.attempt(ctx, run, plan, c.moved, args)
	if !announced {
		attempt.before()
	}
	c.announced = ""
	if err := effect(); err != nil {
		if errors.Is(err, driver.ErrSkip) && attempt != nil {
			c.announced = plan.query
		}
		return err
	}
	c.moved = c.moved || plan.touched.moves
	if plan.touched.transaction {
		c.statements, c.pending = true, nil
	}
	attempt.after()
	switch {
	case c.statements:
	case !c.inTx:
		settleSQL([]*sqlAttempt{attempt})
	case attempt.closes() || len(c.pending) > 0 && attempt != nil:
		c.pending = append(c.pending, attempt)
	}
	return nil
}

// sqlExecer is a connection that executes without preparing.
type sqlExecer struct{ c *sqlConn }

func (e sqlExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	err = e.c.recorded(ctx, e.c.driver.plans.of(query), args, false, func() (err error) {
		if x, ok := e.c.Conn.(driver.ExecerContext); ok {
			result, err = x.ExecContext(ctx, query, args)
			return err
		}
		values, err := oldValues(ctx, args)
		if err != nil {
			return err
		}
		result, err = e.c.Conn.(oldExecer).Exec(query, values)
		return err
	})
	return result, err
}

// sqlQueryer is a connection that queries without preparing.
type sqlQueryer struct{ c *sqlConn }

func (q sqlQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = q.c.recorded(ctx, q.c.driver.plans.of(query), args, false, func() (err error) {
		if x, ok := q.c.Conn.(driver.QueryerContext); ok {
			rows, err = x.QueryContext(ctx, query, args)
			return err
		}
		values, err := oldValues(ctx, args)
		if err != nil {
			return err
		}
		rows, err = q.c.Conn.(oldQueryer).Query(query, values)
		return err
	})
	return rows, err
}

// oldValues returns arguments for a driver that knows neither contexts nor names.
func oldValues(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = a.Value
	}
	return values, ctx.Err()
}

func (c *sqlConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *sqlConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	announced := c.announced != "" && c.announced == query
	c.announced = ""
	s, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return recordedStmt(s, c, query, announced), nil
}

func (c *sqlConn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, query)
	}
	s, err := c.Conn.Prepare(query)
	if err == nil && ctx.Err() != nil {
		_ = s.Close()
		return nil, ctx.Err()
	}
	return s, err
}

func (c *sqlConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *sqlConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.begin(ctx, options)
	if err != nil {
		return nil, err
	}
	c.tx, c.inTx, c.pending = audit.FromContext(ctx), true, nil
	return &sqlTx{tx, c}, nil
}

func (c *sqlConn) begin(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	b, ok := c.Conn.(driver.ConnBeginTx)
	switch {
	case ok:
		return b.BeginTx(ctx, options)
	case options.Isolation != 0:
		return nil, errors.New("sql: driver does not support non-default isolation level")
	case options.ReadOnly:
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := c.Conn.(oldBeginner).Begin()
	if err == nil && ctx.Err() != nil {
		_ = tx.Rollback()
		return nil, ctx.Err()
	}
	return tx, err
}

// sqlTx is a transaction. What it has changed is settled when it is committed.
type sqlTx struct {
	driver.Tx
	c *sqlConn
}

func (t *sqlTx) Commit() error {
	pending := t.c.pending
	t.ended()
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	settleSQL(pending)
	return nil
}

func (t *sqlTx) Rollback() error {
	t.ended()
	return t.Tx.Rollback()
}

func (t *sqlTx) ended() { t.c.tx, t.c.inTx, t.c.pending = nil, false, nil }

func (c *sqlConn) Ping(ctx context.Context) error {
	if p, ok := c.Conn.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *sqlConn) ResetSession(ctx context.Context) error {
	c.announced = ""
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *sqlConn) IsValid() bool {
	if v, ok := c.Conn.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

func (c *sqlConn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
