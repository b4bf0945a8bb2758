package flexor

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/retention"
)

// retentionEvery is how often an open vault applies its retention.
const retentionEvery = 24 * time.Hour

// ApplyRetention removes what was recorded so long ago that audit.retention_days no
// longer keeps it: see [retention.Apply]. An open vault does so by itself when it is
// opened and once a day, unless [Options.ManualRetention] is set. Nothing is removed before
// the secondary destinations with copies were tried once since the vault was opened: one may
// have lost what it had confirmed.
func (v *Vault) ApplyRetention(ctx context.Context) (retention.Result, error) {
	if v.log == nil {
		return retention.Result{}, fmt.Errorf("%w: the vault %s records nothing", retention.ErrPolicy, v.Config.Name)
	}
	if v.sending.copies != nil {
		if err := v.sending.copies.Tried(ctx); err != nil {
			return retention.Result{}, err
		}
	}
	return retention.Apply(ctx, v.log, v.Control, retention.Policy{
		Days: v.Config.Audit.RetentionDays, LogName: filepath.Base(v.log.Dir()), Confirmed: v.confirmed, Now: v.now,
	}, false)
}

// retain applies the retention now and then, until the vault is closed.
func (v *Vault) retain() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	v.endRetention = func() { cancel(); <-done }
	go func() {
		defer close(done)
		again := time.NewTicker(retentionEvery)
		defer again.Stop()
		for {
			res, err := v.ApplyRetention(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				v.logger.Error("flexor: the retention could not be applied; it is tried again tomorrow", "vault", v.Config.Name, "err", err)
			case res.Segments > 0:
				v.logger.Info("flexor: removed what is no longer kept", "vault", v.Config.Name, "records", res.To-res.From, "bytes", res.Bytes)
			}
			select {
			case <-ctx.Done():
				return
			case <-again.C:
			}
		}
	}()
}
