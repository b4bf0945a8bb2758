package ident

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The valid vectors of the TypeID specification
// (https://github.com/jetify-com/typeid/blob/main/spec/valid.json).
var vectors = map[string]struct{ prefix, uuid string }{
	"prefix_00000000000000000000000000": {"prefix", "00000000-0000-0000-0000-000000000000"},
	"prefix_00000000000000000000000001": {"prefix", "00000000-0000-0000-0000-000000000001"},
	"prefix_0000000000000000000000000a": {"prefix", "00000000-0000-0000-0000-00000000000a"},
	"prefix_0000000000000000000000000g": {"prefix", "00000000-0000-0000-0000-000000000010"},
	"prefix_00000000000000000000000010": {"prefix", "00000000-0000-0000-0000-000000000020"},
	"prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz": {"prefix", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	"prefix_0123456789abcdefghjkmnpqrs": {"prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19"},
	"prefix_01h455vb4pex5vsknk084sn02q": {"prefix", "01890a5d-ac96-774b-bcce-b302099a8057"},
}

func TestVectors(t *testing.T) {
	for id, v := range vectors {
		u, err := Parse(v.prefix, id)
		require.NoError(t, err)
		assert.Equal(t, v.uuid, u.String())
		assert.Equal(t, id, Format(v.prefix, uuid.MustParse(v.uuid)))
	}
}

func TestParseAcceptsOneSpelling(t *testing.T) {
	for name, id := range map[string]string{
		"empty":              "",
		"prefix only":        "run_",
		"other prefix":       "job_01h455vb4pex5vsknk084sn02q",
		"no prefix":          "01h455vb4pex5vsknk084sn02q",
		"upper case":         "run_01H455VB4PEX5VSKNK084SN02Q",
		"too short":          "run_01h455vb4pex5vsknk084sn02",
		"too long":           "run_01h455vb4pex5vsknk084sn02qq",
		"overflow":           "run_81h455vb4pex5vsknk084sn02q",
		"letter of no use":   "run_01h455vb4pex5vsknk084sn02i",
		"hyphens":            "run_01h455vb-pex5vsknk084sn02q",
		"space":              " run_01h455vb4pex5vsknk084sn02q",
		"path":               "run_../../../../../../../etc/p",
		"several bytes":      "run_01h455vb4pex5vsknk084sn0é",
		"long and invalid":   "run_" + strings.Repeat("\xff", 10_000),
		"newline at the end": "run_01h455vb4pex5vsknk084sn02q\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("run", id)
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 400)
		})
	}
}

func TestNewSortsAndIsV7(t *testing.T) {
	last := ""
	for range 1000 {
		id := New("run")
		require.Greater(t, id, last)
		last = id
		u, err := Parse("run", id)
		require.NoError(t, err)
		require.EqualValues(t, 7, u.Version())
	}
}

func FuzzParse(f *testing.F) {
	f.Add("run_01h455vb4pex5vsknk084sn02q")
	f.Add("run_")
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := Parse("run", s); err == nil {
			require.Equal(t, s, Format("run", u))
		}
	})
}
