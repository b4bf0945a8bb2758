package main

import (
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// verifyProof checks a receipt without the log.
func (c *cli) verifyProof(v *verification) error {
	receipt, err := c.readInput("--proof", v.proof)
	if err != nil {
		return err
	}
	line, err := c.readInput("--line", v.line)
	if err != nil {
		return err
	}
	key, err := c.proofKey(v)
	if err != nil {
		return err
	}
	line = trimNewline(line)
	if err := vault.CheckReceipt(key, receipt, line); err != nil {
		return fail(exitIntegrity, "make sure that proof, line and key are of the same log; flexor explain RUN --proof makes a new pair", "verify: %s does not prove %s: %w", v.proof, v.line, err)
	}
	return c.writeProved(v, key, line)
}

// proofKey returns the public key to check a proof with.
func (c *cli) proofKey(v *verification) (string, error) {
	if v.key != "" {
		return v.key, nil
	}
	p, err := c.open()
	if err != nil {
		return "", err
	}
	if p.log == nil {
		return "", misuse("give the public key with --key", "verify: the vault %s has no log, and so no key", p.cfg.Dir)
	}
	c.note("note: the key is that of the vault %s; --key takes one known from elsewhere", p.cfg.Dir)
	return p.log.PublicKey(), nil
}

// proved is the JSON form of a proof that holds.
type proved struct {
	Verdict   string `json:"verdict"`
	Proof     string `json:"proof"`
	Line      string `json:"line"`
	PublicKey string `json:"public_key"`
	RunID     string `json:"run_id,omitempty"`
}

// holds is the verdict on a proof that is right.
const holds = "PROVED"

func (c *cli) writeProved(v *verification, key string, line []byte) error {
	out := proved{holds, v.proof, v.line, key, ""}
	if l, err := audit.DecodeLine(line); err == nil {
		out.RunID = l.RunID
	}
	if v.format.value == "json" {
		return writeJSON(c.out, out, "  ")
	}
	var f facts
	f.add("verdict", "%s", c.colour.status(audit.Success, holds))
	f.add("line", "%s, of %s, stands in the log", printable(v.line), printable(out.RunID))
	f.add("public key", "%s", printable(key))
	return f.write(c.out, "")
}

// trimNewline takes the newline off a line that was cut from the log with other tools.
func trimNewline(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		return line[:n-1]
	}
	return line
}
