package lineage_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// exampleVault opens a new vault. clean closes and removes it.
func exampleVault() (v *flexor.Vault, clean func()) {
	dir, err := os.MkdirTemp("", "vault-")
	if err != nil {
		panic(err)
	}
	if _, err := vaultcfg.Init(dir, "fund", vaultcfg.L4, vaultcfg.Sandbox); err != nil {
		panic(err)
	}
	if v, err = flexor.Open(context.Background(), dir, nil); err != nil {
		panic(err)
	}
	return v, func() {
		_ = v.Close()
		_ = os.RemoveAll(dir)
	}
}

// showTouches prints which agents touched a record.
func showTouches(v *flexor.Vault, record string) {
	res, err := lineage.Trace(context.Background(), v.Log, lineage.Query{Record: record})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range res.Touches {
		fmt.Println(t.Role, t.AgentName)
	}
}

// What is got from a server is recorded by the client's transport.
func ExampleHTTPTransport() {
	v, clean := exampleVault()
	defer clean()
	catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "101.25")
	}))
	defer catalog.Close()

	client := &http.Client{Transport: &lineage.HTTPTransport{Source: "catalog"}}
	get := func(ctx context.Context, url string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close() //nolint:errcheck // read to its end
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	_ = v.Audit.Do(context.Background(), "nav-report", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		price, err := get(ctx, catalog.URL+"/prices/2026-04-30?token=secret")
		fmt.Println(price)
		lineage.Write(run, "warehouse", "warehouse://fund/nav/2026-04-30")
		return err
	})
	showTouches(v, catalog.URL+"/prices/2026-04-30")
	// Output:
	// 101.25
	// included_in nav-report
}

// The URLs of this API are not its records: each names a customer in its path.
func ExampleHTTPTransport_map() {
	v, clean := exampleVault()
	defer clean()
	crm := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer crm.Close()

	client := &http.Client{Transport: &lineage.HTTPTransport{
		Source: "crm",
		Map: func(req *http.Request, _ *http.Response) []audit.Access {
			return []audit.Access{{Op: audit.OpWrite, Record: "crm://customers/" + filepath.Base(req.URL.Path)}}
		},
	}}
	_ = v.Audit.Do(context.Background(), "address-change", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, crm.URL+"/rpc/update/1007", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	showTouches(v, "crm://customers/1007")
	// Output:
	// written_by address-change
}

// A file system whose reads are recorded.
func ExampleFS() {
	v, clean := exampleVault()
	defer clean()
	feeds := fstest.MapFS{"2026-04-30/prices.csv": {Data: []byte("101.25")}} // os.DirFS, an embed.FS, an archive …

	_ = v.Audit.Do(context.Background(), "feed-monitor", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		data, err := fs.ReadFile(lineage.FS(ctx, "feeds", "sftp://exchange.example/eod/", feeds), "2026-04-30/prices.csv")
		fmt.Println(string(data))
		return err
	})
	showTouches(v, "sftp://exchange.example/eod/2026-04-30/prices.csv")
	// Output:
	// 101.25
	// read_by feed-monitor
}

// One agent leaves a file, which another reads.
func ExampleFiles() {
	v, clean := exampleVault()
	defer clean()
	dir, err := os.MkdirTemp("", "reports-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	report := filepath.Join(dir, "nav.csv")

	files := lineage.Files{Digest: true}
	_ = v.Audit.Do(context.Background(), "nav-report", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		lineage.Read(run, "catalog", "catalog://prices/2026-04-30")
		return files.WriteFile(ctx, report, []byte("101.25"), 0o600)
	})
	_ = v.Audit.Do(context.Background(), "mailer", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		_, err := files.ReadFile(ctx, report)
		return err
	})
	showTouches(v, "catalog://prices/2026-04-30")
	// Output:
	// included_in nav-report
	// used_by mailer
}

// Queries are recorded by the driver.
func ExampleSQLDriver() {
	v, clean := exampleVault()
	defer clean()

	db := sql.OpenDB(lineage.SQLConnector(anyDatabase(), lineage.SQLOptions{
		Database: "postgres://db.example/fund",
		Schema:   "public",
	}))
	defer db.Close() //nolint:errcheck // there is nothing to lose
	_ = v.Audit.Do(context.Background(), "nav-report", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		_, err := db.ExecContext(ctx, `
			with day as (select max(day) as d from calendar)
			insert into nav select fund, sum(price) from prices, day where prices.day = d group by fund`)
		return err
	})
	for _, table := range []string{"prices", "calendar", "nav", "day"} {
		fmt.Println(table + ":")
		showTouches(v, "postgres://db.example/fund/public/"+table)
	}
	// Output:
	// prices:
	// included_in nav-report
	// calendar:
	// included_in nav-report
	// nav:
	// written_by nav-report
	// day:
}

// anyDatabase stands for the connector of a database, such as that of
// github.com/jackc/pgx/v5/stdlib.
func anyDatabase() driver.Connector {
	return named{plainDriver{&diary{}, func(d *diary) driver.Conn { return plainConn{d} }}, "dsn"}
}

// The events of a log go to an OpenLineage server. The next time only new ones do.
func ExampleSender() {
	v, clean := exampleVault()
	defer clean()
	marquez := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
	}))
	defer marquez.Close()
	dir, err := os.MkdirTemp("", "cursor-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory

	ctx, cursor := context.Background(), filepath.Join(dir, "marquez.cursor")
	send := func() error {
		at, err := lineage.ReadSendCursor(ctx, cursor, v.Log)
		if err != nil {
			return err
		}
		sender := &lineage.Sender{URL: marquez.URL, Key: os.Getenv("OPENLINEAGE_API_KEY")}
		return sender.Send(ctx, lineage.OpenLineage(ctx, v.Log, time.Time{}, time.Time{}), at.Next, func(next uint64) error {
			at.Next = next
			return at.Write(cursor)
		})
	}
	for _, agent := range []string{"feed-monitor", "nav-report"} {
		_ = v.Audit.Do(ctx, agent, audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "catalog", "catalog://prices/2026-04-30")
			return nil
		})
		fmt.Println(agent, "has ended, sent:", send())
	}
	// Output:
	// POST /api/v1/lineage
	// POST /api/v1/lineage
	// feed-monitor has ended, sent: <nil>
	// POST /api/v1/lineage
	// POST /api/v1/lineage
	// nav-report has ended, sent: <nil>
}
