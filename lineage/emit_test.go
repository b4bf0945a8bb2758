package lineage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/lineage"
)

// nested records a random tree of runs, whose accesses come between each other.
func nested(t *testing.T, rnd *rand.Rand) *memory {
	t.Helper()
	rec := audittest.New(t)
	var run func(ctx context.Context, depth int)
	run = func(ctx context.Context, depth int) {
		_ = rec.Do(ctx, fmt.Sprintf("agent-%d", rnd.IntN(3)), audit.Trigger{}, func(ctx context.Context, r *audit.Run) error {
			for range rnd.IntN(6) {
				record := fmt.Sprintf("db://x/%d", rnd.IntN(4))
				switch rnd.IntN(6) {
				case 0:
					lineage.Read(r, "warehouse", record, lineage.Version(fmt.Sprint(rnd.IntN(3))))
				case 1:
					lineage.Read(r, "", record, lineage.Rows(rnd.Int64N(5)))
				case 2:
					lineage.Write(r, "", record, lineage.From("db://x/0", `C:\data\x.csv`))
				case 3:
					lineage.Append(r, "", record, lineage.From(), lineage.Rows(2))
				case 4:
					lineage.Delete(r, "", record)
				case 5:
					if depth < 3 {
						run(ctx, depth+1)
					}
				}
			}
			if rnd.IntN(3) == 0 {
				return errors.New("bad")
			}
			return nil
		})
	}
	for range 1 + rnd.IntN(4) {
		run(t.Context(), 0)
	}
	return of(rec.Records())
}

// What is sent as runs end, a few records at a time, is what an export of the whole log
// has.
func TestEmitterSendsTheExport(t *testing.T) {
	n := 500
	if testing.Short() {
		n = 50
	}
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 79))
		m := nested(t, rnd)
		raw, _ := export(t, m, time.Time{}, time.Time{})
		var got [][]byte
		emitter := &lineage.Emitter{Log: m, Sender: &lineage.Sender{URL: "http://lineage.example", Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			got = append(got, body)
			return &http.Response{StatusCode: 201, Body: http.NoBody, Request: req}, err
		})}}
		for records := recordsOf(m); len(records) > 0; {
			k := 1 + rnd.IntN(len(records))
			done, err := emitter.Send(t.Context(), records[:k])
			require.NoError(t, err)
			require.Equal(t, k, done)
			records = records[k:]
		}
		require.Equal(t, raw, got, "seed %d", seed)
	}
}

func recordsOf(m *memory) (out []ledger.Record) {
	for i, line := range m.lines {
		out = append(out, ledger.Record{Index: uint64(i), Line: line})
	}
	return out
}

// An error says how far the server is: what is sent again begins with the run that failed.
func TestEmitterGoesOn(t *testing.T) {
	m, events := exported(t, 150) // more than is made at once
	s := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch {
		case n == 3: // the end of the second run
			w.WriteHeader(http.StatusBadRequest)
		case n == 200:
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			return false
		}
		return true
	})
	emitter := &lineage.Emitter{Log: m, Sender: &lineage.Sender{URL: s.URL, Patience: -1}}
	records := recordsOf(m)
	done, err := emitter.Send(t.Context(), records)
	require.ErrorIs(t, err, lineage.ErrRefused)
	require.Len(t, s.took, 3)
	records = records[done:]
	done, err = emitter.Send(t.Context(), records)
	require.ErrorIs(t, err, lineage.ErrUnavailable)
	var later *lineage.UnavailableError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, 2*time.Minute, later.After)
	assert.Equal(t, 201, s.tries, "it is not tried again by itself")
	records = records[done:]
	done, err = emitter.Send(t.Context(), records)
	require.NoError(t, err)
	assert.Equal(t, len(records), done)
	assert.Equal(t, texts(events), s.distinct())
	assert.LessOrEqual(t, len(s.took), len(events)+2, "no more than the runs that failed is sent twice")

	bad := append([]ledger.Record(nil), records[0])
	bad[0].Line = []byte("x")
	_, err = emitter.Send(t.Context(), bad)
	require.ErrorIs(t, err, lineage.ErrForeign)
	emitter.Sender.URL = "marquez"
	_, err = emitter.Send(t.Context(), records)
	require.ErrorIs(t, err, lineage.ErrAddress)
}
