package lineage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// published is where the schemas of OpenLineage lie, beside the repository.
const published = "../../shared/data/openlineage"

// validator returns a function that checks an event, and each of its facets, against
// the published schemas.
func validator(t *testing.T) func(event []byte) error {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(published, "facets", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs the JSON Schemas of OpenLineage in " + published)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	urls := map[string]bool{}
	for _, f := range append(files, filepath.Join(published, "OpenLineage.json")) {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		var s struct {
			ID string `json:"$id"`
		}
		require.NoError(t, json.Unmarshal(data, &s))
		require.NoError(t, c.AddResource(s.ID, bytes.NewReader(data)))
		urls[s.ID] = true
	}
	var check func(v any) error
	check = func(v any) error {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				if err := check(e); err != nil {
					return err
				}
			}
		case map[string]any:
			for _, m := range v {
				if err := check(m); err != nil {
					return err
				}
			}
			for _, key := range []string{"_schemaURL", "schemaURL"} {
				url, _ := v[key].(string)
				if id, _, _ := strings.Cut(url, "#"); !urls[id] {
					if strings.HasPrefix(url, "https://openlineage.io/") {
						return fmt.Errorf("%s is not published", url)
					}
					continue
				}
				s, err := c.Compile(url)
				if err != nil {
					return err
				}
				if err := s.Validate(v); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return func(event []byte) error {
		dec := json.NewDecoder(bytes.NewReader(event))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			return err
		}
		return check(v)
	}
}

// opened is what the tests look at in an event.
type opened struct {
	EventType string
	Run       struct {
		RunID  string
		Facets map[string]map[string]any
	}
	Job             struct{ Namespace, Name string }
	Inputs, Outputs []struct{ Namespace, Name string }
}

func export(t *testing.T, log lineage.Log, from, to time.Time) (raw [][]byte, events []opened) {
	t.Helper()
	for e, err := range lineage.OpenLineage(t.Context(), log, from, to) {
		require.NoError(t, err)
		raw = append(raw, e)
		var o opened
		require.NoError(t, json.Unmarshal(e, &o))
		events = append(events, o)
	}
	return raw, events
}

func TestOpenLineage(t *testing.T) {
	rec := audittest.New(t)
	run := func(ctx context.Context, agent string, fn func(ctx context.Context, run *audit.Run) error) {
		_ = rec.Do(ctx, agent, audit.Trigger{Type: audit.Schedule, By: "cron"}, fn)
	}
	run(t.Context(), "nav@1.2.0", func(ctx context.Context, r *audit.Run) error {
		lineage.Read(r, "plexifact", prices, lineage.Version("7"), lineage.Rows(4))
		lineage.Read(r, "", `C:\data\x.csv`)
		lineage.Append(r, "warehouse", nav, lineage.From(prices, "s3://bucket"), lineage.Rows(1))
		lineage.Delete(r, "warehouse", recon)
		r.Error(errors.New("one position has no price"))
		run(ctx, "inner", func(context.Context, *audit.Run) error { return errors.New("bad") })
		return nil
	})
	raw, events := export(t, of(rec.Records()), time.Time{}, time.Time{})
	require.Len(t, events, 4)
	types := []string{}
	for _, e := range events {
		types = append(types, e.Job.Name+" "+e.EventType)
	}
	assert.Equal(t, []string{"inner START", "inner FAIL", "nav START", "nav COMPLETE"}, types)
	outer := events[3]
	assert.Equal(t, "partial", outer.Run.Facets["flexor"]["status"])
	assert.Equal(t, "one position has no price", outer.Run.Facets["errorMessage"]["message"])
	assert.Equal(t, events[2].Run.RunID, events[1].Run.Facets["parent"]["run"].(map[string]any)["runId"])
	assert.Equal(t, `[{file /C:/data/x.csv} {plexifact://prod catalog/equity-prices/2026-04-30} {s3://bucket /}]`, fmt.Sprint(outer.Inputs))
	assert.Equal(t, `[{warehouse://fund nav/2026-04-30} {warehouse://fund recon/2026-04-30}]`, fmt.Sprint(outer.Outputs))

	at := rec.Run("inner").Entry.TriggerAt
	_, none := export(t, of(rec.Records()), at.Add(time.Hour), time.Time{})
	assert.Empty(t, none)

	valid := validator(t)
	for _, e := range raw {
		require.NoError(t, valid(e), "%s", e)
	}
	require.Error(t, valid(bytes.Replace(raw[3], []byte(`"rowCount":4`), []byte(`"rowCount":"4"`), 1)), "facets are checked")
	require.Error(t, valid(bytes.Replace(raw[3], []byte(`"COMPLETE"`), []byte(`"DONE"`), 1)), "events are checked")
}

// How runs end, in the words of OpenLineage.
func TestOpenLineageEnds(t *testing.T) {
	for by, want := range map[audit.EndedBy]string{audit.ByKill: "ABORT", audit.ByInterrupted: "FAIL", audit.ByTimeout: "FAIL"} {
		e := audit.Entry{RunID: "run_01kqf86q00e2wt4c9m7xz3n5rd", AgentName: "a", Vault: "v", Environment: "sandbox", Status: audit.Failed, EndedBy: by}
		if by == audit.ByKill {
			e.Kill = &audit.Kill{By: "alice@fund.com"}
		}
		r, err := e.Record()
		require.NoError(t, err)
		raw, events := export(t, &memory{lines: [][]byte{r.JSON}}, time.Time{}, time.Time{})
		require.Len(t, events, 2)
		assert.Equal(t, want, events[1].EventType)
		valid := validator(t)
		require.NoError(t, valid(raw[1]))
	}
}

// Every event of random histories is valid.
func TestOpenLineageIsValid(t *testing.T) {
	valid := validator(t)
	rnd := rand.New(rand.NewPCG(7, 6))
	ops := []func(*audit.Run, string){
		func(r *audit.Run, uri string) { lineage.Read(r, "s", uri, lineage.Rows(rnd.Int64N(3))) },
		func(r *audit.Run, uri string) {
			lineage.Write(r, "s", uri, lineage.Version("v"), lineage.From("db://x/f"))
		},
		func(r *audit.Run, uri string) { lineage.Append(r, "s", uri) },
		func(r *audit.Run, uri string) { lineage.Delete(r, "s", uri) },
	}
	for range 50 {
		rec := audittest.New(t)
		for range 1 + rnd.IntN(3) {
			_ = rec.Do(t.Context(), "agent", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
				for range rnd.IntN(12) {
					ops[rnd.IntN(len(ops))](run, append(names, "urn:x:1", "C:/x", "bad")[rnd.IntN(len(names)+3)])
				}
				return []error{nil, errors.New("x")}[rnd.IntN(2)]
			})
		}
		raw, _ := export(t, of(rec.Records()), time.Time{}, time.Time{})
		require.NotEmpty(t, raw)
		for _, e := range raw {
			require.NoError(t, valid(e), "%s", e)
		}
	}
}
