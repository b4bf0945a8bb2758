package lineage_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/lineage"
)

// What is sent as runs end, a few records at a time, is what an export of the whole log
// has.
func TestEmitterSendsTheExport(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 79))
		m, _ := history(t, rnd)
		var want, got []json.RawMessage
		for e, err := range lineage.OpenLineage(t.Context(), m, time.Time{}, time.Time{}) {
			require.NoError(t, err)
			want = append(want, e)
		}
		emitter := &lineage.Emitter{Log: m, Sender: &lineage.Sender{URL: "http://lineage.example", Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			got = append(got, body)
			return &http.Response{StatusCode: 201, Body: http.NoBody, Request: req}, err
		})}}
		records := recordsOf(m)
		for len(records) > 0 {
			k := 1 + rnd.IntN(len(records))
			done, err := emitter.Send(t.Context(), records[:k])
			require.NoError(t, err)
			require.Equal(t, k, done)
			records = records[k:]
		}
		require.Equal(t, texts(want), texts(got), "seed %d", seed)
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
