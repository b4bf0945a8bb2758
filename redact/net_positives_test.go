package redact

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// netPositives are generated addresses of every form in texts as agents and
// servers write them. There is nothing else to find in them.
func netPositives(r *rand.Rand) []positive {
	g := netGenerator{r}
	values := []struct {
		detector string
		value    func() string
		texts    []string
	}{
		{"email", g.email, []string{
			"%s", "mail %s.", "to=%s, status=sent", "Jane Doe <%s>", "mailto:%s", `{"user":"jo","mail": %s}`, "(%s)",
			"no such user: %s; giving up", "https://example.com/users/%s/profile", "https://example.com/?mail=%s&x=1",
			"联系%s谢谢", "**%s**", "cc %s\nbcc nobody", "'%s'",
		}},
		{"ip_address", g.ip, []string{
			"%s", "from %s port 22", "rhost=%s user=root", "[%s]", "(%s)", "client %s, server", `"%s"`, "dialling %s.",
			"src: /%s dest: unknown", "ssh user@%s failed",
		}},
		{"mac_address", g.mac, []string{
			"%s", "mac:%s", "DHCPOFFER to %s via eth0", "(%s)", "bssid=%s,", "changed to %s.", `"%s"`,
		}},
		{"crypto_address", g.crypto, []string{
			"%s", "send to %s now", "wallet=%s;", `"%s"`, "bitcoin:%s?amount=1", "https://example.com/address/%s", "%s.",
		}},
		{"url_userinfo", g.userinfo, []string{
			"https://%s@example.com/", "GET http://%s@web1:8080/x 200", "postgres://%s@db/prod?sslmode=off",
			"cloning 'ssh://%s@git.example.com/a.git'", "redis://%s@[cache]:6379/0", "mongodb+srv://%s@c.example.net", "url=amqp://%s@mq,",
		}},
	}
	var all []positive
	for i := range 400 {
		for _, v := range values {
			value := v.value()
			text := v.texts[i%len(v.texts)]
			all = append(all, placed(v.detector, "", text, value))
		}
	}
	return all
}

// netGenerator makes addresses at random.
type netGenerator struct{ *rand.Rand }

func (g netGenerator) letters(n int) string { return chars(g.Rand, "abcdefghijklmnopqrstuvwxyz", n) }

func (g netGenerator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g netGenerator) email() string {
	w := g.letters
	local := pick(g.Rand, w(1+g.IntN(8)), w(3)+"."+w(6), w(4)+"+"+w(3), w(2)+"_"+w(4)+"7", w(3)+"-"+w(3),
		"o'"+w(5), strings.ToUpper(w(4)), "josé."+w(4), w(3)+"%"+w(3))
	host := pick(g.Rand, w(5)+".com", w(3)+"-"+w(3)+".co.uk", "mail."+w(6)+".museum", w(4)+".xn--p1ai", "пример.рф",
		"bücher.example", "1337.org", "[192.0.2.1]", "[IPv6:2001:db8::1]", strings.ToUpper(w(4))+".NET")
	return local + "@" + host
}

func (g netGenerator) ip() string {
	four := netip.AddrFrom4([4]byte(g.bytes(4))).String()
	b := [16]byte(g.bytes(16))
	b[0] = 0x20
	if g.IntN(2) == 0 {
		clear(b[4+2*g.IntN(3) : 12])
	}
	six := netip.AddrFrom16(b)
	return pick(g.Rand, four, four, six.String(), strings.ToUpper(six.String()), six.StringExpanded(), "::ffff:"+four, "64:ff9b::"+four,
		fmt.Sprintf("fe80::%x%%eth0", 1+g.IntN(0xfffe)), "::1")
}

func (g netGenerator) mac() string {
	b := g.bytes(6 + 2*g.IntN(2))
	b[0] |= 0xa0 // one letter at least
	switch pairs := fmt.Sprintf("% x", b); g.IntN(4) {
	case 0:
		return strings.ReplaceAll(pairs, " ", "-")
	case 1:
		return strings.ToUpper(strings.ReplaceAll(pairs, " ", ":"))
	case 2:
		quads := fmt.Sprintf("%x", b)
		for i := len(quads) - 4; i > 0; i -= 4 {
			quads = quads[:i] + "." + quads[i:]
		}
		return quads
	default:
		return strings.ReplaceAll(pairs, " ", ":")
	}
}

func (g netGenerator) crypto() string {
	switch g.IntN(5) {
	case 0:
		return "0x" + fmt.Sprintf("%x", g.bytes(20))
	case 1:
		prefix := pick(g.Rand, "bc", "tb", "ltc")
		if g.IntN(2) == 0 {
			return bech32(prefix, "q"+chars(g.Rand, bech32Alphabet, 32), bech32Sum)
		}
		return strings.ToUpper(bech32(prefix, "p"+chars(g.Rand, bech32Alphabet, 52), bech32mSum))
	case 2:
		return bech32(pick(g.Rand, "addr", "cosmos"), chars(g.Rand, bech32Alphabet, 32+64*g.IntN(2)), bech32Sum)
	case 3:
		return base58(base58XRP, append([]byte{0}, g.bytes(20)...))
	default:
		// Bitcoin, its test net, Litecoin, Dogecoin, Dash, Tron and Zcash.
		versions := [][]byte{{0}, {5}, {0x6f}, {0xc4}, {0x30}, {0x32}, {0x1e}, {0x4c}, {0x41}, {0x1c, 0xb8}, {0x1c, 0xbd}}
		return base58(base58Bitcoin, append(versions[g.IntN(len(versions))], g.bytes(20)...))
	}
}

func (g netGenerator) userinfo() string {
	w := g.letters
	return pick(g.Rand, w(5)+":"+chars(g.Rand, "abcXYZ019!$&*-_.~", 12), w(4)+":p@"+w(6), ":"+w(8), w(3)+"%40"+w(3)+".org:x")
}

// base58 returns payload with its check sum in an alphabet.
func base58(alphabet string, payload []byte) string {
	sum := sha256.Sum256(payload)
	sum = sha256.Sum256(sum[:])
	payload = append(payload, sum[:4]...)
	var digits []byte
	for n, mod := new(big.Int).SetBytes(payload), new(big.Int); n.Sign() > 0; {
		n.DivMod(n, big.NewInt(58), mod)
		digits = append([]byte{alphabet[mod.Int64()]}, digits...)
	}
	for _, b := range payload {
		if b != 0 {
			break
		}
		digits = append([]byte{alphabet[0]}, digits...)
	}
	return string(digits)
}

// bech32 returns prefix and data with their check sum, by the definition in BIP 173: the rest of
// a division of polynomials, that is of a shift register.
func bech32(prefix, data string, target uint32) string {
	var values []byte
	for _, c := range []byte(prefix) {
		values = append(values, c>>5)
	}
	values = append(values, 0)
	for _, c := range []byte(prefix) {
		values = append(values, c&31)
	}
	for _, c := range []byte(data) {
		values = append(values, byte(strings.IndexByte(bech32Alphabet, c)))
	}
	sum := uint32(1)
	for _, v := range append(values, 0, 0, 0, 0, 0, 0) {
		sum = bech32Step(sum, v)
	}
	sum ^= target
	for i := range 6 {
		data += string(bech32Alphabet[sum>>(5*(5-i))&31])
	}
	return prefix + "1" + data
}
