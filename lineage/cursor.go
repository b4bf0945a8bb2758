package lineage

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"

	"github.com/flexorhq/flexor-go/audit"
)

// cursor says where an answer goes on.
type cursor struct {
	Head  audit.Head `json:"head"`  // the log that it is of
	Told  int        `json:"told"`  // how many versions were followed
	Query []byte     `json:"query"` // a hash of what was asked
}

// digest returns a hash of what is asked, but for where the answer begins and ends.
func (q *Query) digest(record string) []byte {
	asked := *q
	asked.Record, asked.Redactor = record, nil
	asked.At, asked.Cursor, asked.MaxVersions, asked.MaxEdges, asked.NoEdges = audit.Head{}, "", 0, 0, false
	b, _ := json.Marshal(asked) // of fields that can be encoded
	sum := sha256.Sum256(b)
	return sum[:8]
}

// next returns the cursor behind so many versions.
func (q *Query) next(record string, head audit.Head, told int) string {
	b, _ := json.Marshal(cursor{head, told, q.digest(record)}) // as above
	return base64.RawURLEncoding.EncodeToString(b)
}

// resume sets what the cursor says, and returns how many versions were told before.
func (q *Query) resume(record string) (told int, err error) {
	if q.Cursor == "" {
		return 0, nil
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Told < 0 || c.Told > math.MaxInt32 {
		return 0, fmt.Errorf("%w: the cursor is none that an answer had", audit.ErrInvalid)
	}
	if string(c.Query) != string(q.digest(record)) {
		return 0, fmt.Errorf("%w: the cursor is of another query; it goes on only with the same", audit.ErrInvalid)
	}
	if q.At != (audit.Head{}) && q.At != c.Head {
		return 0, fmt.Errorf("%w: the cursor is of the log with %d records, the query of that with %d", audit.ErrInvalid, c.Head.Size, q.At.Size)
	}
	q.At = c.Head
	return c.Told, nil
}
