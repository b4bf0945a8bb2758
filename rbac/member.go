package rbac

import "time"

// A member is a subject that has a role, has had a key, or granted somebody something.
type member struct {
	subject Subject
	title
	expires time.Time // of the title; zero: never
	keys    *heldKey  // the newest; nil: none
}

// A title is what a grant gives, but for how long and to whom. The zero value is none.
type title struct {
	index uint64
	under uint64
	by    *Subject // shared by all whom one person granted something
	role  Role     // 0: no title
}

// grant fills in g, which is zero, if there is a title.
func (t *title) grant(g *Grant, subject Subject) {
	if t.role != 0 {
		g.Index, g.Subject, g.Role, g.By, g.Under = t.index, subject, t.role, *t.by, t.under
	}
}

// grant returns the grant of m; zero: none, as of nil.
func (m *member) grant() (g Grant) {
	if m != nil {
		m.title.grant(&g, m.subject)
		g.Expires = m.expires
	}
	return g
}
