package lineagesql

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/flexorhq/flexor-go/lineage"
)

// postgres is the server that the tests share.
type postgres struct {
	dir, bin string
	dsn      string
	as       *syscall.Credential // it refuses to run as root
}

// server starts it when the first test asks.
var server = sync.OnceValues(startPostgres)

// running is it once it has started.
var running *postgres

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil {
		running.stop()
	}
	os.Exit(code)
}

// openPostgres returns a connection pool whose queries are recorded.
func openPostgres(t *testing.T, options lineage.SQLOptions) *sql.DB {
	t.Helper()
	pg, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL does not start: %v", err)
	}
	if pg == nil {
		if os.Getenv("FLEXOR_TEST_POSTGRES") == "required" {
			t.Fatal("there is no initdb in $PATH or /usr/lib/postgresql: install PostgreSQL, such as Debian's package postgresql")
		}
		t.Skip("there is no initdb in $PATH or /usr/lib/postgresql: install PostgreSQL to run this test")
	}
	options.Database, options.Schema = "postgres://db.example/fund", "public"
	db := sql.OpenDB(connector(t, stdlib.GetDefaultDriver(), pg.dsn, options))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// startPostgres starts a server on loopback; nil if there is none on this machine.
func startPostgres() (*postgres, error) {
	bin := postgresPrograms()
	if bin == "" {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return nil, err
	}
	pg := &postgres{dir: dir, bin: bin}
	if os.Geteuid() == 0 {
		if err := pg.lowerRights(); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := pg.run("initdb", "-D", dir+"/data", "-U", "fund", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"); err != nil {
		return nil, err
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c fsync=off", port, dir)
	if err := pg.run("pg_ctl", "-D", dir+"/data", "-w", "-t", "60", "-l", dir+"/log", "-o", options, "start"); err != nil {
		log, _ := os.ReadFile(dir + "/log")
		return nil, fmt.Errorf("%w\n%s", err, log)
	}
	running = pg
	pg.dsn = fmt.Sprintf("postgres://fund@127.0.0.1:%d/postgres?sslmode=disable", port)
	return pg, nil
}

// postgresPrograms returns the directory of initdb, of the newest version.
func postgresPrograms() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return versionOf(b) - versionOf(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

func versionOf(program string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program))))
	return n
}

// lowerRights has the server run as nobody, with the directory as its own.
func (pg *postgres) lowerRights() error {
	u, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	pg.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(pg.dir, uid, gid)
}

func (pg *postgres) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(pg.bin, program), args...)
	cmd.Dir = pg.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: pg.as}
	// The server keeps what it inherits: its output must be no pipe, or Run would wait for it.
	out, err := os.Create(filepath.Join(pg.dir, program+".out"))
	if err != nil {
		return err
	}
	defer out.Close() //nolint:errcheck // for people
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w\n%s", program, err, said)
	}
	return nil
}

func (pg *postgres) stop() {
	_ = pg.run("pg_ctl", "-D", pg.dir+"/data", "-m", "immediate", "-w", "stop")
	_ = os.RemoveAll(pg.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // only its number was wanted
	return l.Addr().(*net.TCPAddr).Port, nil
}
