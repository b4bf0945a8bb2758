package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// encode returns the bytes of a snapshot: the magic, the layout that [codec.snapshot]
// describes, and a CRC-32C over both.
func (o *snapshot) encode() ([]byte, error) {
	rest, err := json.Marshal(&o.rest)
	if err != nil {
		return nil, err
	}
	x := &codec{out: []byte(snapshotMagic)}
	text := string(rest)
	x.snapshot(o, &text)
	return binary.BigEndian.AppendUint32(x.out, crc32c(string(x.out))), nil
}

func decodeSnapshot(data string) (*snapshot, error) {
	n := len(data) - crc32.Size
	if n < len(snapshotMagic) || data[:len(snapshotMagic)] != snapshotMagic {
		return nil, errors.New("it is of another version")
	}
	if binary.BigEndian.Uint32([]byte(data[n:])) != crc32c(data[:n]) {
		return nil, errors.New("it is damaged")
	}
	x := &codec{in: data[:n], at: len(snapshotMagic), reading: true}
	o := &snapshot{}
	var rest string
	x.snapshot(o, &rest)
	if x.bad || x.at != n {
		return nil, errors.New("it is not in the form in which it is written")
	}
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&o.rest); err != nil {
		return nil, err
	}
	return o, nil
}

// crc32c returns the CRC-32C of data, without a copy of all of it.
func crc32c(data string) (sum uint32) {
	var part [4 << 10]byte
	for data != "" {
		n := copy(part[:], data)
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), part[:n])
		data = data[n:]
	}
	return sum
}

// codec reads or writes: the same description of a layout serves both. What is read
// shares its memory with in.
type codec struct {
	reading bool
	in      string
	at      int // how much of in was read
	out     []byte
	bad     bool // what was read is cut off, or too large
}

func (x *codec) snapshot(o *snapshot, rest *string) {
	root := string(o.root[:])
	x.text(rest)
	x.text(&o.publicKey)
	x.text(&root)
	x.text(&o.policy.Vault)
	x.text((*string)(&o.policy.Tier))
	x.num(&o.policy.Head.Size)
	x.text(&o.policy.Head.Root)
	list(x, &o.policy.Grants, x.grant)
	list(x, &o.policy.Keys, x.key)
	x.bad = x.bad || copy(o.root[:], root) != len(o.root)
}

func (x *codec) grant(g *rbac.Grant) {
	role := uint64(g.Role)
	x.num(&g.Index)
	x.subject(&g.Subject)
	x.num(&role)
	x.time(&g.Expires)
	x.subject(&g.By)
	x.num(&g.Under)
	g.Role = rbac.Role(min(role, math.MaxUint8))
}

func (x *codec) key(k *rbac.Key) {
	public := string(k.Public)
	x.text(&k.ID)
	x.num(&k.Index)
	x.subject(&k.Subject)
	x.text(&public)
	x.time(&k.Created)
	x.time(&k.Expires)
	list(x, &k.Vaults, x.text)
	x.time(&k.Revoked)
	x.text(&k.Successor)
	x.subject(&k.By)
	x.num(&k.Under)
	k.Public = []byte(public)
}

func (x *codec) subject(s *rbac.Subject) {
	kind := uint64(s.Kind)
	x.num(&kind)
	x.text(&s.Name)
	s.Kind = rbac.Kind(min(kind, math.MaxUint8))
}

// time has seconds, and nanoseconds plus one; zeros are the zero time.
func (x *codec) time(t *time.Time) {
	var sec, nsec uint64
	if !x.reading && !t.IsZero() {
		sec, nsec = uint64(t.Unix()), uint64(t.Nanosecond())+1
	}
	x.num(&sec)
	x.num(&nsec)
	if x.reading && nsec > 0 {
		*t = time.Unix(int64(sec), int64(nsec-1)).UTC()
	}
}

func (x *codec) text(s *string) {
	n := uint64(len(*s))
	x.num(&n)
	switch {
	case !x.reading:
		x.out = append(x.out, *s...)
	case n > uint64(len(x.in)-x.at):
		x.bad = true
	default:
		*s = x.in[x.at : x.at+int(n)]
		x.at += int(n)
	}
}

func (x *codec) num(v *uint64) {
	if !x.reading {
		x.out = binary.AppendUvarint(x.out, *v)
		return
	}
	*v = 0
	for shift := 0; shift < 64; shift += 7 {
		if x.at == len(x.in) {
			break
		}
		b := x.in[x.at]
		x.at++
		*v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return
		}
	}
	x.bad = true
}

// list reads or writes the items of a list after their number.
func list[T any](x *codec, items *[]T, item func(*T)) {
	n := uint64(len(*items))
	x.num(&n)
	if x.reading {
		if n > uint64(len(x.in)-x.at) || x.bad { // each takes a byte at least
			x.bad = true
			return
		}
		*items = make([]T, n)
	}
	for i := range *items {
		if x.bad {
			return
		}
		item(&(*items)[i])
	}
}
