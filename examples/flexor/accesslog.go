package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
)

// accessLogCommand lists the events of the governance log.
func (c *cli) accessLogCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List the events of the governance log, with the denials",
		Long: `Lists the events of the governance log in their order: who ordered what, in
which role, by which grant, why, and what was denied. An event without effect,
because whoever wrote it had no right to it, is shown with the reason.

A table shows the last 50 events; the other formats are exports, and give all.`,
		Example: examples(
			"flexor access log",
			"flexor access log --kind denied",
			"flexor access log --user alice@fund.com --format csv",
		),
		Args: noArgs,
	}
	who := addSubject(cmd, "whose events are listed (default everybody's)")
	kinds := cmd.Flags().StringSlice("kind", nil, "only events of the `KIND`, such as grant, deploy, kill or denied")
	limit := cmd.Flags().Int("limit", 0, "only the last `N` events; 0 for all (default 50 for a table, all for exports)")
	format := addFormat(cmd)
	cmd.RunE = c.viewing(func(cmd *cobra.Command, a *actor) error {
		if *limit < 0 {
			return misuse("--limit 0 is all of them", "--limit %d: there is no negative number of events", *limit)
		}
		if format.value == "table" && !cmd.Flags().Changed("limit") {
			*limit = tableLimit
		}
		var by string
		if who.given() {
			subject, err := who.parse(cmd)
			if err != nil {
				return err
			}
			by = subject.String()
		}
		var list []happening
		var there, people []string // kinds of events, and who ordered them
		for e, err := range a.Events(cmd.Context(), 0) {
			if err != nil {
				return err
			}
			h := happeningOf(e)
			there, people = withName(there, h.what()), withName(people, h.who())
			if (by == "" || by == e.By.String()) && (len(*kinds) == 0 || slices.Contains(*kinds, h.what())) {
				list = append(list, h)
			}
		}
		if len(list) == 0 {
			c.note("no event matched; the log has events of the kinds %s, by %s", strings.Join(there, ", "), few(people))
		}
		return happenings().write(c, format.value, cutTo(c, list, *limit))
	})
	return cmd
}

// happening is an event of the governance log.
type happening struct {
	control.Event
	about about
}

// about is what the bodies of events have in common, for people.
type about struct {
	Vault       string `json:"vault"`
	Subject     string `json:"subject"`
	Role        string `json:"role"`
	ID          string `json:"id"`
	Old         string `json:"old"`
	Agent       string `json:"agent"`
	Version     string `json:"version"`
	Environment string `json:"environment"`
	Run         string `json:"run"`

	Order   string          `json:"order"` // that was denied
	Asked   json.RawMessage `json:"asked"`
	Code    string          `json:"code"`
	Claimed string          `json:"claimed"`

	Of    *uint64 `json:"of"`
	Count int     `json:"count"`
	Other bool    `json:"other"`
	Log   string  `json:"log"`
}

func happeningOf(e control.Event) happening {
	h := happening{Event: e}
	_ = json.Unmarshal(e.Body, &h.about) // of a later version: there is less to say
	return h
}

// what is the kind of the event without its version.
func (h *happening) what() string {
	what, _, _ := strings.Cut(h.Kind, "/")
	return cmp.Or(what, "unknown")
}

// who is by whom it was ordered. Nobody's are the log's own.
func (h *happening) who() string {
	if h.By.Name == "" {
		return "the log"
	}
	return h.By.String()
}

// detail tells the event in a few words.
func (h *happening) detail() string {
	if h.Flag != "" {
		return "no effect: " + h.Flag
	}
	b := &h.about
	switch h.what() {
	case "genesis":
		return h.By.String() + " owns " + b.Vault
	case "denied":
		order, _, _ := strings.Cut(b.Order, "/")
		var asked about
		_ = json.Unmarshal(b.Asked, &asked) // as above
		text := strings.TrimSpace(order+" "+asked.words()) + ": " + b.Code
		if b.Claimed != "" {
			text += ", with the key " + b.Claimed
		}
		return text
	case "repeats":
		switch {
		case b.Of == nil:
		case b.Other:
			return count(b.Count, "other order") + " denied after event " + strconv.FormatUint(*b.Of, 10)
		default:
			return count(b.Count, "time") + " more what event " + strconv.FormatUint(*b.Of, 10) + " denied"
		}
	case "purge":
		return "records of " + b.Log + " whose time was over"
	}
	return b.words()
}

// words names what an order is about.
func (b *about) words() string {
	var words []string
	add := func(lead, text string) {
		if text != "" {
			words = append(words, lead+text)
		}
	}
	add("", b.Run)
	add("", strings.TrimSuffix(b.Agent+"@"+b.Version, "@"))
	add("in ", b.Environment)
	add("", b.Subject)
	add("as ", b.Role)
	if b.Old != "" {
		add("", b.Old+" to "+b.ID)
	} else {
		add("", b.ID)
	}
	return strings.Join(words, " ")
}

// happenings is how events are shown.
func happenings() view[happening] {
	v := view[happening]{
		columns: left("EVENT", "AT (UTC)", "KIND", "BY", "ROLE", "DETAIL", "REASON"),
		heads:   []string{"event", "kind", "at", "by", "key", "role", "grant", "reason", "flag", "body"},
	}
	v.columns[0].right = true
	v.cells = func(h happening) []cell {
		role := ""
		if h.Role != 0 {
			role = h.Role.String()
		}
		return plain(strconv.FormatUint(h.Index, 10), clock(h.At), h.what(), h.who(), role, h.detail(), h.Reason)
	}
	v.fields = func(h happening) []field {
		var role, grant, by field
		if h.Role != 0 {
			role = word(h.Role.String())
		}
		if h.Grant != nil {
			grant = number(int64(*h.Grant))
		}
		if h.By.Name != "" {
			by = text(h.By.String())
		}
		return []field{number(int64(h.Index)), text(h.Kind), optional(h.At.IsZero(), when(h.At)), by, text(h.Key), role, grant,
			text(h.Reason), text(h.Flag), text(string(h.Body))}
	}
	return v
}
