package control_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// A vault gets its first owner, who lets others in.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	owner, key, err := control.Init(ctx, dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer owner.Close()
	fmt.Println("shown once:", len(key.Reveal()), "characters")

	bob := rbac.User("bob@fund.com")
	if _, err := owner.GrantRole(ctx, bob, rbac.Operator, time.Time{}, "joined the desk"); err != nil {
		log.Fatal(err)
	}
	bobsKey, _, err := owner.CreateKey(ctx, control.KeyOrder{Subject: bob})
	if err != nil {
		log.Fatal(err)
	}

	operator, err := control.Open(ctx, dir, &control.Config{Key: bobsKey})
	if err != nil {
		log.Fatal(err)
	}
	defer operator.Close()
	_, _, err = operator.Deploy(ctx, control.DeployOrder{Agent: "feed-monitor", Version: "1.4.2", Environment: rbac.Production})
	fmt.Println(err)
	_, err = operator.Pause(ctx, "feed-monitor", rbac.Production, "stale prices")
	fmt.Println(err)

	paused, _, err := owner.Paused(ctx, "feed-monitor", rbac.Production)
	fmt.Println(paused.By, "as", paused.Role, "because of", paused.Reason, err)
	// Output:
	// shown once: 64 characters
	// control: denied: bob@fund.com may not deploy to production in company as operator: it takes admin.
	// <nil>
	// bob@fund.com as operator because of stale prices <nil>
}

// What a deployment rests on, and how an auditor checks all of it without trusting
// who acts.
func ExampleControl_Explain() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, _, err := control.Init(ctx, dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	d, _, err := c.Deploy(ctx, control.DeployOrder{Agent: "feed-monitor", Version: "1.4.2", Environment: rbac.Production})
	if err != nil {
		log.Fatal(err)
	}
	chain, err := c.Explain(ctx, d.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, link := range chain.Links {
		fmt.Println("record", link.Event.Index, link.Event.Kind, "by", link.Event.By)
	}

	report, err := control.VerifyAccess(ctx, dir, &control.VerifyOptions{Fingerprint: c.Fingerprint()})
	fmt.Println(report.Decisions, "decision derived anew,", len(report.Flags), "records without effect,", err)
	_, err = control.VerifyAccess(ctx, dir, &control.VerifyOptions{Fingerprint: "SHA256:of another vault"})
	fmt.Println(errors.Is(err, control.ErrCorrupt))
	// Output:
	// record 1 deploy/v1 by alice@fund.com
	// record 0 genesis/v1 by alice@fund.com
	// 1 decision derived anew, 0 records without effect, <nil>
	// true
}
