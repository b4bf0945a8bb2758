package control

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
)

// BenchmarkAdmit is what the gate adds to a run, with nothing new in the log.
func BenchmarkAdmit(b *testing.B) {
	h := newHouse(b)
	_, _, err := h.owner.Deploy(b.Context(), DeployOrder{Agent: "feed", Version: "1", Environment: rbac.Production})
	require.NoError(b, err)
	g := h.gate(nil)
	a, stop := admission("feed@1", rbac.Production), func(audit.Kill) {}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Admit(b.Context(), a, stop); err != nil {
			b.Fatal(err)
		}
		g.Leave(a.RunID)
	}
}
