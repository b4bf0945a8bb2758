// Command casbin decides by casbin.
package main

import (
	"fmt"
	"os"

	"github.com/casbin/casbin/v3"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
)

func main() { fmt.Println(host.Record(os.Args[1]), decide(os.Args[2], os.Args[3])) }

func decide(model, policy string) error {
	e, err := casbin.NewEnforcer(model, policy)
	if err != nil {
		return err
	}
	fmt.Println(e.EnforceEx("alice", "company", "sandbox", "deploy"))
	return nil
}
