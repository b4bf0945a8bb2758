package sinktest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// runs returns the records of n runs, one batch each: start, decision, output, entry.
// They wait for the disk. pad is how much text the outputs have, in bytes.
func runs(tb testing.TB, n, pad int) []audit.Batch {
	tb.Helper()
	const most = 60_000 // the recorder replaces values that are larger
	out := make([]audit.Batch, n)
	for i := range out {
		c := &capture{}
		rec, err := audit.New(c, &audit.Config{Vault: "sinktest"})
		if err != nil {
			tb.Fatalf("sinktest: %v", err)
		}
		err = rec.Do(context.Background(), fmt.Sprintf("agent-%d", i), audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			run.If("text is kept as it is", true, audit.Value("text", hostile))
			for n := 0; n <= pad; n += most {
				run.Output(fmt.Sprintf("pad %d", n), strings.Repeat("é", min(most, pad-n)/2))
			}
			return nil
		})
		if err != nil {
			tb.Fatalf("sinktest: %v", err)
		}
		out[i] = audit.Batch{Records: c.records, Sync: true}
	}
	return out
}

// hostile is what a sink that decodes and encodes records would write in another way.
const hostile = "<a href='x'>&amp;</a> \u2028 \u0000 \\ \" é 💾 \n 1e400"

// capture keeps the records of one recorder.
type capture struct{ records []audit.Record }

// Append implements [audit.Sink].
func (c *capture) Append(_ context.Context, b audit.Batch) error {
	for _, r := range b.Records {
		r.JSON = append([]byte(nil), r.JSON...)
		c.records = append(c.records, r)
	}
	return nil
}

// Close implements [audit.Sink].
func (c *capture) Close() error { return nil }
