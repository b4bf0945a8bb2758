package flexor_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/flexorhq/flexor-go"

// floors are the packages of the house, from the ground up. An import leads to
// a lower floor: never up, never sideways. Patterns are those of path.Match.
var floors = [][]string{
	{"internal/multire", "internal/osfile"},
	{"schema", "redact", "internal/lock", "internal/ident", "internal/recorduri"},
	{"internal/durable"},
	{"internal/ledger"},
	{"audit", "vaultcfg", "archive"},
	{"internal/logindex"},
	{"lineage", "rbac", "sinks/vault", "sinks/file", "sinks/s3", "sinks/sinktest"},
	{"control", "report", "audit/audittest", "feed"},
	{"retention", "sinks/openlineage"},
	{"."},
	{"examples/*"},
}

// TestFloors fails on an import that leads up or sideways, and on a package that
// stands on no floor.
func TestFloors(t *testing.T) {
	for _, p := range goList(t, "./...") {
		from := floor(t, p.ImportPath)
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			if to := floor(t, imp); to >= from {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports go down", p.ImportPath, from, imp, to)
			}
		}
	}
}

// TestWhatAnEmbedderLinks holds the weight of the SDK: who imports the recorder or
// the root package links no CLI, no cloud, no SQL and no test code.
func TestWhatAnEmbedderLinks(t *testing.T) {
	allowed := map[string][]string{
		"audit": {
			"github.com/google/uuid",
			"go.opentelemetry.io/otel", "go.opentelemetry.io/otel/trace", "go.opentelemetry.io/otel/metric", // the API; the SDK is a module of its own
			"github.com/cespare/xxhash/v2", // of the OpenTelemetry API
		},
		".": {
			"github.com/google/uuid",
			"go.opentelemetry.io/otel", "go.opentelemetry.io/otel/trace", "go.opentelemetry.io/otel/metric",
			"github.com/cespare/xxhash/v2",
			"golang.org/x/sys", // locks and open files on Windows
			// Tells of orders to stop within a millisecond. It needs nothing but x/sys.
			"github.com/fsnotify/fsnotify",
			"golang.org/x/mod",
			"github.com/klauspost/compress", // zstd, for secondary destinations
			"github.com/santhosh-tekuri/jsonschema/v5",
		},
	}
	for pkg, modules := range allowed {
		for _, p := range goList(t, "-deps", "./"+pkg) {
			assert.NotEqual(t, "testing", p.ImportPath, "%s links test code", pkg)
			assert.NotEqual(t, "database/sql", p.ImportPath, "%s links SQL", pkg) // its driver types come with google/uuid
			assert.NotEqual(t, "net/http", p.ImportPath, "%s links a web client and server", pkg)
			if p.Standard || p.Module == nil || p.Module.Path == module {
				continue
			}
			assert.Contains(t, modules, p.Module.Path, "%s links %s", pkg, p.ImportPath)
		}
	}
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Module     *struct{ Path string }
}

func goList(t *testing.T, args ...string) (out []listed) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Standard,Module"}, args...)...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.Output()
	require.NoError(t, err)
	dec := json.NewDecoder(strings.NewReader(string(stdout)))
	for {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			require.NotEmpty(t, out)
			return out
		}
		require.NoError(t, err)
		out = append(out, p)
	}
}

// floor returns the floor on which a package of this module stands.
func floor(t *testing.T, importPath string) int {
	t.Helper()
	rel := strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
	if rel == "" {
		rel = "."
	}
	for i, patterns := range floors {
		for _, p := range patterns {
			if ok, err := path.Match(p, rel); err == nil && ok {
				return i
			}
		}
	}
	t.Fatalf("%s stands on no floor: add it to the list", importPath)
	return 0
}
