package openlineage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/openlineage"
)

// A vault tells a server what its runs read and wrote.
func ExampleOpen() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct {
			EventType string
			Job       struct{ Namespace, Name string }
			Outputs   []struct{ Namespace, Name string }
		}
		_ = json.NewDecoder(r.Body).Decode(&event)
		fmt.Println(event.EventType, event.Job.Namespace, event.Job.Name, event.Outputs)
	}))
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	dir, err := os.MkdirTemp("", "flexor-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	doc := `{"name": "company", "tier": "L2", "environment": "sandbox", "audit": {"secondary_destination": "openlineage+` + server.URL + `"}}`
	if err := os.WriteFile(filepath.Join(dir, "vault.json"), []byte(doc), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	v, err := flexor.Open(ctx, dir, &flexor.Options{Feeds: flexor.Feeds{"openlineage": openlineage.Open}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = v.Audit.Do(ctx, "nav", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		lineage.Write(run, "warehouse", "warehouse://fund/nav/2026-04-30")
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	if err := v.Flush(ctx); err != nil {
		fmt.Println(err)
	}
	if err := v.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// START flexor://company/sandbox nav []
	// COMPLETE flexor://company/sandbox nav [{warehouse://fund nav/2026-04-30}]
}
