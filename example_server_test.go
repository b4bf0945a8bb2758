package flexor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
)

// serve runs an agent for each request. The answer goes out when the run is recorded.
func serve(rec *audit.Recorder, agent string, work func(ctx context.Context, r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		err := rec.Do(r.Context(), agent, audit.Trigger{Type: audit.Webhook}, func(ctx context.Context, _ *audit.Run) (err error) {
			answer, err = work(ctx, r)
			return err
		})
		switch {
		case errors.Is(err, audit.ErrRefused), errors.Is(err, audit.ErrKilled):
			http.Error(w, "the agent was stopped", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, "the agent failed", http.StatusInternalServerError)
		default:
			_ = json.NewEncoder(w).Encode(answer)
		}
	})
}

// An agent that answers requests. Code below it finds the run in the context.
func Example_server() {
	dir, clean := exampleVault("company")
	defer clean()
	v, err := flexor.Open(context.Background(), dir, nil)
	if err != nil {
		panic(err)
	}
	defer v.Close()

	h := serve(v.Audit, "order-router", func(ctx context.Context, r *http.Request) (any, error) {
		route := "auto"
		if r.FormValue("amount") == "2500000" {
			route = "committee"
		}
		run := audit.FromContext(ctx)
		return run.Choose("route of the order", route, []string{"auto", "committee"}, audit.Value("amount", r.FormValue("amount"))), nil
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/orders?amount=2500000", nil))
	fmt.Print(w.Code, " ", w.Body)

	for e, err := range v.Log.Entries(context.Background(), audit.Filter{}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.TriggerType, e.Status, e.Decisions[0].Branch, e.Decisions[0].Values)
	}
	// Output:
	// 200 "committee"
	// webhook success committee amount="2500000"
}
