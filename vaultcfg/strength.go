package vaultcfg

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/redact"
)

// neverWeaken is the rule about layers, for hints.
const neverWeaken = "a lower layer may strengthen the audit of the layers above, never weaken it: "

// A strength compares the audit settings of a layer with those of the layers
// above it.
type strength struct {
	lower *node // the audit section of the layer, as it stands there
	upper *node // the document of the layers above
	found *findings
}

// checkStrength reports what the document of a layer weakens. Settings that it
// leaves away are those of the layers above; what these leave away has its
// default, which binds as well. Only the destination by default is free, as each
// vault has its own. Secondary destinations need no look: each layer adds to them.
func checkStrength(doc, upper *node, own, above Audit, found *findings) {
	s := strength{doc.get("audit"), upper, found}
	if s.lower == nil {
		return
	}
	s.stayOn("enabled", own.Enabled, above.Enabled)
	s.stayOn("include_inputs", own.IncludeInputs, above.IncludeInputs)
	s.stayOn("include_outputs", own.IncludeOutputs, above.IncludeOutputs)
	s.stayOn("pii_redaction", own.PIIRedaction, above.PIIRedaction)
	if own.RetentionDays < above.RetentionDays {
		s.weakened("retention_days", fmt.Sprintf("%d days is shorter than the %d of the layer above", own.RetentionDays, above.RetentionDays),
			fmt.Sprintf("write %d or more, or remove it", above.RetentionDays))
	}
	s.keepDestination(own.Destination, above.Destination)
	s.keepPatterns(above.PIIPatterns)
	s.keepKeys(above.PIIKeys)
	s.keepS3(own.S3, above.S3)
}

// keepS3 reports what the layer asks less of S3 than the layers above, and where it
// leads objects elsewhere.
func (s strength) keepS3(own, above S3) {
	weaker := func(key, msg string) {
		low, up := s.lower.get("s3").get(key), s.upper.get("audit").get("s3").get(key)
		if low != nil && up != nil && low.identity() != up.identity() {
			s.redefined(low, up, msg, "remove it")
		}
	}
	strengths := []ObjectLock{LockNone, LockGovernance, LockCompliance}
	if slices.Index(strengths, own.ObjectLock) < slices.Index(strengths, above.ObjectLock) {
		weaker("object_lock", "is weaker than "+quote(string(above.ObjectLock)))
	}
	if !own.LegalHold {
		weaker("legal_hold", "must not be false, as there is true")
	}
	for _, key := range []string{"endpoint", "region", "path_style", "sse", "kms_key_id"} {
		weaker(key, "is not that")
	}
}

// weakened reports that the layer weakens the setting at key. Where it does not
// give it, the setting is that of the layers above.
func (s strength) weakened(key, msg, hint string) {
	n := s.lower.get(key)
	if n == nil {
		return
	}
	from := settingOf(s.upper, key)
	if s.upper.get("audit").get(key) == nil {
		msg += " by default"
	}
	s.found.value(n, msg+" ("+originOf(from).String()+")", neverWeaken+hint)
}

func (s strength) stayOn(key string, own, above bool) {
	if above && !own {
		s.weakened(key, "must not be false, as the layer above has true", "remove it")
	}
}

func (s strength) keepDestination(own, above Location) {
	if s.upper.get("audit").get("destination") != nil && own.place() != above.place() {
		s.weakened("destination", "is not that of the layer above, "+above.shown(), "remove it")
	}
}

// keepPatterns reports patterns that stand in the way of those of the layers
// above: of the same name but another, or with another operator for the same
// matches.
func (s strength) keepPatterns(above []redact.Pattern) {
	names, exprs := make(map[string]int), make(map[string]int)
	exprOf := func(p redact.Pattern) string { return fmt.Sprint(p.Group, " ", p.Regexp) }
	for i, p := range above {
		names[p.Name], exprs[exprOf(p)] = i, i
	}
	list := s.upper.get("audit").get("pii_patterns").list()
	for _, n := range s.lower.get("pii_patterns").list() {
		p := pattern(n)
		if i, ok := names[p.Name]; ok && p.Name != "" && list[i].identity() != n.identity() {
			s.redefined(n, list[i], "defines "+quote(p.Name)+" anew", "choose another name, or remove it")
			continue
		}
		if i, ok := exprs[exprOf(p)]; ok && operator(p.Operator) != operator(above[i].Operator) {
			s.redefined(n, list[i], fmt.Sprintf("has operator %q for what has %q", operator(p.Operator), operator(above[i].Operator)), "remove it")
		}
	}
}

// keepKeys does so for rules by key.
func (s strength) keepKeys(above []redact.KeyRule) {
	keyOf := func(r redact.KeyRule) string {
		return strings.ReplaceAll(fold(r.Name), "_", "") + " " + r.Pointer
	}
	keys := make(map[string]int)
	for i, r := range above {
		keys[keyOf(r)] = i
	}
	list := s.upper.get("audit").get("pii_keys").list()
	for _, n := range s.lower.get("pii_keys").list() {
		r := keyRule(n)
		if i, ok := keys[keyOf(r)]; ok && operator(r.Operator) != operator(above[i].Operator) {
			s.redefined(n, list[i], fmt.Sprintf("has operator %q for what has %q", operator(r.Operator), operator(above[i].Operator)), "remove it")
		}
	}
}

func (s strength) redefined(n, above *node, msg, hint string) {
	s.found.value(n, msg+" in the layer above ("+originOf(above).String()+")", neverWeaken+hint)
}

func operator(o redact.Operator) redact.Operator { return cmp.Or(o, redact.Mask) }
