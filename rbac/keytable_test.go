package rbac

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSlotsSayWhatIsHeld asks by each of some hundred keys, of which some were
// restored and some came later, with names that fit into a cell and names that do not:
// while grants come, change and go, what a slot says is what key and holder say.
func TestSlotsSayWhatIsHeld(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	var keys []string
	check := func() {
		t.Helper()
		for _, at := range []time.Time{noon, noon.Add(2 * day), noon.Add(2000 * day)} {
			for _, id := range keys {
				key, ok := w.policy.Key(id)
				require.True(t, ok)
				want, _ := w.policy.Grant(key.Subject)
				if !key.Valid(at) {
					want = Grant{}
				}
				d := w.policy.Authorize(Request{Key: id, Action: View, Vault: "company", At: at})
				require.Equal(t, key.Subject, d.Subject)
				require.Equal(t, want, d.Grant)
				require.Equal(t, key.Valid(at) && want.Role != 0 && !want.expired(at), d.Allowed)
			}
		}
	}
	for i := range 300 {
		s := User(fmt.Sprintf("%d-%s", i, strings.Repeat("x", i%40)))
		if i%7 == 0 {
			s.Kind = ServiceKind
		}
		keys = append(keys, w.join(by, s, Role(i%4)))
		if i == 100 || i == 200 {
			check()
			p, err := Restore(w.policy.State())
			require.NoError(t, err)
			w.policy = p
		}
	}
	check()
	for i, id := range keys {
		key, _ := w.policy.Key(id)
		switch i % 4 {
		case 0:
			w.apply(Request{Key: by, Action: GrantRole, Target: key.Subject, Role: Viewer, Expires: noon.Add(day)})
		case 1:
			w.apply(Request{Key: by, Action: RevokeRole, Target: key.Subject})
		case 2:
			w.apply(Request{Key: by, Action: RevokeKey, TargetKey: id})
		case 3:
			next := w.mint(key.Subject.Kind)
			w.apply(Request{Key: by, Action: RotateKey, TargetKey: id, NewKey: next, Until: noon.Add(day)})
			keys = append(keys, next.ID)
		}
	}
	check()
}

// TestKeysOfFarTimes has keys that end where the seconds of a slot do not reach.
func TestKeysOfFarTimes(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	key := w.mint(UserKind)
	end := noon.AddDate(200, 0, 0)
	w.apply(Request{Key: by, Action: CreateKey, Target: User("far@fund.com"), NewKey: key, Expires: end})
	w.apply(Request{Key: by, Action: GrantRole, Target: User("far@fund.com"), Role: Viewer})
	past := w.mint(UserKind)
	w.apply(Request{Key: by, Action: CreateKey, Target: User("far@fund.com"), NewKey: past, At: noon.AddDate(-80, 0, 0), Expires: noon.AddDate(-70, 0, 0)})
	for _, tc := range []struct {
		key  string
		at   time.Time
		want Code
	}{
		{key.ID, noon.AddDate(-100, 0, 0), Permitted},
		{key.ID, end.Add(-1), Permitted},
		{key.ID, end, KeyExpired},
		{key.ID, noon.AddDate(900, 0, 0), KeyExpired},
		{past.ID, noon.AddDate(-71, 0, 0), Permitted},
		{past.ID, noon.AddDate(-69, 0, 0), KeyExpired},
		{past.ID, noon, KeyExpired},
	} {
		assert.Equal(t, tc.want, w.policy.Authorize(Request{Key: tc.key, Action: View, Vault: "company", At: tc.at}).Code, "%s at %s", tc.key, tc.at)
	}
}

// TestSlotsAreSmall holds what a grant takes in memory.
func TestSlotsAreSmall(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(keySlot{}), uintptr(56))
	assert.LessOrEqual(t, unsafe.Sizeof(member{}), uintptr(88))
}
