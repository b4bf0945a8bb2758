package main

import (
	"os"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// isDir reports whether there is a directory of that name.
func isDir(name string) bool {
	info, err := os.Stat(name)
	return name != "" && err == nil && info.IsDir()
}

// exists reports whether there is a file or a directory of that name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// provedLineage is the JSON form of a proof of lineage that holds.
type provedLineage struct {
	Verdict   string          `json:"verdict"`
	Proof     string          `json:"proof"`
	Records   int             `json:"records"`
	Unended   int             `json:"unended"`
	PublicKey string          `json:"public_key"`
	Answer    *lineage.Result `json:"answer"`
}

// verifyLineage checks the proof of an answer about a record without the log.
func (c *cli) verifyLineage(v *verification) error {
	if v.line != "" {
		return misuse("flexor verify --proof "+v.proof, "--line goes with the proof of one entry; the directory %s has its lines in it", v.proof)
	}
	key, err := c.proofKey(v)
	if err != nil {
		return err
	}
	p, err := lineage.CheckProof(os.DirFS(v.proof), key)
	if err != nil {
		return fail(exitIntegrity, "make sure that proof and key are of the same log; flexor lineage --record URI --prove DIR makes a new proof", "verify: %s proves no answer: %w", v.proof, err)
	}
	if v.format.value == "json" {
		return writeJSON(c.out, provedLineage{holds, v.proof, p.Records, p.Unended, key, p.Result}, "  ")
	}
	var f facts
	f.add("verdict", "%s", c.colour.status(audit.Success, holds))
	f.add("record", "%s", printable(p.Result.Record))
	f.add("answer", "%s, %s and %s, as %s of the log say", count(len(p.Result.Touches), "run"), count(len(p.Result.Versions), "version"), count(len(p.Result.Edges), "edge"), count(p.Records, "record"))
	f.add("log", "%s, root %s", count(int(p.Result.Head.Size), "record"), printable(p.Result.Head.Root))
	if p.Unended > 0 {
		f.add("not proved", "of what agent %s", have(p.Unended, "run")+" been that had not ended")
	}
	f.add("not shown", "that nothing is missing: that takes the log")
	f.add("public key", "%s", printable(key))
	return f.write(c.out, "")
}
