package schema_test

import (
	"encoding/json"
	"fmt"

	"github.com/flexorhq/flexor-go/schema"
)

// What an entry has at least.
func ExampleEntry() {
	var s struct {
		ID       string   `json:"$id"`
		Required []string `json:"required"`
	}
	if err := json.Unmarshal([]byte(schema.Entry()), &s); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.ID == schema.EntryID, s.Required[:3])
	// Output: true [kind schema run_id]
}
