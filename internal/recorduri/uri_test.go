package recorduri

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"plexifact://prod/catalog/equity-prices/2026-04-30": "plexifact://prod/catalog/equity-prices/2026-04-30",

		// RFC 3986, section 6.2.2: case, percent-encoding, dot segments.
		"eXAMPLE://a/./b/../b/%63/%7bfoo%7d": "example://a/b/c/%7Bfoo%7D",
		"HTTP://www.EXAMPLE.com/":            "http://www.example.com/",
		"http://ex%41mple.com/%7esmith/":     "http://example.com/~smith/",
		"http://h/a/b/c/./../../g":           "http://h/a/g",
		"http://h/../../x":                   "http://h/x",
		"http://h/a/..":                      "http://h/",
		"http://h/a/.":                       "http://h/a/",
		"http://h/%2e%2e/x":                  "http://h/x",
		"http://h/a%2Fb":                     "http://h/a%2Fb", // not a/b
		"http://h/a//b":                      "http://h/a//b",  // a key of its own in an object store
		"http://h:80/x":                      "http://h/x",
		"https://h:443/x":                    "https://h/x",
		"https://h:80/x":                     "https://h:80/x",
		"http://h:/x":                        "http://h/x",
		"http://[2001:DB8::1]:8080/x":        "http://[2001:db8::1]:8080/x",
		"http://[::1]x/":                     "http://%5B%3A%3A1%5Dx/", // as a mask may stand in a host
		"s3://bucket":                        "s3://bucket/",
		"urn:isbn:0451450523":                "urn:isbn:0451450523",
		"file:/etc/x":                        "file:///etc/x",
		"xx:/..//a":                          "xx:/.//a",
		"http://h/x?":                        "http://h/x",
		"http://h/x?b=2&a=1":                 "http://h/x?b=2&a=1",
		"http://h/x#Row%207":                 "http://h/x#Row%207",

		// What a URI cannot hold.
		"http://h/a b":             "http://h/a%20b",
		"http://h/é":               "http://h/%C3%A9",
		"http://h/%c3%a9":          "http://h/%C3%A9",
		"http://h/\u202egnp":       "http://h/%E2%80%AEgnp",
		"http://BÜCHER.example/":   "http://b%C3%BCcher.example/",
		"http://h/a\\b\"<>^`{|}[]": "http://h/a%5Cb%22%3C%3E%5E%60%7B%7C%7D%5B%5D",

		// Windows.
		`c:\data\My Prices.csv`: "file:///C:/data/My%20Prices.csv",
		`C:/data/100%.csv`:      "file:///C:/data/100%25.csv",
		`C:\a\..\b#1?.csv`:      "file:///C:/b%231%3F.csv",
		`\\Server\share\x.csv`:  "file://server/share/x.csv",

		// What no log may hold.
		"postgres://bob:pa:ss@DB/x":               "postgres://db/x",
		"http://a@b@h/":                           "http://h/",
		"jdbc:postgresql://u:p@DB:5432/x":         "jdbc:postgresql://db:5432/x",
		"jdbc:mysql://h/x?user=u&password=p":      "jdbc:mysql://h/x?user=u",
		"https://h/x?a=1&api_key=k&b=2":           "https://h/x?a=1&b=2",
		"https://h/x?Access-Token=k":              "https://h/x",
		"https://h/x?%61pi_key=k":                 "https://h/x",
		"https://b.s3/x?X-Amz-Date=1&X-Amz-Sig=2": "https://b.s3/x",
		"https://h/x?sv=1&sig=abc%2F":             "https://h/x?sv=1",
		"https://h/x?key=42":                      "https://h/x?key=42",
		"https://h/x?key=AIzaSyA1234567890123456": "https://h/x",
		"https://h/x#access_token=k&a=1":          "https://h/x#a=1",
		"https://h/x;jsessionid=1;v=2/y":          "https://h/x;v=2/y",
	} {
		got, err := Normalise(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
}

func TestRefused(t *testing.T) {
	const secret = "hunter2"
	for in, want := range map[string]string{
		"":                                       "empty",
		"/data/" + secret:                        "no scheme",
		"prices-" + secret:                       "no scheme",
		"1x://" + secret:                         "no scheme",
		"x:":                                     "no scheme", // one letter is a drive
		"mem:":                                   "nothing follows",
		"http://h/" + secret + "\n":              "control character '\\n' at byte",
		"http://h/\x00":                          "control character",
		"http://h/\x7f":                          "control character",
		"http://h/\xff":                          "not UTF-8",
		"http://h/%":                             "ends within an escape",
		"http://h/%4":                            "ends within an escape",
		"http://h/%zz":                           "no escape",
		"http://h/%+1":                           "no escape",
		"http://h:12a/" + secret:                 "port",
		"http://h:123456/":                       "port",
		"http://[g:!]/":                          "brackets",
		"file://C:\\x":                           "port",
		"http://h/" + strings.Repeat("a", 10240): "more than 4096",
		"http://h/" + strings.Repeat("é", 1500):  "percent-encoded, more than 4096",
	} {
		_, err := Normalise(in)
		require.Error(t, err, in)
		assert.Contains(t, err.Error(), want, in)
		assert.NotContains(t, err.Error(), secret, "a reason does not repeat what may be secret")
	}
}

func TestCollection(t *testing.T) {
	for uri, want := range map[string]bool{
		"s3://b/": true, "s3://b/x/": true, "urn:a/": true,
		"s3://b/x": false, "s3://b/?q=1": false, "s3://b/x?q=/": false, "s3://b/#/": false,
	} {
		assert.Equal(t, want, Collection(uri), uri)
	}
}

func TestAbove(t *testing.T) {
	for uri, want := range map[string][]string{
		"s3://b/":        nil,
		"s3://b/x":       {"s3://b/"},
		"s3://b/x/":      {"s3://b/"},
		"s3://b/x/y?q=/": {"s3://b/x/", "s3://b/"},
		"s3://b/x/?q=1":  {"s3://b/x/", "s3://b/"},
		"urn:a/b":        {"urn:a/"},
		"urn:a":          nil,
	} {
		var got []string
		for c := range Above(uri) {
			assert.True(t, Collection(c))
			got = append(got, c)
		}
		assert.Equal(t, want, got, uri)
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{
		"plexifact://prod/catalog/x/", `C:\a\..\b`, `\\s\x`, "a:b:c://u@h/%41/../?token=1&x#y", "x:/..//a", "jdbc:x://h:0/;a=b",
		"http://[::1]:80/%2e/%zz", "é:/", "http://h/é%C3", "aa:%61a://u:p@h/", "aa:;sig=1;//x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Normalise(s)
		if err != nil {
			require.Empty(t, got)
			return
		}
		require.LessOrEqual(t, len(got), MaxLen)
		for i := range len(got) {
			require.True(t, got[i] > ' ' && got[i] <= '~', "%q", got)
		}
		again, err := Normalise(got)
		require.NoError(t, err, "%q, from %q", got, s)
		require.Equal(t, got, again, "from %q", s)
		for c := range Above(got) {
			require.True(t, Collection(c) && strings.HasPrefix(got, c), "%q of %q", c, got)
		}
	})
}
