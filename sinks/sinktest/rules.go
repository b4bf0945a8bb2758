package sinktest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/flexorhq/flexor-go/audit"
)

// rule is a part of the contract, with its test.
type rule struct {
	name string
	text string
	skip func(p *Place) string // why the rule cannot be tested on the place; "" if it can
	test func(k *kit)
}

var cases = []rule{
	{
		name: "durability/visible",
		text: "when Append returns, also without Sync, the records have left the process: whoever reads the place finds them",
		test: testVisible,
	},
	{
		name: "durability/synced",
		text: "when Append with Sync returns, its records and all that were appended before are on disk, also if it has no records",
		skip: func(p *Place) string { return unless(p.Synced != nil, "Place.Synced is not set") },
		test: testSynced,
	},
	{
		name: "durability/reopened",
		text: "what was stored stays: neither Close nor opening the place again takes anything away, and later records follow it",
		test: testReopened,
	},
	{
		name: "order/batches",
		text: "batches are stored in the order of their calls, and the records of a batch in theirs",
		test: testBatches,
	},
	{
		name: "order/concurrent",
		text: "the records of a batch are stored contiguously, in order and once, whoever else appends at the same time",
		test: testConcurrent,
	},
	{
		name: "order/shared",
		text: "the records of a batch are stored contiguously, in order and once, also if several sinks share the place",
		skip: func(p *Place) string { return unless(p.Shared, "Place.Shared is not set") },
		test: testShared,
	},
	{
		name: "content/exact",
		text: "a record is stored byte for byte, up to members that the sink adds behind the last one",
		test: testExact,
	},
	{
		name: "content/empty",
		text: "a batch without records stores nothing and is no error",
		test: testEmpty,
	},
	{
		name: "context/done",
		text: "recording is not cut short by a run that is cancelled: Append ignores that its context is done",
		test: testContextDone,
	},
	{
		name: "ownership/unchanged",
		text: "the batch belongs to the caller: Append does not change its slices",
		test: testUnchanged,
	},
	{
		name: "ownership/not-kept",
		text: "the caller uses the memory of a batch again: Append keeps none of its slices",
		test: testNotKept,
	},
	{
		name: "errors/reported",
		text: "Append returns nil only for what is stored; an error that wraps audit.ErrNotStored promises that nothing of the batch is",
		skip: func(p *Place) string { return unless(p.Break != nil, "Place.Break is not set") },
		test: testReported,
	},
	{
		name: "close/idempotent",
		text: "Close may be called again, also at the same time, and is then no error",
		test: testIdempotent,
	},
	{
		name: "close/append",
		text: "Append after Close stores nothing and fails with an error that wraps audit.ErrClosed and audit.ErrNotStored",
		test: testAppendAfterClose,
	},
	{
		name: "close/concurrent",
		text: "an Append at the same time as Close is stored and returns nil, or fails and says what became of the batch",
		test: testCloseConcurrent,
	},
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

func testVisible(k *kit) {
	s := k.open()
	batches := runs(k, 2, 0)
	for i := range batches {
		batches[i].Sync = i == 1
		k.store(s, batches[i])
		k.holds("while the sink is open", k.kept(batches[:i+1]...))
	}
}

func testSynced(k *kit) {
	s := k.open()
	batches := runs(k, 4, 0)
	for i, b := range batches {
		b.Sync = i%2 == 1
		k.store(s, b)
		if b.Sync {
			k.synced("after a batch with Sync", len(k.kept(batches[:i+1]...)))
		}
	}
	b := runs(k, 1, 0)[0]
	b.Sync = false
	k.store(s, b)
	k.store(s, audit.Batch{Sync: true})
	k.synced("after a batch with Sync and no records", len(k.kept(append(batches, b)...)))
}

// synced fails the test unless so many records are on disk.
func (k *kit) synced(when string, want int) {
	k.Helper()
	got, err := k.Synced()
	if err != nil {
		k.broken("%s, what is on disk cannot be told: %v", when, err)
	}
	if got < want {
		k.broken("%s, %d records are on disk, not %d", when, got, want)
	}
}

func testReopened(k *kit) {
	batches := runs(k, 3, 0)
	for i := range batches {
		s := k.open()
		k.holds("after opening it again", k.kept(batches[:i]...))
		batches[i].Sync = false
		k.store(s, batches[i])
		k.close(s)
		k.holds("after Close", k.kept(batches[:i+1]...))
	}
}

func testBatches(k *kit) {
	s := k.open()
	batches := runs(k, 10, 100)
	for i := range batches {
		batches[i].Sync = i%3 == 0
		k.store(s, batches[i])
	}
	k.holds("after ten batches", k.kept(batches...))
}

func testConcurrent(k *kit) {
	s := k.open()
	k.together(s, s, s, s)
}

func testShared(k *kit) {
	k.together(k.open(), k.open(), k.open())
}

// together appends to all sinks at the same time, and looks at what they stored.
func (k *kit) together(sinks ...audit.Sink) {
	k.Helper()
	const each = 8
	batches := runs(k, each*len(sinks), 3000)
	errs := make([]error, len(batches))
	var group sync.WaitGroup
	for i, s := range sinks {
		group.Go(func() {
			for j := i * each; j < (i+1)*each; j++ {
				b := batches[j]
				b.Sync = j%2 == 0
				errs[j] = s.Append(context.Background(), b)
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		k.broken("Append failed: %v", err)
	}
	got := k.stored()
	last := -1
	for j, b := range batches {
		at := k.position(got, k.kept(b))
		switch {
		case at < 0:
			k.broken("a batch whose Append returned nil is not stored")
		case j%each > 0 && at < last:
			k.broken("a batch stands before one whose Append had returned before")
		}
		last = at
	}
	if want := len(k.kept(batches...)); len(got) != want {
		k.broken("%d records are stored, not %d", len(got), want)
	}
}

func testExact(k *kit) {
	s := k.open()
	batches := append(runs(k, 2, 0), runs(k, 1, 500_000)...)
	for _, b := range batches {
		k.store(s, b)
	}
	k.holds("after hostile and large records", k.kept(batches...))
}

func testEmpty(k *kit) {
	s := k.open()
	b := runs(k, 1, 0)[0]
	for _, b := range []audit.Batch{{}, {Sync: true}, b, {Records: []audit.Record{}}} {
		k.store(s, b)
	}
	k.holds("after three empty batches and one that is not", k.kept(b))
}

func testContextDone(k *kit) {
	s := k.open()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	batches := runs(k, 2, 0)
	for i, b := range batches {
		b.Sync = i == 0
		if err := s.Append(ctx, b); err != nil {
			k.broken("Append with a cancelled context failed: %v", err)
		}
	}
	k.holds("after appending with a cancelled context", k.kept(batches...))
}

func testUnchanged(k *kit) {
	s := k.open()
	b := runs(k, 1, 100)[0]
	before := slices.Clone(b.Records)
	for i := range before {
		// Behind its end a slice is the caller's too.
		r := &b.Records[i]
		r.JSON = append(slices.Grow(bytes.Clone(r.JSON), 64), "behind the end"...)[:len(r.JSON)]
		before[i].JSON = bytes.Clone(r.JSON[:len(r.JSON)+len("behind the end")])
	}
	k.store(s, b)
	for i, r := range b.Records {
		if r.Kind != before[i].Kind || r.RunID != before[i].RunID || !bytes.Equal(r.JSON[:len(before[i].JSON)], before[i].JSON) {
			k.broken("after Append, record %d of the caller's batch is another", i)
		}
	}
}

func testNotKept(k *kit) {
	s := k.open()
	var want [][]byte
	for i, b := range runs(k, 4, 100) {
		b.Sync = i%2 == 0
		want = append(want, k.kept(b)...)
		k.store(s, b)
		for j := range b.Records {
			for x := range b.Records[j].JSON {
				b.Records[j].JSON[x] = '#'
			}
			b.Records[j] = audit.Record{}
		}
	}
	k.holds("after the caller has used the memory again", want)
	k.close(s)
	k.holds("after Close", want)
}

func testReported(k *kit) {
	s := k.open()
	batches := runs(k, 6, 0)
	results := make([]error, len(batches))
	appendTo := func(s audit.Sink, i int) { results[i] = s.Append(context.Background(), batches[i]) }
	appendTo(s, 0)
	mend := k.Break()
	appendTo(s, 1)
	appendTo(s, 2)
	mend()
	if results[1] == nil && results[2] == nil {
		k.broken("the place was broken, and Append reported success")
	}
	appendTo(s, 3)
	_ = s.Close() // may say again what Append has said
	s, err := k.Open()
	if err != nil {
		k.broken("the place cannot be opened after it was mended: %v", err)
	}
	appendTo(s, 4)
	appendTo(s, 5)
	k.close(s)
	if results[0] != nil || results[4] != nil || results[5] != nil {
		k.broken("Append failed although the place was in order: %v", errors.Join(results...))
	}
	k.agree(batches, results)
}

// agree fails the test if what is stored is not what Append reported.
func (k *kit) agree(batches []audit.Batch, results []error) {
	k.Helper()
	got := k.stored()
	for i, err := range results {
		if err != nil && !errors.Is(err, audit.ErrNotStored) {
			continue // what became of it is unknown
		}
		at := k.position(got, k.kept(batches[i]))
		switch {
		case err == nil && at < 0:
			k.broken("batch %d is not stored, and Append returned nil", i)
		case err != nil && at >= 0:
			k.broken("batch %d is stored, and the error of Append wraps audit.ErrNotStored: %v", i, err)
		}
	}
}

func testIdempotent(k *kit) {
	s := k.open()
	k.store(s, runs(k, 1, 0)[0])
	errs := make([]error, 4)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = s.Close() })
	}
	group.Wait()
	if err := errors.Join(append(errs, s.Close())...); err != nil {
		k.broken("Close failed: %v", err)
	}
}

func testAppendAfterClose(k *kit) {
	s := k.open()
	batches := runs(k, 3, 0)
	k.store(s, batches[0])
	k.close(s)
	for i, b := range append(batches[1:], audit.Batch{Sync: true}) {
		b.Sync = i > 0
		err := s.Append(context.Background(), b)
		if !errors.Is(err, audit.ErrClosed) || !errors.Is(err, audit.ErrNotStored) {
			k.broken("Append of %d records after Close returned %v", len(b.Records), err)
		}
	}
	k.holds("after Close and more", k.kept(batches[0]))
}

func testCloseConcurrent(k *kit) {
	for range 4 {
		s := k.open()
		before := k.stored()
		batches := runs(k, 24, 300)
		results := make([]error, len(batches))
		began := make(chan struct{}, len(batches))
		var group sync.WaitGroup
		for g := range 4 {
			group.Go(func() {
				for i := g; i < len(batches); i += 4 {
					b := batches[i]
					b.Sync = i%3 == 0
					began <- struct{}{}
					results[i] = s.Append(context.Background(), b)
				}
			})
		}
		for range 5 {
			<-began
		}
		k.close(s)
		group.Wait()
		k.agree(batches, results)
		if now := k.stored(); len(now) < len(before) {
			k.broken("after Close, %d records are stored; there were %d", len(now), len(before))
		}
	}
}
