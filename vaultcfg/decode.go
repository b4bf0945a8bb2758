package vaultcfg

import (
	"time"

	"github.com/flexorhq/flexor-go/redact"
)

// A decoder fills in a Config from a document. A value of the wrong type, which
// the schema check has reported, is read as if it were not there.
type decoder struct {
	options *Options
	found   *findings
}

func (d decoder) config(doc *node, c *Config) {
	c.Name = literal(doc.get("name"))
	c.Tier = Tier(literal(doc.get("tier")))
	c.Environment = Environment(literal(doc.get("environment")))
	c.Description = d.text(doc.get("description"))

	data := doc.get("data")
	c.Data.Catalog = d.text(data.get("catalog"))
	c.Data.ConnectionTimeout = time.Duration(integer(data.get("default_connection_timeout_ms"), defaultConnectionTimeoutMS)) * time.Millisecond
	c.Data.MaxRowsPerQuery = integer(data.get("max_rows_per_query"), defaultMaxRowsPerQuery)

	notify := doc.get("notifications")
	c.Notifications.DefaultChannel = ChannelSlack
	if channel := literal(notify.get("default_channel")); channel != "" {
		c.Notifications.DefaultChannel = Channel(channel)
	}
	c.Notifications.SlackWebhook = d.text(notify.get("slack_webhook"))
	c.Notifications.EmailFrom = d.text(notify.get("email_from"))
	c.Notifications.WebhookURL = d.text(notify.get("webhook_url"))

	d.audit(doc.get("audit"), &c.Audit)

	sync := doc.get("sync")
	c.Sync.Auto = boolean(sync.get("auto"), false)
	c.Sync.PreRun = boolean(sync.get("pre_run"), false)

	permissions := doc.get("permissions")
	c.Permissions.WhoCanEditL2 = d.teams(permissions.get("who_can_edit_l2"))
	c.Permissions.WhoCanCreateAgents = d.teams(permissions.get("who_can_create_agents"))
}

func (d decoder) audit(n *node, a *Audit) {
	a.Enabled = boolean(n.get("enabled"), true)
	a.RetentionDays = integer(n.get("retention_days"), defaultRetentionDays)
	a.IncludeInputs = boolean(n.get("include_inputs"), false)
	a.IncludeOutputs = boolean(n.get("include_outputs"), false)
	a.PIIRedaction = boolean(n.get("pii_redaction"), false)
	for _, item := range n.get("pii_patterns").list() {
		a.PIIPatterns = append(a.PIIPatterns, pattern(item))
	}
	for _, item := range n.get("pii_keys").list() {
		a.PIIKeys = append(a.PIIKeys, keyRule(item))
	}
	a.Destination, _ = ParseLocation(defaultDestination)
	if to := d.location(n.get("destination")); to != nil {
		a.Destination = *to
	}
	for _, item := range n.get("secondary_destination").items() {
		if to := d.location(item); to != nil {
			a.SecondaryDestinations = append(a.SecondaryDestinations, *to)
		}
	}
	d.s3(n.get("s3"), &a.S3)
}

func (d decoder) s3(n *node, s *S3) {
	s.Endpoint = d.text(n.get("endpoint"))
	s.Region = d.text(n.get("region"))
	if style, ok := value[bool](n.get("path_style")); ok {
		s.PathStyle = &style
	}
	if lock := ObjectLock(literal(n.get("object_lock"))); lock != "none" {
		s.ObjectLock = lock
	}
	s.LegalHold = boolean(n.get("legal_hold"), false)
	s.SSE = SSE(literal(n.get("sse")))
	if s.KMSKeyID = d.text(n.get("kms_key_id")); s.KMSKeyID != "" && s.SSE == "" {
		s.SSE = SSEKMS
	}
}

// pattern returns the item n of audit.pii_patterns. A string is its expression.
func pattern(n *node) redact.Pattern {
	if text, ok := n.asString(); ok {
		return redact.Pattern{Regexp: text}
	}
	return redact.Pattern{
		Name:     literal(n.get("name")),
		Regexp:   literal(n.get("regexp")),
		Group:    integer(n.get("group"), 0),
		Operator: redact.Operator(literal(n.get("operator"))),
		Keywords: literals(n.get("keywords")),
		Allow:    literals(n.get("allow")),
	}
}

// keyRule returns the item n of audit.pii_keys. A string is its name.
func keyRule(n *node) redact.KeyRule {
	if text, ok := n.asString(); ok {
		return redact.KeyRule{Name: text}
	}
	return redact.KeyRule{
		Name:     literal(n.get("name")),
		Pointer:  literal(n.get("pointer")),
		Operator: redact.Operator(literal(n.get("operator"))),
	}
}

// location returns the location that n names, or nil when there is none or it is
// not valid.
func (d decoder) location(n *node) *Location {
	written, ok := n.asString()
	if !ok {
		return nil
	}
	value, bad := d.options.resolve(written)
	if bad == nil {
		var loc Location
		if loc, bad = parseLocation(value, written); bad == nil {
			return &loc
		}
	}
	d.found.value(n, bad.msg, bad.hint)
	return nil
}

// text returns the string at n with a reference resolved.
func (d decoder) text(n *node) string {
	value, bad := d.options.resolve(literal(n))
	if bad != nil {
		d.found.value(n, bad.msg, bad.hint)
	}
	return value
}

// teams returns the names in n, which is a list of them or a single one.
func (d decoder) teams(n *node) []string {
	var names []string
	for _, item := range n.items() {
		names = append(names, d.text(item))
	}
	return names
}

// literal returns the string at n as it is written.
func literal(n *node) string {
	text, _ := n.asString()
	return text
}

func literals(n *node) []string {
	var texts []string
	for _, item := range n.list() {
		texts = append(texts, literal(item))
	}
	return texts
}

// boolean returns what n says, and otherwise when it says nothing.
func boolean(n *node, otherwise bool) bool {
	if b, ok := value[bool](n); ok {
		return b
	}
	return otherwise
}

// value returns what n says, if it is of that type.
func value[T any](n *node) (T, bool) {
	if n == nil {
		return *new(T), false
	}
	v, ok := n.value.(T)
	return v, ok
}

// integer returns the number at n. The schema takes 365.0 and 3.65e2 for the
// whole numbers they are, so this does too.
func integer(n *node, otherwise int) int {
	if n == nil {
		return otherwise
	}
	switch v := n.value.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	}
	return otherwise
}
