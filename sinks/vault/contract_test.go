package vault

import (
	"context"
	"errors"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/sinktest"
)

// A log keeps the contract of audit.Sink.
func TestContract(t *testing.T) {
	sinktest.Run(t, func(tb testing.TB) sinktest.Place {
		dir := logDir(tb)
		var logs []*Log
		return sinktest.Place{
			Shared: true,
			Open: func() (audit.Sink, error) {
				l, err := Open(context.Background(), dir, &Config{Origin: origin})
				if err == nil {
					logs = append(logs, l)
				}
				return l, err
			},
			Records: func() (lines [][]byte, err error) {
				r, err := OpenReader(dir)
				if err != nil {
					return nil, err
				}
				for rec, err := range r.Records(context.Background(), 0) {
					if err != nil {
						return nil, err
					}
					lines = append(lines, append([]byte(nil), rec.Line...))
				}
				return lines, nil
			},
			Synced: func() (int, error) {
				if len(logs) == 0 {
					return 0, errors.New("no log was opened")
				}
				return int(logs[len(logs)-1].ledger.Durable().Size), nil
			},
		}
	})
}
