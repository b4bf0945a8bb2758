package audittest_test

import (
	"context"
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
