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
