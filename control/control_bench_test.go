package control

import (
	"testing"

	"github.com/flexorhq/flexor-go/rbac"
)

// many is the number of grants of the vault that is measured.
const many = 10_000

// BenchmarkOpen opens a vault with 10,000 grants: from a snapshot, and by checking
// every signature.
func BenchmarkOpen(b *testing.B) {
	h := newHouse(b)
	h.populate(many)
	snapshots := b.TempDir()
	if err := h.open(snapshots).Close(); err != nil {
		b.Fatal(err)
	}
	for name, dir := range map[string]string{"snapshot": snapshots, "replay": ""} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := h.open(dir)
				if len(c.state.flags) > 0 || c.Head().Size != many+1 {
					b.Fatal(c.Head(), c.state.flags)
				}
				c.tail.Close()
			}
		})
	}
	b.Run("authorize", func(b *testing.B) {
		b.ReportAllocs()
		r := rbac.Request{Action: rbac.Deploy, Environment: rbac.Production}
		for b.Loop() {
			if d := h.owner.Authorize(bg, r); !d.Allowed {
				b.Fatal(d.Code)
			}
		}
	})
}
