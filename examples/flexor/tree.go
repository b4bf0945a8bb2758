package main

import (
	"io"
	"strings"
)

// node is one line of a tree, and what hangs on it.
type node struct {
	text     string
	children []*node
}

// writeTree writes nodes one a line, with the branches that lead to them.
func writeTree(w io.Writer, nodes []*node, indent string) error {
	for i, n := range nodes {
		branch, stem := "├── ", "│   "
		if i == len(nodes)-1 {
			branch, stem = "└── ", "    "
		}
		// Every line of a text of several stands behind its branch.
		lines := strings.Split(n.text, "\n")
		for j, line := range lines {
			lead := indent + branch
			if j > 0 {
				lead = indent + stem
			}
			if _, err := io.WriteString(w, lead+line+"\n"); err != nil {
				return err
			}
		}
		if err := writeTree(w, n.children, indent+stem); err != nil {
			return err
		}
	}
	return nil
}
