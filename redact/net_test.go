package redact

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// marked returns what d finds in the value s under key, in brackets of their own. It also holds
// the contract of a detector: order, no overlaps, a trigger in whatever it finds.
func marked(t testing.TB, d *detector, key, s string) string {
	t.Helper()
	hits := d.find(&text{b: []byte(s), key: key}, nil)
	var out strings.Builder
	end := 0
	for _, h := range hits {
		require.True(t, end <= h.start && h.start < h.end && h.end <= len(s), "%s: %d-%d of %q after %d", d.name, h.start, h.end, s, end)
		out.WriteString(s[end:h.start] + "⟦" + s[h.start:h.end] + "⟧")
		end = h.end
	}
	if len(hits) > 0 {
		require.Regexp(t, regexp.MustCompile(strings.Join(d.triggers, "|")), s, "no trigger of %s", d.name)
	}
	return out.String() + s[end:]
}

// checkFinds runs a detector over texts in which what it must find stands in brackets.
func checkFinds(t *testing.T, d *detector, key string, texts ...string) {
	t.Helper()
	for _, want := range texts {
		s := strings.NewReplacer("⟦", "", "⟧", "").Replace(want)
		assert.Equal(t, want, marked(t, d, key, s))
	}
}

// withMasks returns s with its finds replaced as the operators do.
func withMasks(d *detector, s, mask string) string {
	hits := d.find(&text{b: []byte(s)}, nil)
	for i := len(hits) - 1; i >= 0; i-- {
		s = s[:hits[i].start] + fmt.Sprintf(mask, d.label) + s[hits[i].end:]
	}
	return s
}

// What a mask writes, and what stands around it, is not found a second time.
func checkIdempotent(t testing.TB, d *detector, s string) {
	t.Helper()
	for _, mask := range []string{"[%s]", "[%s:k3:abcdefghijklmnopabcdefghijklmnop]", "[%s:1111]"} {
		once := withMasks(d, s, mask)
		require.Equal(t, once, withMasks(d, once, mask), "%s in %q", d.name, s)
	}
}

// Any bytes: no panic, the contract holds, and a second pass changes nothing.
func FuzzNet(f *testing.F) {
	for _, s := range netSeeds() {
		f.Add(s)
	}
	detectors := netDetectors()
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		for _, d := range detectors {
			marked(t, d, "mail", s)
			marked(t, d, "", s)
			checkIdempotent(t, d, s)
			for _, h := range d.find(&text{b: []byte(s)}, nil) {
				value := []byte(s[h.start:h.end])
				if d.normalise != nil {
					once := d.normalise(nil, value)
					require.Equal(t, once, d.normalise(nil, once), "%s normalises %q twice", d.name, value)
				}
			}
		}
	})
}

func netSeeds() []string {
	seeds := []string{
		`"a@b.co"@c.de`, `a@b.co@c.de`, `"\"@b.co`, `用户@例子.广告`, `a@[IPv6:::1]`, `git@a.bc:d/e`, `https://a:b@c@d.ef/g@h.ij`,
		`::`, `1::`, `fe80::1%eth0/64`, `[::]:80`, `::ffff:1.2.3.4`, `1.2.3.4.5.6.7.8`, `1.2.3.4/33`, `v 1.2.3.4`,
		`00:11:22:33:44:55:66:77`, `0011.2233.4455`, `00 11 22 33 44 5f`, `0x`, `bc1`, "a@b.co_x", "1.1.1.1-1.1.1.2",
	}
	for _, p := range netPositives(rand.New(rand.NewPCG(1, 2)))[:20] {
		seeds = append(seeds, p.text)
	}
	return seeds
}

// Texts put together of what the detectors look for: more of them are near a
// find than of random bytes.
func TestNetIsIdempotent(t *testing.T) {
	t.Parallel()
	parts := strings.Split(`@ . : :: / // :// [ ] " \ % - _ , = space a b.co v 1 12 10.0.0.1 255 fe80 ::1 00 00:11:22:33:44:55 `+
		`0011 x@y.org "q"@y.org https://u:p@h 用户 é com xn--p1ai 0x bc1q § version mailto: < > ~ git`, " ")
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	for range rounds {
		var s strings.Builder
		for range 1 + r.IntN(8) {
			s.WriteString(strings.Replace(parts[r.IntN(len(parts))], "space", " ", 1))
		}
		for _, d := range netDetectors() {
			marked(t, d, "", s.String())
			checkIdempotent(t, d, s.String())
		}
	}
}

// Nothing that fills audit logs is a find of any of these detectors.
func TestNetFindsNothing(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "@", ":::", ":", "…", "run_01jzq4v3n5e8rrb1v0p8m2c7d6", "550e8400-e29b-41d4-a716-446655440000",
		"01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"2026-04-30T06:00:00.123456Z", "2026-04-30 06:00:00,123 +01:00", "06:00:00", "20260430-06:00:00:606",
		"2005-06-03-15.42.50.363779",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
		"image registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015", "actions/checkout@v4",
		"golang.org/x/net@v0.41.0/http2", "lodash@4.17.21",
		"@types/node@20.1.0-beta.next", "icon@2x.png", "@Override", "PrepRequestProcessor@476", "root@web1",
		"git@github.com:flexorhq/flexor-go.git",
		"deploy@web1.example.com:/srv/app", "std::string", "Foo::Bar", "std::cout << a::b", "Thread(3)::1",
		"onTouchEvent::0", "a :: b", "1:2:3:4", "x::", "[::%x]",
		"john:x:1005:1006::/home/john:/bin/sh", "v1.2.3", "version 1.2.3.4", "Version: 10.0.19041.1",
		"build 6.1.7601.17514", "oid=1.3.6.1.4.1.311", "1.2.3.4.5", "§5.1.2.4",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36",
		"openssl-1.0.2.1.tar.gz", "3.10.0.7-generic",
		"KB2928120~31bf3856ad364e35~amd64~~6.1.1.2", "256.1.1.1", "1.2.3.04", "-12.5.3", "price 1.234.567,89",
		"€1.234.567.890", "US0378331005", "037833100",
		"aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99", "15-07-29-17-41-41", "1234.5678.9012",
		"00 01 02 03 04 05 ff is a dump", "https://example.com/@john/1", "http://[::", "a://b",
		"akka://system@host.example.com", "postgres://localhost:5432/db", "https://${USER}:${PASSWORD}@host",
		"0x7ffd5e8e3a10", "0x" + strings.Repeat("a", 64), "bc1", "3Qm", strings.Repeat("1", 34),
	}
	for _, d := range netDetectors() {
		for _, s := range texts {
			assert.Equal(t, s, marked(t, d, "", s), d.name)
		}
	}
}
