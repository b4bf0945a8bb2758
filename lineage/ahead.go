package lineage

import (
	"iter"
	"runtime"
	"sync"
)

// What the walk downstream asks for stands in memory at places far from one another, and it
// would wait for each of them. So where many versions wait to be followed, several goroutines
// read ahead which plain readings see them. The walk stays one goroutine: it takes what
// they have read in the order of the queue, and does itself all that has an order or
// changes the graph, but for the homes of shelves. So an answer is the same
// however much was read ahead.

// ahead reads ahead of a walk; see [newAhead].
type ahead struct {
	graph   *graph
	queue   *arena[found]
	most    int               // goroutines
	chunk   int               // versions that are read together
	waiting int               // chunks that must wait to be followed: fewer are followed before others could help
	room    int               // readings of a chunk beyond which no more of its versions are looked at
	open    func(*found) bool // whether a version may be followed; if not, nor may those behind it

	own    sights         // what the walk reads itself
	turns  chan *sights   // that nobody reads yet; nil: no goroutine was started
	sent   []*sights      // in the order of the queue; the first may be of the chunk that is followed
	next   int            // the first chunk that was not sent
	idle   []*sights      // to be used again
	ending sync.WaitGroup // the goroutines
}

const (
	mostAhead     = 4       // goroutines: the walk itself is not faster than so many
	chunkAhead    = 128     // versions
	waitingAhead  = 4       // chunks
	chunksAhead   = 4       // for each goroutine, read or waiting for it
	readingsAhead = 1 << 15 // of a chunk: a version can be seen by all of a collection, many versions by as many each
)

// newAhead returns what reads ahead on all processors; in tests, on so many with the walk, and
// from the first version on.
func newAhead(g *graph, queue *arena[found], open func(*found) bool, forced int) *ahead {
	a := &ahead{graph: g, queue: queue, open: open, most: min(runtime.GOMAXPROCS(0)-1, mostAhead), chunk: chunkAhead, waiting: waitingAhead, room: readingsAhead}
	if forced > 0 {
		a.most, a.chunk, a.waiting, a.room = forced-1, 3, 1, 10
	}
	return a
}

// sights are what sees some versions that follow one another in the queue.
type sights struct {
	chunk    int
	versions []found // those of a chunk
	ends     []int   // where the views of each version end: of those that were looked at
	views    []view
	readings []reading
	warm     uint32        // of no use but to be computed
	done     chan struct{} // has one when all of it was looked at
}

// view are the plain readings of a record among those that see a version until it is
// replaced, at end.
type view struct {
	shelf    *shelf
	end      spot
	readings int // where they end among those of the sights
}

// look finds what sees a version.
func (l *sights) look(g *graph, c *found) {
	end := g.replaced(c.shelf, c.at, g.end)
	for _, s := range g.around(c.shelf) {
		l.view(g, s, c.at, end)
	}
	for _, s := range g.below(c.shelf) {
		l.view(g, s, c.at, g.replaced(s, c.at, g.end))
	}
	l.ends = append(l.ends, len(l.views))
}

// view adds a view.
func (l *sights) view(g *graph, s *shelf, at, end spot) {
	from := len(l.readings)
	l.readings = s.reads(l.readings, at, end)
	for i := range l.readings[from:] {
		r := &l.readings[from+i]
		r.run = g.metAt(r.at)
	}
	for i := range l.readings[from:] {
		if r := l.readings[from+i].run; r != nil {
			l.warm += r.number // brings the run near to the processors, which is half of what it costs
		}
	}
	l.views = append(l.views, view{s, end, len(l.readings)})
}

// lookAll finds what sees the versions, of those behind which there are fewer readings than room.
func (l *sights) lookAll(g *graph, room int) {
	for i := 0; i < len(l.versions) && len(l.readings) < room; i++ {
		l.look(g, &l.versions[i])
	}
	l.done <- struct{}{}
}

// reset forgets all.
func (l *sights) reset() {
	l.versions, l.ends, l.views, l.readings = l.versions[:0], l.ends[:0], l.views[:0], l.readings[:0]
}

// of yields the views of a version with their readings.
func (l *sights) of(version int) iter.Seq2[view, []reading] {
	return func(yield func(view, []reading) bool) {
		first, from := 0, 0
		if version > 0 {
			first = l.ends[version-1]
		}
		if first > 0 {
			from = l.views[first-1].readings
		}
		for _, v := range l.views[first:l.ends[version]] {
			if !yield(v, l.readings[from:v.readings:v.readings]) {
				return
			}
			from = v.readings
		}
	}
}

// sights returns what sees the version with that number in the queue, and as the how-manieth it
// stands there. That is good until the next call. The versions are asked for in their order.
func (a *ahead) sights(number int) (l *sights, version int) {
	chunk, version := number/a.chunk, number%a.chunk
	if version == 0 && a.most > 0 {
		a.send(chunk)
	}
	if len(a.sent) > 0 && a.sent[0].chunk == chunk && version < len(a.sent[0].ends) {
		return a.sent[0], version
	}
	a.own.reset()
	a.own.look(a.graph, a.queue.at(number))
	return &a.own, 0
}

// send sends chunks to be read, from one that is followed now, and waits for that if it
// was sent.
func (a *ahead) send(chunk int) {
	if len(a.sent) > 0 && a.sent[0].chunk < chunk {
		a.sent[0].reset()
		a.idle, a.sent = append(a.idle, a.sent[0]), a.sent[1:]
	}
	a.next = max(a.next, chunk)
	if whole := a.queue.n / a.chunk; whole-chunk >= a.waiting {
		for a.next < whole && len(a.sent) < a.most*chunksAhead && a.open(a.queue.at(a.next*a.chunk+a.chunk-1)) {
			a.sendNext()
		}
	}
	if len(a.sent) > 0 && a.sent[0].chunk == chunk {
		a.wait(a.sent[0])
	}
}

// sendNext sends a chunk.
func (a *ahead) sendNext() {
	if a.turns == nil {
		a.turns = make(chan *sights, a.most*chunksAhead)
		for range a.most {
			a.ending.Go(func() {
				for l := range a.turns {
					l.lookAll(a.graph, a.room)
				}
			})
		}
	}
	var l *sights
	if n := len(a.idle); n > 0 {
		l, a.idle = a.idle[n-1], a.idle[:n-1]
	} else {
		l = &sights{done: make(chan struct{}, 1)}
	}
	l.chunk = a.next
	for i := range a.chunk {
		c := a.queue.at(a.next*a.chunk + i)
		a.graph.near(c.shelf)
		l.versions = append(l.versions, *c)
	}
	a.next++
	a.sent = append(a.sent, l)
	a.turns <- l
}

// wait waits until all of some sights was looked at, and helps.
func (a *ahead) wait(l *sights) {
	for {
		select {
		case <-l.done:
			return
		default:
		}
		select {
		case <-l.done:
			return
		case other := <-a.turns:
			other.lookAll(a.graph, a.room)
		}
	}
}

// end ends the goroutines.
func (a *ahead) end() {
	if a.turns != nil {
		close(a.turns)
		a.ending.Wait()
	}
}
