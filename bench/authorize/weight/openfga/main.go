// Command openfga decides by OpenFGA in process.
package main

import (
	"context"
	"fmt"
	"os"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	"github.com/openfga/openfga/pkg/server"
	"github.com/openfga/openfga/pkg/storage/memory"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
)

func main() { fmt.Println(host.Record(os.Args[1]), decide(os.Args[2])) }

func decide(id string) error {
	s, err := server.NewServerWithOpts(server.WithDatastore(memory.New()))
	if err != nil {
		return err
	}
	fmt.Println(s.Check(context.Background(), &openfgav1.CheckRequest{StoreId: id}))
	return nil
}
