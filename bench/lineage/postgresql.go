package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// errNoPostgreSQL says why PostgreSQL is left out.
var errNoPostgreSQL = errors.New("initdb is not there: install PostgreSQL, for example Debian's package postgresql")

// pgBin returns the directory of PostgreSQL's programs.
func pgBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNoPostgreSQL
}

// newPostgreSQL starts a server of its own on the loopback.
func newPostgreSQL(ctx context.Context, dir string) (*tables, error) {
	bin, err := pgBin()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "postgresql")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	as, err := servant(dir)
	if err != nil {
		return nil, err
	}
	run := func(name string, args ...string) error {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir = as, dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "-D", data, "-U", "bench", "-A", "trust", "--no-sync"); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	options := fmt.Sprintf("-p %s -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c shared_buffers=256MB -c work_mem=64MB", port, dir)
	if err := run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return nil, err
	}
	stop := func() {
		cmd := exec.Command(filepath.Join(bin, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
		cmd.SysProcAttr, cmd.Dir = as, dir
		_ = cmd.Run() // its directory goes with it
	}
	cfg, err := pgx.ParseConfig("postgres://bench@127.0.0.1:" + port + "/postgres?sslmode=disable")
	if err != nil {
		stop()
		return nil, err
	}
	db := stdlib.OpenDB(*cfg)
	t := &tables{name: "PostgreSQL", db: db, server: true, numbered: true, close: func() { _ = db.Close(); stop() }}
	t.load = func(ctx context.Context, accesses []access) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // back to the pool
		return conn.Raw(func(c any) error {
			i := 0
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{"accesses"}, []string{"pos", "run", "rec", "op"}, pgx.CopyFromFunc(func() ([]any, error) {
				if i == len(accesses) {
					return nil, nil
				}
				a := accesses[i]
				i++
				return []any{a.pos, a.run, a.record, int32(op(a))}, nil
			}))
			return err
		})
	}
	t.size = func(ctx context.Context) (n int64, err error) {
		if _, err := db.ExecContext(ctx, `ANALYZE accesses`); err != nil {
			return 0, err
		}
		return n, db.QueryRowContext(ctx, `SELECT pg_total_relation_size('accesses')`).Scan(&n)
	}
	return t, nil
}

// servant returns how to run PostgreSQL, which refuses to run as root, and gives it its
// directory.
func servant(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	// It must be able to reach its directory.
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// freePort returns a port on the loopback that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // nobody came
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
