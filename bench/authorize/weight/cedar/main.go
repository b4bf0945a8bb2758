// Command cedar decides by cedar-go.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/cedar-policy/cedar-go"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
)

func main() { fmt.Println(host.Record(os.Args[1]), decide(os.Args[2], os.Args[3])) }

func decide(policies, entities string) error {
	set, err := cedar.NewPolicySetFromBytes("policy.cedar", []byte(policies))
	if err != nil {
		return err
	}
	var all cedar.EntityMap
	if err := json.Unmarshal([]byte(entities), &all); err != nil {
		return err
	}
	fmt.Println(cedar.Authorize(set, all, cedar.Request{Principal: cedar.NewEntityUID("User", "alice")}))
	return nil
}
