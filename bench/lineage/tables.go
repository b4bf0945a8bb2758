package main

import (
	"context"
	"database/sql"
)

// tables answers with tables in a database.
type tables struct {
	name     string
	db       *sql.DB
	server   bool // it is a process of its own
	numbered bool // its parameters are $1, not ?
	load     func(ctx context.Context, accesses []access) error
	size     func(ctx context.Context) (int64, error)
	close    func()
}

// schema are the tables, and what is made when they are full.
var (
	schema  = []string{`CREATE TABLE accesses (pos BIGINT PRIMARY KEY, run INTEGER NOT NULL, rec INTEGER NOT NULL, op INTEGER NOT NULL)`}
	indexes = []string{`CREATE INDEX by_record ON accesses (rec, op, pos)`, `CREATE INDEX by_run ON accesses (run, op, pos)`}
)

// The queries. A version of a record lives until the next write of it; what reads it in
// between makes of it all that it writes from then on.
const (
	pointQuery = `SELECT pos, run, op FROM accesses WHERE rec = ?`

	recursiveQuery = `
WITH RECURSIVE made (pos, rec) AS (
	SELECT w.pos, w.rec FROM accesses r JOIN accesses w ON w.run = r.run AND w.op = 1 AND w.pos > r.pos WHERE r.rec = ? AND r.op = 0
	UNION
	SELECT w.pos, w.rec FROM made m
	JOIN accesses r ON r.rec = m.rec AND r.op = 0 AND r.pos > m.pos
		AND r.pos < coalesce((SELECT min(n.pos) FROM accesses n WHERE n.rec = m.rec AND n.op = 1 AND n.pos > m.pos), 9000000000000000000)
	JOIN accesses w ON w.run = r.run AND w.op = 1 AND w.pos > r.pos
) SELECT count(*) FROM made WHERE rec <> ?`

	firstQuery = `SELECT DISTINCT w.pos, w.rec FROM accesses r JOIN accesses w ON w.run = r.run AND w.op = 1 AND w.pos > r.pos WHERE r.rec = ? AND r.op = 0`
	endQuery   = `SELECT coalesce(min(pos), 9000000000000000000) FROM accesses WHERE rec = ? AND op = 1 AND pos > ?`
	nextQuery  = `SELECT DISTINCT w.pos, w.rec FROM accesses r JOIN accesses w ON w.run = r.run AND w.op = 1 AND w.pos > r.pos
	WHERE r.rec = ? AND r.op = 0 AND r.pos > ? AND r.pos < ?`
)

// prepare prepares a query.
func (t *tables) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if t.numbered {
		query = numbered(query)
	}
	return t.db.PrepareContext(ctx, query)
}

// numbered returns a query with numbered parameters.
func numbered(query string) string {
	out, n := []byte{}, byte('0')
	for i := range len(query) {
		if query[i] != '?' {
			out = append(out, query[i])
			continue
		}
		n++
		out = append(out, '$', n)
	}
	return string(out)
}

// point returns how many accesses a record has.
func (t *tables) point(ctx context.Context, q *sql.Stmt, record int32) (n int, err error) {
	rows, err := q.QueryContext(ctx, record)
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // it was read
	for rows.Next() {
		var pos, run, op int64
		if err := rows.Scan(&pos, &run, &op); err != nil {
			return 0, err
		}
		n++
	}
	return n, rows.Err()
}

// recursive returns how many versions were made from a record.
func (t *tables) recursive(ctx context.Context, record int32) (n int, err error) {
	q, err := t.prepare(ctx, recursiveQuery)
	if err != nil {
		return 0, err
	}
	defer q.Close() //nolint:errcheck // it was read
	return n, q.QueryRowContext(ctx, record, record).Scan(&n)
}

// version is a version in a table.
type version struct {
	pos int64
	rec int32
}

// stepwise is recursive, by a query for each version.
func (t *tables) stepwise(ctx context.Context, record int32) (n int, err error) {
	var stmts [3]*sql.Stmt
	for i, text := range []string{firstQuery, endQuery, nextQuery} {
		if stmts[i], err = t.prepare(ctx, text); err != nil {
			return 0, err
		}
		defer stmts[i].Close() //nolint:errcheck // it was read
	}
	seen := map[int64]bool{}
	var queue []version
	add := func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // it was read
		for rows.Next() {
			var v version
			if err := rows.Scan(&v.pos, &v.rec); err != nil {
				return err
			}
			if !seen[v.pos] {
				seen[v.pos] = true
				queue = append(queue, v)
			}
		}
		return rows.Err()
	}
	if err := add(stmts[0].QueryContext(ctx, record)); err != nil {
		return 0, err
	}
	for i := 0; i < len(queue); i++ {
		v := queue[i]
		if v.rec != record {
			n++
		}
		var end int64
		if err := stmts[1].QueryRowContext(ctx, v.rec, v.pos).Scan(&end); err != nil {
			return 0, err
		}
		if err := add(stmts[2].QueryContext(ctx, v.rec, v.pos, end)); err != nil {
			return 0, err
		}
	}
	return n, nil
}
