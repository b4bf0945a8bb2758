package sinktest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// fakeTB is a test that may fail. It keeps what the kit says.
type fakeTB struct {
	testing.TB
	said     []string
	skipped  bool
	cleanups []func()
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}
func (f *fakeTB) Skip(...any) {
	f.skipped = true
	runtime.Goexit()
}

// try runs one rule on a place, and returns what came of it.
func try(c *rule, p Place) *fakeTB {
	f := new(fakeTB)
	var group sync.WaitGroup
	group.Go(func() { c.run(f, p) })
	group.Wait()
	for _, c := range f.cleanups {
		c()
	}
	return f
}

// flaws are sinks that break the contract, and which rule finds that.
var flaws = map[string]string{
	"buffers":                        "durability/visible",
	"does not sync":                  "durability/synced",
	"does not sync without records":  "durability/synced",
	"syncs its own only":             "durability/synced",
	"truncates on open":              "durability/reopened",
	"drops on Close":                 "durability/reopened",
	"reverses":                       "order/batches",
	"stores twice":                   "order/batches",
	"tears batches":                  "order/concurrent",
	"tears batches of several sinks": "order/shared",
	"escapes":                        "content/exact",
	"cuts large records":             "content/exact",
	"empty is an error":              "content/empty",
	"empty stores":                   "content/empty",
	"obeys the context":              "context/done",
	"changes":                        "ownership/unchanged",
	"writes behind the end":          "ownership/unchanged",
	"keeps":                          "ownership/not-kept",
	"swallows errors":                "errors/reported",
	"not stored, but is":             "errors/reported",
	"fails the second Close":         "close/idempotent",
	"wrong error after Close":        "close/append",
	"stores after Close":             "close/append",
	"lost while closing":             "close/concurrent",
}

// Each flaw is found by the rule that it breaks, in words that say which; and each
// rule finds a flaw.
func TestFlawsAreFound(t *testing.T) {
	found := map[string]bool{}
	for flaw, name := range flaws {
		for i := range cases {
			c := &cases[i]
			if c.name != name {
				continue
			}
			found[name] = true
			said := strings.Join(try(c, (&memory{flaw: flaw}).place()).said, "\n")
			require.Contains(t, said, "The rule: "+c.text, "a sink that %s passes %s", flaw, name)
		}
	}
	for _, c := range cases {
		require.True(t, found[c.name], "no flaw is found by %s", c.name)
	}
}

// What a place cannot show is skipped, not passed.
func TestSkips(t *testing.T) {
	var skipped []string
	for i := range cases {
		p := (&memory{}).place()
		p.Shared, p.Synced, p.Break = false, nil, nil
		f := try(&cases[i], p)
		require.Empty(t, f.said)
		if f.skipped {
			skipped = append(skipped, cases[i].name)
		}
	}
	require.Equal(t, []string{"durability/synced", "order/shared", "errors/reported"}, skipped)
}

// A sink that keeps nothing of a run would pass all rules.
func TestKeepsNothing(t *testing.T) {
	f := try(&cases[0], (&memory{kinds: []audit.Kind{audit.KindRefused}}).place())
	require.Len(t, f.said, 1)
	require.Contains(t, f.said[0], "Place.Kinds")
}
