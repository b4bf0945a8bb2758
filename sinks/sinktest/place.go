package sinktest

import (
	"slices"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// Place is where a sink under test keeps its records. Its functions are called from the
// goroutine of the test only.
type Place struct {
	// Open opens a sink on the place. It is called again after Close, when it must
	// find what was stored, and, if Shared is set, while other sinks are open.
	Open func() (audit.Sink, error)

	// Records returns everything that is stored, one JSON object each, oldest
	// first. It must look at the place as another process would, not into the sink,
	// and is called while sinks are open.
	Records func() ([][]byte, error)

	// Kinds are the kinds of records that the sink keeps, audit.KindRun among them.
	// Zero: all.
	Kinds []audit.Kind

	// Shared says that several sinks may be open on the place at once.
	Shared bool

	// Synced returns how many of the records, from the oldest on, are on disk for
	// good. Zero: that cannot be told, and is not tested.
	Synced func() (int, error)

	// Break makes storing fail from now on, in the way that it does in earnest:
	// the directory is gone, the disk full, the network down. What it returns
	// mends that. Zero: how errors are reported is not tested.
	Break func() (mend func())
}

// Run tests the sinks that open on places made by place, which is called once for each
// case and cleans up by the test that it is given. The test has a subtest for each
// rule of the contract.
func Run(t *testing.T, place func(tb testing.TB) Place) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, place(t)) })
	}
}

// run tests one rule. That a rule does not apply to the place skips it.
func (c *rule) run(tb testing.TB, p Place) {
	tb.Helper()
	if p.Kinds != nil && !slices.Contains(p.Kinds, audit.KindRun) {
		tb.Fatalf("sinktest: a sink that keeps no records of kind %q cannot be tested: put it into Place.Kinds and open the sink so", audit.KindRun)
	}
	if why := c.skip; why != nil {
		if reason := why(&p); reason != "" {
			tb.Skip(reason)
		}
	}
	k := &kit{tb, p, c.text}
	c.test(k)
}
