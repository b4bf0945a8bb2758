package multire_test

import (
	"fmt"

	"github.com/flexorhq/flexor-go/internal/multire"
)

func Example() {
	set, err := multire.Compile([]string{`@`, `\d{3}-\d{4}`, `(?i)secret`})
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []byte(`"call 555-1234","nothing","a secret"`)
	spans := []multire.Span{{Start: 1, End: 14}, {Start: 17, End: 24}, {Start: 27, End: 35}}
	for _, hit := range set.Scan(nil, text, spans) {
		fmt.Println("span", hit.Span, "pattern", hit.Pattern)
	}
	// Output:
	// span 0 pattern 1
	// span 2 pattern 2
}
