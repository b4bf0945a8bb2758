// Command opa decides by OPA.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
)

func main() { fmt.Println(host.Record(os.Args[1]), decide(os.Args[2])) }

func decide(policy string) error {
	ctx := context.Background()
	query, err := rego.New(rego.Query("data.flexor.decision"), rego.Module("policy.rego", policy), rego.Store(inmem.New())).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	fmt.Println(query.Eval(ctx, rego.EvalInput(map[string]any{"subject": "alice"})))
	return nil
}
