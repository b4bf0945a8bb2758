package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableAligns(t *testing.T) {
	var b strings.Builder
	tab := newTable(&b, palette{}, column{head: "NAME"}, column{head: "N", right: true}, column{head: "NOTE"})
	for _, row := range [][]string{{"価格", "1", "wide"}, {"cafe\u0301", "10", "combining"}, {"plain", "100", ""}, {"\x1b[2J", "7", "a\nb"}} {
		require.NoError(t, tab.row(plain(row...)))
	}
	assert.Empty(t, b.String(), "held back until the widths are known")
	require.NoError(t, tab.flush())
	assert.Equal(t, strings.Join([]string{
		"NAME       N  NOTE",
		"価格       1  wide",
		"cafe\u0301      10  combining",
		"plain    100",
		`\x1b[2J    7  a\nb`,
		"",
	}, "\n"), b.String())
}

func TestTableHoldsBackNoMoreThanItNeeds(t *testing.T) {
	var b strings.Builder
	tab := newTable(&b, palette{}, column{head: "N"})
	for i := range 3 * holdBack {
		require.NoError(t, tab.row(plain(fmt.Sprint(i))))
		assert.LessOrEqual(t, len(tab.held), holdBack)
	}
	require.NoError(t, tab.flush())
	assert.Equal(t, 3*holdBack+1, strings.Count(b.String(), "\n"))
}

func TestTablePaintsWithoutMovingColumns(t *testing.T) {
	var b strings.Builder
	p := palette{on: true}
	tab := newTable(&b, p, column{head: "STATUS"}, column{head: "N", right: true})
	require.NoError(t, tab.row([]cell{{"failed", func(s string) string { return p.status("failed", s) }}, {text: "1"}}))
	require.NoError(t, tab.flush())
	assert.Equal(t, "\x1b[1mSTATUS\x1b[0m  \x1b[1mN\x1b[0m\n\x1b[31mfailed\x1b[0m  1\n", b.String())
}

func TestTableFoldsWhereThereIsNoRoom(t *testing.T) {
	columns := []column{{head: "RUN"}, {head: "AGENT"}, {head: "ERRORS", right: true}, {head: "REASON"}}
	rows := [][]string{{"run_1", "feed-monitor", "1", "the feed was closed"}, {"run_2", "nav", "12", ""}}
	for room, want := range map[int]string{
		0:  "RUN    AGENT         ERRORS  REASON\nrun_1  feed-monitor       1  the feed was closed\nrun_2  nav               12\n",
		48: "RUN    AGENT         ERRORS  REASON\nrun_1  feed-monitor       1  the feed was closed\nrun_2  nav               12\n",
		30: "RUN    AGENT         ERRORS\n    REASON\nrun_1  feed-monitor       1\n    the feed was closed\nrun_2  nav               12\n",
		20: "RUN    AGENT\n    ERRORS\n    REASON\nrun_1  feed-monitor\n         1\n    the feed was\n    closed\nrun_2  nav\n        12\n",
		1:  "RUN\n    AGENT\n    ERRORS\n    REASON\nrun_1\n    feed-monitor\n         1\n    the feed was closed\nrun_2\n    nav\n        12\n",
	} {
		var b strings.Builder
		tab := newTable(&b, palette{}, columns...)
		tab.room = room
		for _, row := range rows {
			require.NoError(t, tab.row(plain(row...)))
		}
		require.NoError(t, tab.flush())
		assert.Equal(t, want, b.String(), "%d columns", room)
	}
	// A text that comes last is read in lines below each other, if there is room for that.
	var b strings.Builder
	tab := newTable(&b, palette{}, column{head: "CHECK"}, column{head: "DETAIL"})
	tab.room = 50
	require.NoError(t, tab.row(plain("key", "the signing key is in the vault, /srv/a-directory-with-a-name-that-is-longer-than-the-room: anyone can copy both")))
	require.NoError(t, tab.flush())
	assert.Equal(t, `CHECK  DETAIL
key    the signing key is in the vault,
       /srv/a-directory-with-a-name-that-is-longer-than-the-room:
       anyone can copy both
`, b.String())
}

func TestTree(t *testing.T) {
	var b strings.Builder
	require.NoError(t, writeTree(&b, []*node{
		{text: "one", children: []*node{{text: "one.one\nmore of it"}, {text: "one.two", children: []*node{{text: "deep"}}}}},
		{text: "two"},
	}, ""))
	assert.Equal(t, `├── one
│   ├── one.one
│   │   more of it
│   └── one.two
│       └── deep
└── two
`, b.String())
}
