package rbac

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crowd returns a policy of n subjects, each with a role and a key, and the ids
// of the keys.
func crowd(tb testing.TB, n int) (*Policy, []string) {
	w, _ := newWorld(tb, "company", L2)
	s := w.policy.State()
	public := s.Keys[0].Public
	keys := make([]string, n)
	for i := range n {
		keys[i] = fmt.Sprintf("flxu_%010d", i)
		subject := User(fmt.Sprintf("person-%d@fund.com", i))
		s.Grants = append(s.Grants, Grant{Index: uint64(i), Subject: subject, Role: Role(i%4) + 1, By: root})
		s.Keys = append(s.Keys, Key{
			ID: keys[i], Index: uint64(i), Subject: subject, Public: public, Created: noon, Expires: noon.Add(90 * day),
			Vaults: []string{"company"}, By: root,
		})
	}
	p, err := Restore(s)
	require.NoError(tb, err)
	return p, keys
}

// TestAuthorizeDoesNotAllocate, nor does the reason where there is room for it.
func TestAuthorizeDoesNotAllocate(t *testing.T) {
	p, keys := crowd(t, 1000)
	buf := make([]byte, 0, 1024)
	i, allowed := 0, 0
	for _, a := range Actions() {
		if a == CreateKey {
			continue // fills in the vaults of a key
		}
		got := testing.AllocsPerRun(1000, func() {
			i++
			r := Request{
				Key: keys[i%len(keys)], Action: a, Vault: "company", Environment: Production, Reason: "incident 7", At: noon,
				Target: root, Role: Owner, TargetKey: keys[0],
			}
			d := p.Authorize(r)
			buf = d.AppendReason(buf[:0])
			if d.Allowed {
				allowed++
			}
			r.Target = Subject{}
			d = p.Can(root, r)
			buf = d.AppendReason(buf[:0])
		})
		assert.Zero(t, got, a)
	}
	assert.Greater(t, allowed, 1000)
}

func BenchmarkAuthorize(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		p, keys := crowd(b, n)
		buf := make([]byte, 0, 1024)
		b.Run(fmt.Sprintf("grants=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + 7919) % n
				d := p.Authorize(Request{Key: keys[i], Action: Deploy, Vault: "company", Environment: Production, At: noon})
				buf = d.AppendReason(buf[:0])
			}
		})
	}
}

func BenchmarkRestore(b *testing.B) {
	p, _ := crowd(b, 10_000)
	s := p.State()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Restore(s); err != nil {
			b.Fatal(err)
		}
	}
}
