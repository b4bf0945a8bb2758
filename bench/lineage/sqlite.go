package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// newSQLite returns SQLite on a file, with the settings of a server.
func newSQLite(ctx context.Context, dir string) (*tables, error) {
	name := filepath.Join(dir, "accesses.db")
	db, err := sql.Open("sqlite", "file:"+name+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-262144)&_pragma=mmap_size(1073741824)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	t := &tables{name: "SQLite (modernc)", db: db, close: func() { _ = db.Close() }}
	t.load = func(ctx context.Context, accesses []access) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // unless it was committed
		q, err := tx.PrepareContext(ctx, `INSERT INTO accesses VALUES (?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		for _, a := range accesses {
			if _, err := q.ExecContext(ctx, a.pos, a.run, a.record, op(a)); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	t.size = func(ctx context.Context) (int64, error) {
		if _, err := db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
			return 0, err
		}
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	return t, ctx.Err()
}

// op is the number of an operation.
func op(a access) int {
	if a.write {
		return 1
	}
	return 0
}
