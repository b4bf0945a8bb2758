// Package multire finds which of many regular expressions match in which of many
// texts, in one pass, at a cost that does not grow with their number.
//
//	set, err := multire.Compile([]string{`@`, `\d{3}-\d{4}`, `(?i)secret`})
//	…
//	text := []byte(`"call 555-1234","nothing","a secret"`)
//	spans := []multire.Span{{1, 14}, {17, 24}, {27, 35}}
//	hits := set.Scan(nil, text, spans) // [{0 1} {2 2}]
//
// A hit says that a pattern matches somewhere in a span, not where: it is a reason
// to look at that span with something slower. Patterns are those of [regexp], and a set
// finds exactly what one [regexp.Regexp.Match] for each pattern and each span would.
//
// # How it works
//
// All patterns are compiled into one program for a machine that reads bytes. The
// set of places in the program at which the machine may be after some text is a state. From
// each state each byte leads to one other state, and a table says to which, so
// that a byte costs one look-up, whatever the patterns are. States are made when they are first needed:
// all possible ones are too many, those that real text needs are few.
//
// # Promises
//
// A scan is linear in its text, on any text: states are only made as fast as
// walking earns it, and kept in a cache of bounded size. Where a text asks for more,
// the machine is simulated step by step, which makes no states and takes
// some hundred times as long. A scan allocates nothing once its cache is warm.
//
// docs/design/multire.md tells more.
package multire
