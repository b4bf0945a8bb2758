package vaultcfg_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

func TestParseLocation(t *testing.T) {
	for text, want := range map[string]vaultcfg.Location{
		"vault://audit-log/":   {Scheme: "vault", Host: "audit-log", Path: "/"},
		"vault://audit-log":    {Scheme: "vault", Host: "audit-log"},
		"vault://logs/a_1.x/":  {Scheme: "vault", Host: "logs", Path: "/a_1.x/"},
		"s3://bucket/p/":       {Scheme: "s3", Host: "bucket", Path: "/p/"},
		"s3://bucket?region=x": {Scheme: "s3", Host: "bucket", Query: "region=x"},
		"file:///var/log/":     {Scheme: "file", Path: "/var/log/"},
		"https://h:8443/a%20b": {Scheme: "https", Host: "h:8443", Path: "/a b"},
	} {
		loc, err := vaultcfg.ParseLocation(text)
		require.NoError(t, err, text)
		want.Raw = text
		assert.Equal(t, want, loc)
		assert.Equal(t, text, loc.String())
	}
	loc, err := vaultcfg.ParseLocation("VAULT://Audit%2DLog/")
	require.NoError(t, err)
	assert.Equal(t, "vault://Audit-Log/", loc.String())
	assert.Empty(t, vaultcfg.Location{}.String())
}

func TestParseLocationErrors(t *testing.T) {
	const (
		below   = ` (write a directory below the vault, such as "vault://audit-log/")`
		scheme  = `not a URL with a scheme (write "vault://audit-log/" for a directory in the vault, and "file:///mnt/archive/" or "s3://bucket/prefix/" for a place elsewhere)`
		dotdot  = `has a ".." element, which leads out of its directory` + below
		device  = `has the name of a Windows device (choose another name than CON, PRN, AUX, NUL, COM1 or LPT1)`
		letters = `has a character that is not allowed in the name of a directory (use letters, digits, "-", "_" and ".")`
		slash   = `has a backslash (separate directories with "/")`
	)
	for text, want := range map[string]string{
		"":                        scheme,
		"audit-log/":              scheme,
		"vault:audit-log":         scheme,
		"/var/log":                scheme,
		"C:/logs":                 scheme,
		"c://logs":                scheme,
		"://logs":                 scheme,
		"1s3://bucket":            scheme,
		" s3://bucket":            scheme,
		"s3://":                   `names no place after the scheme (write for example "s3://bucket/prefix/")`,
		"s3://a b":                `not a valid URL (percent-encode what is not a letter, a digit or one of - . _ ~ /)`,
		"s3://bucket/\n":          `not a valid URL (percent-encode what is not a letter, a digit or one of - . _ ~ /)`,
		"s3://key:secret@bucket/": `a user name or password must not be in a destination (remove it; credentials are read from the environment of whoever writes there)`,
		"s3://bucket/#1":          `a destination has no fragment (#) (write # as %23)`,

		"vault://":                            `names no directory` + below,
		"vault:///":                           `is an absolute path` + below,
		"vault:///etc":                        `is an absolute path` + below,
		"vault://%2Fetc":                      `is an absolute path` + below,
		"vault://.":                           `has a "." element` + below,
		"vault://./":                          `has a "." element` + below,
		"vault://a/./b":                       `has a "." element` + below,
		"vault://..":                          dotdot,
		"vault://../other/":                   dotdot,
		"vault://audit-log/../../other":       dotdot,
		"vault://audit-log/..":                dotdot,
		"vault://%2e%2e/other":                dotdot,
		"vault://audit-log/%2E./":             dotdot,
		"vault://audit-log%2f..%2f..":         dotdot,
		"vault://%252e%252e/other":            letters,
		`vault://..\other`:                    slash,
		`vault://audit-log\..\..`:             slash,
		"vault://audit-log%5c..%5c..":         slash,
		`vault://\\server\share`:              slash,
		"vault://C:":                          letters,
		"vault://C:/Windows":                  letters,
		"vault://audit-log:stream":            letters,
		"vault://user@audit-log/":             letters,
		"vault://audit log/":                  letters,
		"vault://audit-log%00/":               letters,
		"vault://prüfung/":                    letters,
		"vault://~/":                          letters,
		"vault://audit-log./":                 `has a name that ends in "." (Windows drops the dot; leave it out)`,
		"vault://.../":                        `has a name that ends in "." (Windows drops the dot; leave it out)`,
		"vault://con/":                        device,
		"vault://audit-log/NUL.txt":           device,
		"vault://Com1":                        device,
		"vault://lpt9.a.b":                    device,
		"vault://audit-log//x":                `has "//" (separate directories with a single "/")`,
		"vault://audit-log//":                 `has "//" (separate directories with a single "/")`,
		"vault://audit-log/?a=b":              `a vault:// location takes no query or fragment` + below,
		"vault://audit-log/#a":                `a vault:// location takes no query or fragment` + below,
		"vault://audit-log/%2":                `a % is not followed by two hexadecimal digits` + below,
		"vault://" + strings.Repeat("a", 256): `has a name longer than 255 characters`,
	} {
		loc, err := vaultcfg.ParseLocation(text)
		require.EqualError(t, err, want, text)
		assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
		assert.Zero(t, loc)
	}
	for _, text := range []string{"vault://console", "vault://com10", "vault://nul1/lpt", "vault://.hidden"} {
		_, err := vaultcfg.ParseLocation(text)
		assert.NoError(t, err, text)
	}
}

func TestResolve(t *testing.T) {
	dir := vaultDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "logs", "audit"), 0o700))
	symlink(t, "logs", filepath.Join(dir, "link"))
	symlink(t, filepath.Join(dir, "logs"), filepath.Join(dir, "absolute"))
	symlink(t, "../logs/audit", filepath.Join(dir, "logs", "back"))
	c, err := vaultcfg.Load(dir, nil)
	require.NoError(t, err)

	for text, want := range map[string]string{
		"vault://audit-log/":         "audit-log",
		"vault://a/b/c":              "a/b/c",
		"vault://logs":               "logs",
		"vault://logs/audit/":        "logs/audit",
		"vault://logs/audit/new/er/": "logs/audit/new/er",
		"vault://link/audit":         "logs/audit",
		"vault://absolute/new":       "logs/new",
		"vault://link/back/new":      "logs/audit/new",
	} {
		got, err := c.Resolve(location(t, text))
		require.NoError(t, err, text)
		assert.Equal(t, filepath.Join(dir, filepath.FromSlash(want)), got, text)
	}
}

func TestResolveErrors(t *testing.T) {
	dir, outside := vaultDir(t), tempDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "logs"), 0o700))
	// A neighbour whose name begins with the vault's is outside as well.
	require.NoError(t, os.Mkdir(dir+"-2", 0o700))
	for link, to := range map[string]string{
		"out":        outside,
		"up":         "..",
		"logs/up":    "../..",
		"neighbour":  dir + "-2",
		"self":       ".",
		"logs/self":  "..",
		"chain":      "up",
		"nowhere":    "missing",
		"notyet":     filepath.Join(outside, "missing"),
		"round":      "round",
		"file":       "vault.json",
		"out-and-in": filepath.Join(outside, "in"),
	} {
		symlink(t, to, filepath.Join(dir, filepath.FromSlash(link)))
	}
	symlink(t, filepath.Dir(dir), filepath.Join(outside, "in"))
	c, err := vaultcfg.Load(dir, nil)
	require.NoError(t, err)

	const mend = " (put a directory in the place of the link)"
	for text, want := range map[string]string{
		"vault://out":            "a symbolic link leads out of the vault" + mend,
		"vault://out/new":        "a symbolic link leads out of the vault" + mend,
		"vault://up":             "a symbolic link leads out of the vault" + mend,
		"vault://logs/up/x":      "a symbolic link leads out of the vault" + mend,
		"vault://neighbour":      "a symbolic link leads out of the vault" + mend,
		"vault://chain":          "a symbolic link leads out of the vault" + mend,
		"vault://self":           "a symbolic link leads to the vault itself" + mend,
		"vault://self/logs":      "a symbolic link leads to the vault itself" + mend,
		"vault://logs/self/logs": "a symbolic link leads to the vault itself" + mend,
		"vault://nowhere":        "a symbolic link leads nowhere" + mend,
		"vault://notyet/x":       "a symbolic link leads nowhere" + mend,
		"vault://file":           "meets something that is not a directory (move it away, or name another directory)",
		"vault://vault.json/x":   "meets something that is not a directory (move it away, or name another directory)",
		"s3://bucket/":           "not a vault:// location, so it has no directory in the vault",

		// Leaves the vault and comes back: the link is judged, not the whole.
		"vault://out-and-in/" + filepath.Base(dir) + "/logs": "a symbolic link leads out of the vault" + mend,
	} {
		got, err := c.Resolve(location(t, text))
		require.EqualError(t, err, c.Path+`: "`+text+`": `+want, text)
		assert.ErrorIs(t, err, vaultcfg.ErrInvalid)
		assert.Empty(t, got)
	}

	_, err = c.Resolve(location(t, "vault://round"))
	assert.ErrorContains(t, err, `cannot resolve "vault://round": `)

	// A Location that was put together by hand has been checked by nobody.
	for _, name := range []string{"", "..", ".", "/etc", `..\x`, "C:"} {
		_, err := c.Resolve(vaultcfg.Location{Scheme: "vault", Host: name})
		assert.ErrorIs(t, err, vaultcfg.ErrInvalid, name)
	}
}

// TestResolveKeepsSecret follows a link whose name is from the environment.
func TestResolveKeepsSecret(t *testing.T) {
	dir := vaultDir(t)
	writeFile(t, filepath.Join(dir, "vault.json"), with(`"audit": {"destination": "env:DEST"}`))
	symlink(t, "..", filepath.Join(dir, "hunter2"))
	symlink(t, "round-hunter2", filepath.Join(dir, "round-hunter2"))
	for _, name := range []string{"hunter2", "round-hunter2"} {
		c, err := vaultcfg.Load(dir, env(map[string]string{"DEST": "vault://" + name}))
		require.NoError(t, err)
		_, err = c.Resolve(c.Audit.Destination)
		require.ErrorContains(t, err, `"env:DEST"`)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestResolveAfterParse(t *testing.T) {
	dir, links := vaultDir(t), tempDir(t)
	symlink(t, dir, filepath.Join(links, "vault"))
	c, err := vaultcfg.Parse([]byte("{"+head+"}"), filepath.Join(links, "vault", "vault.json"), nil)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(links, "vault"), c.Dir)
	got, err := c.Resolve(c.Audit.Destination)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "audit-log"), got)

	c, err = vaultcfg.Parse([]byte("{"+head+"}"), "", nil)
	require.NoError(t, err)
	_, err = c.Resolve(c.Audit.Destination)
	assert.EqualError(t, err, "vault.json: the directory of the vault is not known (give Parse a path, or use Load)")
}

func location(t *testing.T, text string) vaultcfg.Location {
	t.Helper()
	loc, err := vaultcfg.ParseLocation(text)
	require.NoError(t, err)
	return loc
}
