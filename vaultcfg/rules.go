package vaultcfg

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// sixMonths is how many days the log of a live system is kept at least without a
// warning. Article 26(6) of Regulation (EU) 2024/1689 asks deployers of high-risk
// systems for six months.
const sixMonths = 183

// checkRules reports what the schema cannot say: how settings go together.
func checkRules(doc *node, c *Config, found *findings) {
	audit := doc.get("audit")
	if c.Environment == Production {
		if !c.Audit.Enabled {
			found.value(audit.get("enabled"), "must not be false in production", "remove it, or choose another environment")
		}
		if c.Audit.RetentionDays < sixMonths {
			warnRetention(doc, c.Audit.RetentionDays, found)
		}
	}
	for i, item := range audit.get("pii_patterns").list() {
		checkPattern(item, c.Audit.PIIPatterns[i], found)
	}
	checkDestinations(audit, c.Audit, found)
}

// warnRetention warns about the place the retention is set, or should be.
func warnRetention(doc *node, days int, found *findings) {
	offset, key := doc.start, "audit.retention_days"
	if audit := doc.get("audit"); audit != nil {
		offset = audit.start
		if n := audit.get("retention_days"); n != nil {
			offset = n.start
		}
	}
	found.warn(offset, key,
		fmt.Sprintf("%d days is short for production", days),
		fmt.Sprintf("keep at least %d days; 365 for regulated work", sixMonths))
}

// checkPattern reports a pattern that does not compile, with its place; that it
// is only found out by whoever redacts would lose the place.
func checkPattern(n *node, p PIIPattern, found *findings) {
	at := n
	if expr := n.get("regexp"); expr != nil {
		at = expr
	}
	if _, ok := at.asString(); !ok {
		return // reported by the schema check
	}
	re, err := regexp.Compile(p.Regexp)
	if err != nil {
		why := err.Error()
		var bad *syntax.Error
		if errors.As(err, &bad) {
			why = string(bad.Code) // without the expression, which may be long
		}
		found.value(at, "not a regular expression: "+why, "the syntax is RE2: https://github.com/google/re2/wiki/Syntax")
		return
	}
	if have := re.NumSubexp(); p.Group > have {
		found.value(n.get("group"), fmt.Sprintf("there is no capture group %d", p.Group),
			fmt.Sprintf("the regular expression has %d", have))
	}
}

// governanceLog is the directory of the vault's other log.
const governanceLog = "governance-log"

func checkDestinations(n *node, a Audit, found *findings) {
	second := a.SecondaryDestination
	for key, loc := range map[string]*Location{"destination": &a.Destination, "secondary_destination": second} {
		if loc != nil && loc.Scheme == schemeVault && strings.EqualFold(loc.Host, governanceLog) {
			found.value(n.get(key), "vault://governance-log/ holds the governance log", `write another directory, such as "vault://audit-log/"`)
		}
	}
	if second != nil && second.same(a.Destination) {
		found.value(n.get("secondary_destination"), "the same as the destination, so there would be no second copy", "name another place, or remove it")
	}
}
