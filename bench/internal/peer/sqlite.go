package peer

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// sqlite is a table of entries.
type sqlite struct {
	db     *sql.DB
	insert *sql.Stmt
	group  *group
}

func openSQLite(ctx context.Context, dir string, _ int) (load.Peer, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "entries.db")+
		"?_txlock=immediate&_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &sqlite{db: db}
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, line BLOB NOT NULL) STRICT`)
	if err == nil {
		s.insert, err = db.PrepareContext(ctx, `INSERT INTO entries (line) VALUES (?)`)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.group = newGroup(s.commit)
	return s, nil
}

// commit stores a batch in one transaction.
func (s *sqlite) commit(batch []request) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	insert := tx.Stmt(s.insert)
	for _, r := range batch {
		if _, err := insert.Exec(r.json); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Append implements [load.Peer].
func (s *sqlite) Append(ctx context.Context, entries []load.Entry) error {
	return s.group.append(ctx, entries)
}

// Close implements [load.Peer].
func (s *sqlite) Close() error {
	s.group.close()
	return errors.Join(s.insert.Close(), s.db.Close())
}
