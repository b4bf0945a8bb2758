package flexor_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// killRun is an endpoint that ends a run, in the name of whoever sends their API key, and
// says what became of it.
func killRun(v *flexor.Vault) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, err := rbac.ParseKey(r.Header.Get("X-Flexor-Key"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		ctl, err := control.Open(r.Context(), v.Config.Dir, &control.Config{Key: key})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer ctl.Close()
		stop, _, err := ctl.Stop(r.Context(), v.Log, r.PathValue("run"), r.FormValue("reason"), 10*time.Second)
		switch {
		case errors.Is(err, control.ErrDenied):
			http.Error(w, err.Error(), http.StatusForbidden)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			fmt.Fprintln(w, stop.Fate)
		}
	})
}

// An operator kills a run through a service of one's own; so can pausing be offered, with
// Control.Pause and Resume.
func Example_kill() {
	ctx := context.Background()
	dir, clean := exampleVault("company")
	defer clean()
	owner, key, err := control.Init(ctx, dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, nil)
	if err != nil {
		panic(err)
	}
	defer owner.Close()
	v, err := flexor.Open(ctx, dir, nil) // it obeys orders, and gives none: that takes a key
	if err != nil {
		panic(err)
	}
	defer v.Close()

	started, ended := make(chan string), make(chan error)
	go func() {
		ended <- v.Audit.Do(ctx, "price-watch", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
			started <- run.ID()
			<-ctx.Done() // so does whatever the agent waits for, if it is given ctx
			return nil
		})
	}()
	mux := http.NewServeMux()
	mux.Handle("POST /runs/{run}/kill", killRun(v))
	path := "/runs/" + <-started + "/kill?reason=runaway"
	for _, key := range []string{"guessed", key.Reveal()} {
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Header.Set("X-Flexor-Key", key)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	fmt.Println(<-ended)
	// Output:
	// 401 rbac: this API key is not valid here: check that it was copied whole and is for this vault, or ask an owner for a new one
	// 200 stopped
	// audit: run killed by alice@fund.com: runaway
}
