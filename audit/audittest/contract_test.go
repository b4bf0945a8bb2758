package audittest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/sinks/sinktest"
)

// Sink keeps the contract of audit.Sink. A new one begins where the last left off, as
// that of a process would.
func TestSinkContract(t *testing.T) {
	sinktest.Run(t, func(testing.TB) sinktest.Place {
		var sinks []*audittest.Sink
		broken := false
		return sinktest.Place{
			Open: func() (audit.Sink, error) {
				s := &audittest.Sink{Fail: func(audit.Batch) error {
					if broken {
						return fmt.Errorf("%w: %w", audit.ErrNotStored, errors.New("broken"))
					}
					return nil
				}}
				sinks = append(sinks, s)
				return s, nil
			},
			Records: func() (lines [][]byte, err error) {
				for _, s := range sinks {
					for _, r := range s.Records() {
						lines = append(lines, r.JSON)
					}
				}
				return lines, nil
			},
			Synced: func() (int, error) { return sinks[0].Synced(), nil },
			Break: func() func() {
				broken = true
				return func() { broken = false }
			},
		}
	})
}
