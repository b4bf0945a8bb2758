package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
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

func TestFilterCheck(t *testing.T) {
	good := audit.Filter{
		Statuses:     []audit.Status{audit.Success, audit.Partial, audit.Failed},
		TriggerTypes: []audit.TriggerType{audit.Schedule, audit.Event, audit.Webhook, audit.Manual},
		Environments: []string{"sandbox", "staging", "production"},
	}
	require.NoError(t, good.Check())
	require.NoError(t, new(audit.Filter).Check())
	sink := new(audittest.Sink)
	for says, f := range map[string]audit.Filter{
		`audit: invalid: filter: status "failure" is not success, partial or failed`:            {Statuses: []audit.Status{audit.Failed, "failure"}},
		`audit: invalid: filter: trigger type "cron" is not schedule, event, webhook or manual`: {TriggerTypes: []audit.TriggerType{"cron"}},
		`audit: invalid: filter: environment "prod" is not sandbox, staging or production`:      {Environments: []string{"prod"}},
	} {
		require.ErrorIs(t, f.Check(), audit.ErrInvalid)
		assert.EqualError(t, f.Check(), says)
		var got error
		for _, err := range sink.Entries(t.Context(), f) {
			got = err
		}
		require.EqualError(t, got, says)
	}
}
