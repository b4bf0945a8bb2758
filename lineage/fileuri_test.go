package lineage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

func TestFileURI(t *testing.T) {
	for _, tc := range []struct{ host, path, want string }{
		{"", "/srv/feeds/x.csv", "file:///srv/feeds/x.csv"},
		{"worker-7", "/srv/feeds/x.csv", "file://worker-7/srv/feeds/x.csv"},
		{"", "/", "file:///"},
		{"", "/a b/ü%?#[1].csv", "file:///a%20b/%C3%BC%25%3F%23%5B1%5D.csv"},
		{"", "/a\nb", "file:///a%0Ab"},
		{"", "c:/Users/bob/x.csv", "file:///C:/Users/bob/x.csv"},
		{"pc", "C:/x", "file://pc/C:/x"},
		{"pc", "//server/share/x", "file://server/share/x"},
		{"", "//?/C:/x", "file:///C:/x"},
		{"pc", "//?/UNC/server/share/x", "file://server/share/x"},
	} {
		got, err := audit.RecordURI(fileURI(tc.host, tc.path), nil)
		require.NoError(t, err, tc.path)
		assert.Equal(t, tc.want, got)
	}

	wd, err := os.Getwd()
	require.NoError(t, err)
	in := fileURI("", filepath.ToSlash(wd))
	for name, want := range map[string]string{"x.csv": in + "/x.csv", "./a/../x.csv": in + "/x.csv", "a/": in + "/a/", "": in, ".": in} {
		assert.Equal(t, want, Files{}.URI(name), name)
	}
}
