package feed

import (
	"context"

	"github.com/flexorhq/flexor-go/sinks/vault"
)

const (
	// maxBatch is how many records are sent at once at most, and maxBytes how many
	// bytes of them, but for one that is larger by itself.
	maxBatch = 1024
	maxBytes = 1 << 20
	// ahead is how many records are read ahead.
	ahead = 128
)

// one is a record of the log, or why there is none.
type one struct {
	vault.Record
	err error
}

// read returns the records of the log from the next one to send on, those that there are
// and those that come, until stop is called or ctx ends; then the channel is closed.
func (f *Feed) read(ctx context.Context) (next <-chan one, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, ended, at := make(chan one, ahead), make(chan struct{}), f.state.Next
	go func() {
		defer close(ended)
		defer close(out)
		for rec, err := range f.cfg.Log.Tail(ctx, at) {
			select {
			case out <- one{rec, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, func() { cancel(); <-ended }
}

// more returns the next record if there is one already.
func more(next <-chan one) (rec one, ok bool) {
	select {
	case rec, ok = <-next:
	default:
	}
	return rec, ok
}

// batch is records on their way.
type batch struct {
	records []vault.Record
	bytes   int
}

func (b *batch) add(rec vault.Record) {
	b.records = append(b.records, rec)
	b.bytes += len(rec.Line)
}
