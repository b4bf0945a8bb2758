package lineage

import (
	"context"
	"database/sql/driver"
)

// sqlStmt is a prepared statement whose executions are recorded. As with [sqlConn],
// what the statement below cannot do is done as database/sql does it.
type sqlStmt struct {
	driver.Stmt
	c         *sqlConn
	plan      *sqlPlan
	announced bool // its first execution is
}

var (
	_ driver.StmtExecContext   = (*sqlStmt)(nil)
	_ driver.StmtQueryContext  = (*sqlStmt)(nil)
	_ driver.NamedValueChecker = (*sqlStmt)(nil)
)

// recordedStmt returns a statement with the abilities of s.
func recordedStmt(s driver.Stmt, c *sqlConn, query string, announced bool) driver.Stmt {
	stmt := &sqlStmt{s, c, c.driver.plans.of(query), announced}
	if converter, ok := s.(columnConverter); ok {
		return struct {
			*sqlStmt
			columnConverter
		}{stmt, converter}
	}
	return stmt
}

// columnConverter is what [driver.NamedValueChecker] has replaced. Database/sql asks it
// about arguments that no checker has taken.
type columnConverter interface {
	ColumnConverter(idx int) driver.ValueConverter
}

// recorded runs the statement, with a record of it.
func (s *sqlStmt) recorded(ctx context.Context, args []driver.NamedValue, effect func() error) error {
	announced := s.announced
	s.announced = false
	return s.c.recorded(ctx, s.plan, args, announced, effect)
}

func (s *sqlStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.recorded(ctx, args, func() (err error) {
		if x, ok := s.Stmt.(driver.StmtExecContext); ok {
			result, err = x.ExecContext(ctx, args)
			return err
		}
		values, err := oldValues(ctx, args)
		if err != nil {
			return err
		}
		result, err = s.Stmt.(oldStmtExecer).Exec(values)
		return err
	})
	return result, err
}

func (s *sqlStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.recorded(ctx, args, func() (err error) {
		if x, ok := s.Stmt.(driver.StmtQueryContext); ok {
			rows, err = x.QueryContext(ctx, args)
			return err
		}
		values, err := oldValues(ctx, args)
		if err != nil {
			return err
		}
		rows, err = s.Stmt.(oldStmtQueryer).Query(values)
		return err
	})
	return rows, err
}

// Exec and Query are for callers other than database/sql, which has contexts.
func (s *sqlStmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), namedValues(args))
}

func (s *sqlStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), namedValues(args))
}

func namedValues(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}

// CheckNamedValue asks the statement, else its connection, as database/sql does.
func (s *sqlStmt) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return s.c.CheckNamedValue(v)
}
