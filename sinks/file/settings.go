package file

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
)

// Settings returns the Config that the query of a URL asks for, as in
//
//	file:///var/log/flexor/decisions.jsonl?daily=true&compress=zst&perm=0640
//
// max_size, daily, compress and perm (in octal) are the fields of [Config]; kinds is a list
// of kinds with commas, among which may be [KindGovernance]. What is not there has its default, and what no field is called is
// an error.
func Settings(query string) (*Config, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("file: settings: %w", err)
	}
	c := &Config{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(key)
		switch key {
		case "kinds":
			for kind := range strings.SplitSeq(value, ",") {
				c.Kinds = append(c.Kinds, audit.Kind(kind))
			}
			err = checkKinds(c.Kinds)
		case "max_size":
			c.MaxSize, err = strconv.ParseInt(value, 10, 64)
		case "daily":
			c.Daily, err = strconv.ParseBool(value)
		case "compress":
			c.Compress = Compression(value)
			err = c.Compress.check()
		case "perm":
			var perm uint64
			perm, err = strconv.ParseUint(value, 8, 9)
			c.Perm = fs.FileMode(perm)
		default:
			err = fmt.Errorf("there is none of that name; there are kinds, max_size, daily, compress and perm")
		}
		if err == nil && len(values[key]) > 1 {
			err = fmt.Errorf("it is there %d times", len(values[key]))
		}
		if err != nil {
			return nil, fmt.Errorf("file: setting %s: %w", key, err)
		}
	}
	return c, nil
}

// KindGovernance stands for the events of a vault's governance log: what was granted,
// deployed, paused, killed and denied, and by whom. No recorder hands them in; flexor.Open
// sends them to a file whose URL asks for them.
const KindGovernance audit.Kind = "governance"

// checkKinds refuses kinds of which there are no records.
func checkKinds(kinds []audit.Kind) error {
	known := []audit.Kind{audit.KindStart, audit.KindTask, audit.KindDecision, audit.KindOutput, audit.KindAccess, audit.KindError, audit.KindKill, audit.KindRefused, audit.KindRun, KindGovernance}
	for _, k := range kinds {
		if !slices.Contains(known, k) {
			return fmt.Errorf("no record has the kind %q; there are %q", k, known)
		}
	}
	return nil
}
