package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// governed is a world as a vault with a governance log on disk.
type governed struct {
	dir       string
	snapshots string
	keys      [len(roles)]rbac.APIKey // of somebody with the role; at 0, of nobody the vault knows
}

// govern makes a vault in dir in which everybody of the world was given their role
// by a signed order, and a snapshot of it.
func govern(ctx context.Context, dir string, w *world) (g *governed, err error) {
	g = &governed{dir: filepath.Join(dir, "vault"), snapshots: filepath.Join(dir, "snapshots")}
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return nil, err
	}
	owner, key, err := control.Init(ctx, g.dir, control.Genesis{Vault: company, Tier: rbac.L2, Owner: rbac.User(w.names[0])}, &control.Config{Snapshots: g.snapshots})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, owner.Close()) }() // writes the snapshot
	g.keys[rbac.Owner] = key
	if g.keys[0], err = rbac.Mint(rbac.UserKind, rand.Reader); err != nil {
		return nil, err
	}
	for i, role := range w.roles[1:] {
		who := rbac.User(w.names[i+1])
		if _, err := owner.GrantRole(ctx, who, role, time.Time{}, ""); err != nil {
			return nil, err
		}
		if g.keys[role].ID() == "" {
			if g.keys[role], _, err = owner.CreateKey(ctx, control.KeyOrder{Subject: who}); err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// peer returns the vault as a peer. A Control acts for one key, so there is one for
// each role, and one for who has none.
func (g *governed) peer(ctx context.Context) peer {
	return peer{name: oursOnDisk, oneVault: true, load: func(w *world) (asker, error) {
		var as [len(roles)]*control.Control
		for role, key := range g.keys {
			c, err := control.Open(ctx, g.dir, &control.Config{Key: key, Snapshots: g.snapshots})
			if err != nil {
				return nil, err
			}
			as[role] = c // left open to the end of the program: nothing is lost with it
		}
		buf := make([]byte, 0, 1024)
		return func(q question) (bool, error) {
			d := as[w.role(q.who)].Authorize(ctx, rbac.Request{Action: actions[q.action], Environment: environments[q.environment], Reason: "incident 7"})
			buf = d.AppendReason(buf[:0])
			return d.Allowed, nil
		}, nil
	}}
}

// read is a peer that reads two bytes of a file and does no more: what any look at
// a log costs that asks the system.
func (g *governed) read() peer {
	return peer{name: reading, answersNothing: true, load: func(*world) (asker, error) {
		f, err := os.Open(filepath.Join(g.dir, control.LogName, "log.json")) // left open to the end of the program
		if err != nil {
			return nil, err
		}
		var b [2]byte
		return func(question) (bool, error) {
			_, err := f.ReadAt(b[:], 1)
			return false, err
		}, nil
	}}
}

// An opening is how the vault was opened once.
type opening struct{ took, passed time.Duration } // processor time, and time

// open opens the vault, with or without the snapshot.
func (g *governed) open(ctx context.Context, snapshots string, grants int) (opening, error) {
	begin, start := time.Now(), cpu()
	c, err := control.Open(ctx, g.dir, &control.Config{Key: g.keys[rbac.Owner], Snapshots: snapshots})
	o := opening{cpu() - start, time.Since(begin)}
	if err != nil {
		return opening{}, err
	}
	got, err := c.Grants(ctx)
	if err = errors.Join(err, c.Damage(), c.Close()); err != nil {
		return opening{}, err
	}
	if len(got) != grants {
		return opening{}, fmt.Errorf("the vault opened with %d grants, not %d", len(got), grants)
	}
	return o, nil
}
