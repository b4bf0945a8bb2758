package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/flexorhq/flexor-go/audit"
)

func TestFilterMatch(t *testing.T) {
	at := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)
	e := audit.Entry{
		RunID: "run_1", AgentName: "feed", Status: audit.Failed, TriggerType: audit.Schedule,
		Environment: "production", TriggerAt: at,
	}
	for name, tc := range map[string]struct {
		f    audit.Filter
		want bool
	}{
		"zero":           {audit.Filter{}, true},
		"agent":          {audit.Filter{Agents: []string{"x", "feed"}}, true},
		"other agent":    {audit.Filter{Agents: []string{"x"}}, false},
		"status":         {audit.Filter{Statuses: []audit.Status{audit.Failed}}, true},
		"other status":   {audit.Filter{Statuses: []audit.Status{audit.Success}}, false},
		"trigger":        {audit.Filter{TriggerTypes: []audit.TriggerType{audit.Manual}}, false},
		"environment":    {audit.Filter{Environments: []string{"sandbox"}}, false},
		"run":            {audit.Filter{RunIDs: []string{"run_2"}}, false},
		"from included":  {audit.Filter{From: at}, true},
		"from after":     {audit.Filter{From: at.Add(1)}, false},
		"to excluded":    {audit.Filter{To: at}, false},
		"to after":       {audit.Filter{To: at.Add(1)}, true},
		"all must match": {audit.Filter{Agents: []string{"feed"}, RunIDs: []string{"run_2"}}, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, tc.f.Match(&e)) })
	}
}
