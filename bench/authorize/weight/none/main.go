// Command none decides nothing.
package main

import (
	"fmt"
	"os"

	"github.com/flexorhq/flexor-go/bench/authorize/weight/host"
)

func main() { fmt.Println(host.Record(os.Args[1])) }
