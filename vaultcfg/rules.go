package vaultcfg

import (
	"fmt"
	"net/url"
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
	for _, item := range audit.get("pii_patterns").list() {
		checkPattern(item, found)
	}
	for _, item := range audit.get("pii_keys").list() {
		checkKeyRule(item, found)
	}
	checkDestinations(audit, c.Audit, found)
	checkS3(audit.get("s3"), c.Audit.S3, found)
}

// warnRetention warns about the place the retention is set, or should be.
func warnRetention(doc *node, days int, found *findings) {
	at := settingOf(doc, "retention_days")
	found.warn(at.source(), at.start, "audit.retention_days",
		fmt.Sprintf("%d days is short for production", days),
		fmt.Sprintf("keep at least %d days; 365 for regulated work", sixMonths))
}

// settingOf returns the audit setting at key, or else what it would stand in.
func settingOf(doc *node, key string) *node {
	audit := doc.get("audit")
	if audit == nil {
		return doc
	}
	if n := audit.get(key); n != nil {
		return n
	}
	return audit
}

// governanceLog is the directory of the vault's other log.
const governanceLog = "governance-log"

func checkDestinations(n *node, a Audit, found *findings) {
	governance := func(n *node, loc Location) {
		if loc.Scheme == schemeVault && strings.EqualFold(loc.Host, governanceLog) {
			found.value(n, "vault://governance-log/ holds the governance log", `write another directory, such as "vault://audit-log/"`)
		}
	}
	governance(n.get("destination"), a.Destination)
	items := n.get("secondary_destination").items()
	if len(items) != len(a.SecondaryDestinations) {
		return // some are not valid, and reported
	}
	first := make(map[Location]int)
	for i, loc := range a.SecondaryDestinations {
		governance(items[i], loc)
		if loc.place() == a.Destination.place() {
			found.value(items[i], "the same as the destination, so there would be no second copy", "name another place, or remove it")
		}
		if j, ok := first[loc.place()]; ok {
			found.value(items[i], "the same place as "+a.SecondaryDestinations[j].shown()+" ("+originOf(items[j]).String()+"), so there would be no further copy",
				"name another place, or remove it")
			continue
		}
		first[loc.place()] = i
	}
}

func checkS3(n *node, s S3, found *findings) {
	if s.KMSKeyID != "" && s.SSE != SSEKMS {
		found.value(n.get("kms_key_id"), "has no use with sse \"AES256\"", `write "aws:kms" there, or remove it`)
	}
	if s.Endpoint == "" {
		return
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		found.value(n.get("endpoint"), "not the URL of a server", `write for example "https://minio.fund.com:9000"`)
	}
}
