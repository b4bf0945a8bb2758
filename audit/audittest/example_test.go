package audittest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// checkFeed is the code under test: it says in the log why it does what it does.
func checkFeed(ctx context.Context, rec *audit.Recorder, age time.Duration) error {
	return rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(ctx context.Context, run *audit.Run) error {
		stale := run.If("feed is stale", age > time.Hour, audit.Value("age", age))
		run.Output("stale", stale)
		return nil
	})
}

func Example() {
	test := func(t testing.TB) {
		rec := audittest.New(t)
		if err := checkFeed(context.Background(), rec.Recorder, 95*time.Minute); err != nil {
			t.Fatalf("%v", err)
		}
		rec.Status(audit.Success)
		rec.Decision("feed is stale", "true", audit.Value("age", 95*time.Minute))
		rec.Decision("feed is stale", "true", audit.Value("age", 30*time.Minute)) // fails
	}

	// In a test file this would be func TestFeed(t *testing.T).
	for _, line := range in(test).said {
		fmt.Println(line)
	}
	// Output:
	// audittest: "feed is stale" was decided otherwise; wanted "feed is stale" → true, age = "30m0s"
	// recorded of feed-monitor, run run_01kqfb0xr0e008000000000001: success, ended by return
	// 	decision "feed is stale" → true
	// 		value age = "1h35m0s"
	// 	output stale = true
}

// loadPrices asks for one symbol after the other, for as long as the run may go on.
func loadPrices(ctx context.Context, rec *audit.Recorder, symbols []string, quote func(symbol string)) error {
	return rec.Do(ctx, "price-loader", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		for _, symbol := range symbols {
			if !run.Alive() {
				break
			}
			quote(symbol)
		}
		return nil
	})
}

// An operator kills the run while it waits for the first quote.
func ExampleRecorder_Kill() {
	test := func(t testing.TB) {
		rec := audittest.New(t)
		err := loadPrices(context.Background(), rec.Recorder, []string{"AAPL", "IBM"}, func(symbol string) {
			fmt.Println("quote of", symbol)
			rec.Kill("runaway")
		})
		fmt.Println(errors.Is(err, audit.ErrKilled), rec.Entry().EndedBy)
	}

	in(test) // In a test file this would be func TestStops(t *testing.T).
	// Output:
	// quote of AAPL
	// true killed
}
