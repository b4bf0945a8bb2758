// Command rbac uses all of rbac, so that the linker leaves nothing of it out.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
	"github.com/flexorhq/flexor-go/rbac"
)

func main() { fmt.Println(host.Record(os.Args[1]), decide(os.Args[2])) }

func decide(text string) error {
	now := time.Now()
	key, err := rbac.Mint(rbac.UserKind, rand.Reader)
	if err != nil {
		return err
	}
	again, err := rbac.ParseKey(key.Reveal())
	if err != nil {
		return err
	}
	who, err := rbac.ParseSubject(text)
	if err != nil {
		return err
	}
	role, err := rbac.ParseRole(text)
	if err != nil {
		return err
	}
	slog.Info("key", "key", again, "kind", again.Kind())

	policy := new(rbac.Policy)
	genesis := rbac.Genesis{Vault: text, Tier: rbac.L2, Owner: who, Key: rbac.NewKey{ID: key.ID(), Public: key.Public()}, At: now}
	if err := policy.Init(genesis, 0); err != nil {
		return err
	}
	for i, action := range rbac.Actions() {
		r := rbac.Request{
			Key: key.ID(), Action: action, Vault: text, At: now, Environment: rbac.Environment(text), Reason: text, Target: rbac.Service(text), Role: role,
			TargetKey: text, NewKey: genesis.Key,
		}
		d := policy.Apply(r, uint64(i))
		again := policy.Authorize(r)
		can := policy.Can(rbac.User(text), r)
		grants, code := policy.WhoCan(r)
		fmt.Println(d.Reason(), d.Explain(), string(again.AppendReason(nil)), can.Reason(), grants, code)
	}
	grant, _ := policy.Grant(who)
	known, _ := policy.Key(key.ID())
	fmt.Println(grant, policy.WhatCan(who, now), known.Valid(now), known.Verify([]byte(text), key.Sign([]byte(text))))
	policy.SetHead(rbac.Head{Size: 1 << 20})

	data, err := json.Marshal(policy.State())
	if err != nil {
		return err
	}
	var state rbac.State
	if err := json.Unmarshal(data, &state); err != nil {
		return err
	}
	_, err = rbac.Restore(state)
	return err
}
