package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/rbac"
)

// hang takes the lock of the log, as a process that hangs does.
func (h *house) hang() (end func()) {
	h.t.Helper()
	held, err := durable.Disk{}.Lock(filepath.Join(h.dir, LogName, "lock"), true)
	require.NoError(h.t, err)
	return func() { require.NoError(h.t, held.Unlock()) }
}

// An ordinary order ends although somebody hangs with the log's lock: it says which lock
// that is, who has it, and that nothing was done. It does so at the end of its context
// or, without one, after [Config.Patience].
func TestOrdersDoNotWaitForEver(t *testing.T) {
	for name, opened := range map[string]bool{"log to be opened": false, "log that is open": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			asked := make(chan struct{}, 1)
			patient, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: asking{unsynced{durable.NewDisk()}, asked}})
			require.NoError(t, err)
			defer patient.Close() //nolint:errcheck // of the test only
			c := h.as(h.key)
			if opened {
				for _, c := range []*Control{c, patient} {
					_, _, err := c.Deploy(bg, DeployOrder{Agent: "b", Version: "1", Environment: rbac.Sandbox})
					require.NoError(t, err)
				}
			}
			c.cfg.Patience = time.Millisecond
			before := h.owner.Head()
			end := h.hang()
			// givenUp gives an order, and gives it up as soon as it waits for the lock.
			givenUp := func(give func(c *Control, ctx context.Context) error) error {
				ctx, cancel := context.WithCancelCause(bg)
				select {
				case <-asked:
				default:
				}
				go func() {
					<-asked
					cancel(errGaveUp)
				}()
				err := give(patient, ctx)
				require.ErrorIs(t, err, errGaveUp)
				return err
			}
			for order, give := range map[string]func(c *Control, ctx context.Context) error{
				"deploy": func(c *Control, ctx context.Context) error {
					_, _, err := c.Deploy(ctx, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
					return err
				},
				"grant": func(c *Control, ctx context.Context) error {
					_, err := c.GrantRole(ctx, bob, rbac.Viewer, time.Time{}, "")
					return err
				},
				"a purge": func(c *Control, ctx context.Context) error { return c.RecordPurge(ctx, "audit-log", 1, "") },
			} {
				err := give(c, bg)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				for _, err := range []error{err, givenUp(give)} {
					require.ErrorIs(t, err, ErrNotRecorded, order)
					require.ErrorIs(t, err, durable.ErrLocked)
					require.ErrorContains(t, err, filepath.Join(h.dir, LogName, "lock"))
					require.ErrorContains(t, err, "end it, then try again")
					if pid := lock.Holder(filepath.Join(h.dir, LogName, "lock")); pid > 0 {
						require.ErrorContains(t, err, "process "+strconv.Itoa(os.Getpid()))
					}
				}
			}
			// What is denied stays denied.
			stranger := h.as(mint(t, bob))
			stranger.cfg.Patience = time.Millisecond
			_, err = stranger.GrantRole(bg, bob, rbac.Owner, time.Time{}, "")
			require.ErrorIs(t, err, ErrDenied)
			require.NotErrorIs(t, err, ErrNotRecorded)

			// Behind an order to stop, which goes on waiting, an ordinary one gives up too.
			err = givenUp(func(c *Control, ctx context.Context) error {
				_, err := c.Pause(ctx, "a", rbac.Production, "because")
				return err
			})
			require.ErrorIs(t, err, ErrNotRecorded)
			patient.cfg.Patience = time.Millisecond
			_, err = patient.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
			require.ErrorIs(t, err, durable.ErrLocked)
			require.Equal(t, before, h.owner.Head())
			end()
			_, err = h.owner.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
			require.NoError(t, err)
			require.Empty(t, h.owner.Flags())
		})
	}
}

var errGaveUp = errors.New("gave up")
