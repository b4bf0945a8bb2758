package lineage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/schema"
)

// The URIs that OpenLineage events name.
const (
	producer      = "https://github.com/flexorhq/flexor-go"
	openLineage   = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	openFacets    = "https://openlineage.io/spec/facets/"
	facetParent   = openFacets + "1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet"
	facetNominal  = openFacets + "1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet"
	facetError    = openFacets + "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"
	facetJobType  = openFacets + "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
	facetVersion  = openFacets + "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
	facetChange   = openFacets + "1-0-1/LifecycleStateChangeDatasetFacet.json#/$defs/LifecycleStateChangeDatasetFacet"
	facetInStats  = openFacets + "1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet"
	facetOutStats = openFacets + "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
)

// OpenLineage yields the finished runs that were triggered from one time to before
// another as events of OpenLineage 2-0-2 (https://openlineage.io), each a JSON object:
// for each run its start, and its end with all that it read and wrote, what came late
// included. A zero time does not bound. The order is that in which the runs ended.
//
// The job is the agent, in the namespace flexor://VAULT/ENVIRONMENT. A data set is a
// record: plexifact://prod/catalog/x has the namespace plexifact://prod and the name
// catalog/x. A killed run is ABORT, any other failed one FAIL, a partial one COMPLETE;
// the run facet "flexor" holds what the entry says. What a write was stated to be made
// from is among the inputs, and no more than that.
//
// A problem is yielded as an error and ends the iteration.
func OpenLineage(ctx context.Context, log Log, from, to time.Time) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		h, err := readHistory(ctx, log)
		if err != nil {
			yield(nil, fmt.Errorf("lineage: openlineage: %w", err))
			return
		}
		filter := audit.Filter{From: from, To: to}
		for rec, err := range log.Records(ctx, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			if kind, err := kindOf(rec.Line); err != nil || kind != audit.KindRun || rec.Index >= h.size {
				continue // readHistory has seen to the others
			}
			e, err := audit.DecodeEntry(rec.Line)
			if err != nil {
				yield(nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err))
				return
			}
			if !filter.Match(&e) {
				continue
			}
			e.Position = rec.Index
			for _, event := range openEvents(&e, h.accesses[e.RunID], h.agents[e.ParentRunID]) {
				raw, err := json.Marshal(event)
				if !yield(raw, err) || err != nil {
					return
				}
			}
		}
	}
}

// history is what events are made of besides entries.
type history struct {
	size     uint64                     // of the log
	accesses map[string][]*audit.Access // by run, in the order of the log
	agents   map[string]string          // by run
}

// readHistory reads a log.
func readHistory(ctx context.Context, log Log) (*history, error) {
	head, err := log.Head()
	if err != nil {
		return nil, err
	}
	h := &history{size: head.Size, accesses: map[string][]*audit.Access{}, agents: map[string]string{}}
	for rec, err := range records(ctx, log, head.Size) {
		if err != nil {
			return nil, err
		}
		if err := h.add(rec.Line); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
		}
	}
	return h, nil
}

// add adds one record.
func (h *history) add(line []byte) error {
	kind, err := kindOf(line)
	if err != nil {
		return err
	}
	switch kind {
	case audit.KindStart, audit.KindRun:
		l, err := audit.DecodeLine(line)
		if err != nil {
			return err
		}
		h.agents[l.RunID] = l.AgentName
	case audit.KindAccess:
		a := &audit.Access{}
		if err := json.Unmarshal(line, a); err != nil {
			return err
		}
		known := slices.Contains([]audit.Op{audit.OpRead, audit.OpWrite, audit.OpAppend, audit.OpDelete}, a.Op)
		if known && a.Dropped == 0 {
			h.accesses[a.RunID] = append(h.accesses[a.RunID], a)
		}
	}
	return nil
}

// openEvent is an event of OpenLineage.
type openEvent struct {
	EventType string        `json:"eventType"`
	EventTime time.Time     `json:"eventTime"`
	Producer  string        `json:"producer"`
	SchemaURL string        `json:"schemaURL"`
	Run       openRun       `json:"run"`
	Job       openJob       `json:"job"`
	Inputs    []*openRecord `json:"inputs"`
	Outputs   []*openRecord `json:"outputs"`
}

type openRun struct {
	RunID  string         `json:"runId"`
	Facets map[string]any `json:"facets"`
}

type openJob struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets"`
}

// openRecord is a data set.
type openRecord struct {
	Namespace    string         `json:"namespace"`
	Name         string         `json:"name"`
	Facets       map[string]any `json:"facets,omitempty"`
	InputFacets  map[string]any `json:"inputFacets,omitempty"`
	OutputFacets map[string]any `json:"outputFacets,omitempty"`

	rows int64
}

// facet returns a facet with what every facet has.
func facet(schemaURL string, members map[string]any) map[string]any {
	members["_producer"], members["_schemaURL"] = producer, schemaURL
	return members
}

// openEvents returns the events of a run. parent is the agent of the run that started it;
// empty: none did, or it is not known.
func openEvents(e *audit.Entry, accesses []*audit.Access, parent string) []openEvent {
	job := openJob{jobNamespace(e), e.AgentName, map[string]any{
		"jobType": facet(facetJobType, map[string]any{"processingType": "BATCH", "integration": "FLEXOR", "jobType": "AGENT"}),
	}}
	run := openRun{uuidOf(e.RunID), map[string]any{
		"nominalTime": facet(facetNominal, map[string]any{"nominalStartTime": e.TriggerAt}),
	}}
	if parent != "" {
		run.Facets["parent"] = facet(facetParent, map[string]any{
			"run": map[string]any{"runId": uuidOf(e.ParentRunID)},
			"job": map[string]any{"namespace": jobNamespace(e), "name": parent},
		})
	}
	start := openEvent{"START", e.StartedAt, producer, openLineage, run, job, []*openRecord{}, []*openRecord{}}
	end := start
	end.EventTime = e.EndedAt
	end.EventType = "COMPLETE"
	if e.Status == audit.Failed {
		end.EventType = "FAIL"
		if e.EndedBy == audit.ByKill {
			end.EventType = "ABORT"
		}
	}
	end.Run.Facets = map[string]any{"flexor": facet(schema.EntryID, map[string]any{
		"run_id": e.RunID, "agent_version": e.AgentVersion, "vault": e.Vault, "environment": e.Environment, "status": e.Status,
		"ended_by": e.EndedBy, "trigger_type": e.TriggerType, "triggered_by": e.TriggeredBy, "deployment": e.Deployment,
		"accesses": e.Accesses, "position": e.Position, "kill": e.Kill,
	})}
	for name, f := range run.Facets {
		end.Run.Facets[name] = f
	}
	if n := len(e.Errors); n > 0 {
		end.Run.Facets["errorMessage"] = facet(facetError, map[string]any{"message": e.Errors[n-1].Message, "programmingLanguage": "GO"})
	}
	end.Inputs, end.Outputs = openRecords(accesses)
	return []openEvent{start, end}
}

// jobNamespace is the namespace of the agents of a vault.
func jobNamespace(e *audit.Entry) string { return "flexor://" + e.Vault + "/" + e.Environment }

// uuidOf returns the UUID in the id of a run.
func uuidOf(runID string) string {
	prefix, _, _ := strings.Cut(runID, "_")
	u, err := ident.Parse(prefix, runID)
	if err != nil {
		return runID // an id that no recorder made
	}
	return u.String()
}

// openRecords returns what a run read and wrote, each record once.
func openRecords(accesses []*audit.Access) (inputs, outputs []*openRecord) {
	in, out := map[string]*openRecord{}, map[string]*openRecord{}
	put := func(to map[string]*openRecord, record string) *openRecord {
		if to[record] == nil {
			namespace, name := dataset(record)
			to[record] = &openRecord{Namespace: namespace, Name: name}
		}
		return to[record]
	}
	for _, a := range accesses {
		for _, f := range a.From {
			put(in, f)
		}
		d := put(map[bool]map[string]*openRecord{true: in, false: out}[a.Op == audit.OpRead], a.Record)
		d.rows += a.Rows
		facets := map[string]any{}
		if a.Version != "" {
			facets["version"] = facet(facetVersion, map[string]any{"datasetVersion": a.Version})
		}
		switch a.Op {
		case audit.OpWrite:
			facets["lifecycleStateChange"] = facet(facetChange, map[string]any{"lifecycleStateChange": "OVERWRITE"})
		case audit.OpDelete:
			facets["lifecycleStateChange"] = facet(facetChange, map[string]any{"lifecycleStateChange": "DROP"})
		}
		if len(facets) > 0 {
			d.Facets = facets // the last access says what the record is now
		}
		if d.rows == 0 {
			continue
		}
		stats := map[string]any{"rowCount": d.rows}
		if a.Op == audit.OpRead {
			d.InputFacets = map[string]any{"inputStatistics": facet(facetInStats, stats)}
		} else {
			d.OutputFacets = map[string]any{"outputStatistics": facet(facetOutStats, stats)}
		}
	}
	return sorted(in), sorted(out)
}

// sorted returns records in the order of their names.
func sorted(records map[string]*openRecord) []*openRecord {
	list := make([]*openRecord, 0, len(records))
	for _, r := range records {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *openRecord) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return list
}

// dataset splits the URI of a record into the namespace and the name of a data set.
func dataset(uri string) (namespace, name string) {
	scheme, rest, _ := strings.Cut(uri, ":")
	authority, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return scheme, rest
	}
	authority, path, _ := strings.Cut(authority, "/")
	if authority == "" {
		return scheme, "/" + path // as OpenLineage names files
	}
	if path == "" {
		path = "/"
	}
	return scheme + "://" + authority, path
}
