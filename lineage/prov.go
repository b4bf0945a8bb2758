package lineage

import (
	"fmt"
	"strconv"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// PROV is an answer as a document of PROV-JSON (https://www.w3.org/submissions/prov-json/):
// versions of records are entities, runs are activities, their agents are software
// agents. Who read the record in question used that, of which its versions are
// specializations. Encode it with encoding/json.
type PROV struct {
	Prefix            map[string]string            `json:"prefix"`
	Entity            map[string]map[string]any    `json:"entity"`
	Activity          map[string]map[string]any    `json:"activity"`
	Agent             map[string]map[string]any    `json:"agent"`
	Used              map[string]map[string]string `json:"used"`
	WasGeneratedBy    map[string]map[string]string `json:"wasGeneratedBy"`
	WasAssociatedWith map[string]map[string]string `json:"wasAssociatedWith"`
	SpecializationOf  map[string]map[string]string `json:"specializationOf"`
}

// provNamespace is the namespace of what only we have words for.
const provNamespace = "https://flexor.run/ns#"

// PROV returns the answer as a document of PROV-JSON. It says in the entity flexor:answer
// whether it is complete, and at which size and root of the log.
func (r *Result) PROV() *PROV {
	doc := &PROV{
		Prefix: map[string]string{"flexor": provNamespace},
		Entity: map[string]map[string]any{}, Activity: map[string]map[string]any{}, Agent: map[string]map[string]any{},
		Used: map[string]map[string]string{}, WasGeneratedBy: map[string]map[string]string{}, WasAssociatedWith: map[string]map[string]string{},
		SpecializationOf: map[string]map[string]string{},
	}
	doc.Entity["flexor:answer"] = map[string]any{
		"flexor:record": r.Record, "flexor:complete": r.Complete, "flexor:log_size": strconv.FormatUint(r.Head.Size, 10), "flexor:log_root": r.Head.Root,
	}
	statuses := map[string]audit.Status{}
	for _, t := range r.Touches {
		statuses[t.RunID] = t.Status
	}
	for _, v := range r.Versions {
		statuses[v.RunID] = v.Status
	}
	external := map[string]string{}
	for i, e := range r.Edges {
		entity := doc.entity(e, external)
		activity, agent := "flexor:"+e.RunID, "flexor:agent/"+e.AgentName
		doc.Activity[activity] = map[string]any{"flexor:run_id": e.RunID}
		if s := statuses[e.RunID]; s != "" {
			doc.Activity[activity]["flexor:status"] = string(s)
		}
		doc.Agent[agent] = map[string]any{
			"prov:type":  map[string]string{"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
			"prov:label": e.AgentName,
		}
		doc.WasAssociatedWith["_:a/"+e.RunID] = map[string]string{"prov:activity": activity, "prov:agent": agent}
		relation := map[string]string{"prov:entity": entity, "prov:activity": activity, "prov:time": e.At.UTC().Format(time.RFC3339Nano)}
		if e.Made {
			doc.WasGeneratedBy[fmt.Sprintf("_:g/%d", i)] = relation
		} else {
			doc.Used[fmt.Sprintf("_:u/%d", i)] = relation
		}
	}
	for _, e := range r.Edges {
		if general := external[e.Record]; general != "" && e.Version != nil {
			doc.SpecializationOf[fmt.Sprintf("_:s/%d", *e.Version)] = map[string]string{
				"prov:specificEntity": doc.entity(e, external), "prov:generalEntity": general,
			}
		}
	}
	return doc
}

// entity returns the name of the entity that an edge leads to. A version that no run
// made has a number of its own, for a URI is no qualified name.
func (p *PROV) entity(e Edge, external map[string]string) string {
	name := external[e.Record]
	members := map[string]any{"flexor:record": e.Record, "prov:label": e.Record}
	switch {
	case e.Version != nil:
		name = fmt.Sprintf("flexor:version/%d", *e.Version)
		members["flexor:position"] = strconv.FormatUint(*e.Version, 10)
	case name == "":
		name = fmt.Sprintf("flexor:record/%d", len(external))
		external[e.Record] = name
	}
	p.Entity[name] = members
	return name
}
