package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// statusCommand shows a vault.
func (c *cli) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the vault, its log, and the runs that have not ended",
		Long: `Shows what the vault is and what it records, how large its log is and what
stands last in it, how far second copies are, the runs that have not ended with
their process, whether this user can record, and what is questionable in
vault.json. It does not verify the log: that is flexor verify.`,
		Example: examples("flexor status", "flexor status --format json"),
		Args:    noArgs,
	}
	format := addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.status(cmd.Context(), format.value) }
	return cmd
}

// status shows the vault.
func (c *cli) status(ctx context.Context, format string) error {
	p, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	s, err := c.statusOf(ctx, p)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(c.out, s, "  ")
	}
	return s.write(c.out, c.colour)
}

// status is what flexor status shows.
type status struct {
	Vault       string        `json:"vault"`
	Tier        string        `json:"tier"`
	Environment string        `json:"environment"`
	Directory   string        `json:"directory"`
	Layers      []layer       `json:"layers,omitempty"` // above this one
	Audit       auditSettings `json:"audit"`
	// Origins says where in which file each audit setting is; the others have their
	// defaults.
	Origins    map[string]string `json:"origins"`
	Log        *logStatus        `json:"log"`                  // null: nothing was recorded yet
	Governance *governanceStatus `json:"governance,omitempty"` // absent: the vault has no owner
	Copies     []archive.Copy    `json:"copies,omitempty"`     // how far secondary destinations with copies are; absent: nothing was sent yet
	Feeds      []feed.Position   `json:"feeds,omitempty"`      // how far those are that get records
	InFlight   []flight          `json:"in_flight"`
	CanRecord  bool              `json:"can_record"`
	WhyNot     string            `json:"why_not,omitempty"` // of CanRecord
	Warnings   []string          `json:"warnings"`
}

// layer is a vault above this one.
type layer struct {
	Vault string `json:"vault"`
	Tier  string `json:"tier"`
	File  string `json:"file"`
}

// auditSettings are those of vault.json. Destinations are as written there: what a
// variable holds may be a secret.
type auditSettings struct {
	Enabled               bool     `json:"enabled"`
	RetentionDays         int      `json:"retention_days"`
	IncludeInputs         bool     `json:"include_inputs"`
	IncludeOutputs        bool     `json:"include_outputs"`
	PIIRedaction          bool     `json:"pii_redaction"`
	Destination           string   `json:"destination"`
	SecondaryDestinations []string `json:"secondary_destinations,omitempty"`
}

// logStatus is how large the log is, and what stands last in it.
type logStatus struct {
	Origin    string   `json:"origin"`
	Directory string   `json:"directory"`
	Records   uint64   `json:"records"`
	Root      string   `json:"root"`
	Bytes     int64    `json:"bytes"` // of all its files
	PublicKey string   `json:"public_key"`
	LastEntry *lastRun `json:"last_entry"` // null: no run has finished yet
}

// governanceStatus is how large the governance log is, and what it began with.
type governanceStatus struct {
	Events      uint64 `json:"events"`
	Root        string `json:"root"`
	Fingerprint string `json:"fingerprint"` // of the genesis
	PublicKey   string `json:"public_key"`
}

// governanceOf looks at the governance log; nil: the vault has no owner.
func governanceOf(ctx context.Context, p *place) (*governanceStatus, error) {
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return nil, err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	if ctl.Vault() == "" {
		return nil, nil
	}
	head := ctl.Head()
	return &governanceStatus{head.Size, head.Root, ctl.Fingerprint(), ctl.PublicKey()}, nil
}

// lastRun is the run that ended last.
type lastRun struct {
	RunID     string       `json:"run_id"`
	AgentName string       `json:"agent_name"`
	Status    audit.Status `json:"status"`
	EndedAt   time.Time    `json:"ended_at"`
}

// flight is a run that has no entry.
type flight struct {
	RunID     string    `json:"run_id"`
	AgentName string    `json:"agent_name"`
	StartedAt time.Time `json:"started_at"`
	PID       int       `json:"pid"`
	Dead      bool      `json:"dead"`
}

// statusOf gathers what there is to show.
func (c *cli) statusOf(ctx context.Context, p *place) (*status, error) {
	a := p.cfg.Audit
	s := &status{
		Vault: p.cfg.Name, Tier: string(p.cfg.Tier), Environment: string(p.cfg.Environment), Directory: p.cfg.Dir,
		Audit: auditSettings{
			Enabled: a.Enabled, RetentionDays: a.RetentionDays, IncludeInputs: a.IncludeInputs, IncludeOutputs: a.IncludeOutputs,
			PIIRedaction: a.PIIRedaction, Destination: a.Destination.Raw,
		},
		Origins:  map[string]string{},
		InFlight: []flight{},
		Warnings: orEmpty(p.cfg.Warnings),
	}
	for _, to := range a.SecondaryDestinations {
		s.Audit.SecondaryDestinations = append(s.Audit.SecondaryDestinations, to.Raw)
	}
	for _, l := range p.cfg.Layers[1:] {
		s.Layers = append(s.Layers, layer{l.Name, string(l.Tier), l.Path})
	}
	for key, from := range p.cfg.Origins {
		if name, ok := strings.CutPrefix(key, "audit."); ok {
			s.Origins[name] = from.String()
		}
	}
	for _, name := range p.missing {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s: the environment variable %s is not set here; agents need it, reading does not", p.cfg.Path, name))
	}
	s.CanRecord, s.WhyNot = p.canRecord()
	var err error
	if s.Copies, err = archive.Status(ctx, p.cfg.Dir); err != nil {
		return nil, err
	}
	if s.Governance, err = governanceOf(ctx, p); err != nil {
		return nil, err
	}
	if p.log == nil {
		return s, nil
	}
	open, err := c.inFlight(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		s.InFlight = append(s.InFlight, flight{r.RunID, r.AgentName, r.StartedAt, r.PID, r.Dead})
	}
	if s.Feeds, err = feedsOf(ctx, p); err != nil {
		return nil, err
	}
	s.Log, err = logStatusOf(ctx, p.log)
	return s, err
}

// feedsOf returns how far the places are that get records, and those that get events of the
// governance log.
func feedsOf(ctx context.Context, p *place) (out []feed.Position, err error) {
	dir := filepath.Join(p.cfg.Dir, feed.Folder)
	if out, err = feed.Status(ctx, p.log, dir); err != nil {
		return nil, err
	}
	events, err := vault.OpenReader(filepath.Join(p.cfg.Dir, control.LogName))
	if errors.Is(err, vault.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	more, err := feed.Status(ctx, events, dir)
	return append(out, more...), err
}

// logStatusOf looks at the log without verifying all of it.
func logStatusOf(ctx context.Context, log *vault.Reader) (*logStatus, error) {
	head, err := log.Head()
	if err != nil {
		return nil, err
	}
	l := &logStatus{Origin: log.Origin(), Directory: log.Dir(), Records: head.Size, Root: head.Root.String(), PublicKey: log.PublicKey()}
	err = filepath.WalkDir(log.Dir(), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil // it was removed meanwhile: a sign of life of a writer
		}
		l.Bytes += info.Size()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for e, err := range log.Entries(ctx, audit.Filter{NewestFirst: true, Limit: 1}) {
		if err != nil {
			return nil, err
		}
		l.LastEntry = &lastRun{e.RunID, e.AgentName, e.Status, e.EndedAt}
	}
	return l, nil
}

// canRecord reports whether this user can append to the log, and if not why. It writes
// nothing: it looks whether the key can be used, and opens the log's lock as a writer
// would.
func (p *place) canRecord() (bool, string) {
	if !p.cfg.Audit.Enabled {
		return false, "audit.enabled is false"
	}
	if p.log == nil {
		return true, ""
	}
	if _, err := vault.ReadKey(vault.KeyFile(p.dir)); err != nil {
		return false, err.Error()
	}
	f, err := os.OpenFile(filepath.Join(p.dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return false, err.Error()
	}
	if err := f.Close(); err != nil {
		return false, err.Error()
	}
	return true, ""
}

// write writes the status for people.
func (s *status) write(w io.Writer, p palette) error {
	var f facts
	f.add("vault", "%s (%s, %s)", p.bold(s.Vault), s.Tier, s.Environment)
	f.add("directory", "%s", printable(s.Directory))
	for _, l := range s.Layers {
		f.add("layer above", "%s (%s), %s", l.Vault, l.Tier, printable(l.File))
	}
	s.addSettings(&f)
	s.addLog(&f, p)
	if g := s.Governance; g != nil {
		f.add("governance", "%s, genesis %s", count(int(g.Events), "event"), g.Fingerprint)
	}
	s.addCopies(&f, p)
	for _, r := range s.InFlight {
		state := "running"
		if r.Dead {
			state = "dead"
		}
		f.add(state, "%s of %s since %s UTC, process %d", printable(r.RunID), printable(r.AgentName), clock(r.StartedAt), r.PID)
	}
	if s.CanRecord {
		f.add("recording", "this user can record")
	} else {
		f.add("recording", "this user cannot record: %s", printable(s.WhyNot))
	}
	for _, text := range s.Warnings {
		f.add("warning", "%s", printable(text))
	}
	return f.write(w, "")
}

func (s *status) addSettings(f *facts) {
	if !s.Audit.Enabled {
		f.add("audit", "off: runs are not recorded")
	} else {
		f.add("audit", "on, kept %d days; inputs %s, outputs %s, redaction of personal data %s", s.Audit.RetentionDays,
			onOff(s.Audit.IncludeInputs), onOff(s.Audit.IncludeOutputs), onOff(s.Audit.PIIRedaction))
	}
	to := printable(s.Audit.Destination)
	for _, second := range s.Audit.SecondaryDestinations {
		to += ", and " + printable(second)
	}
	f.add("destination", "%s", to)
}

func (s *status) addLog(f *facts, p palette) {
	l := s.Log
	if l == nil {
		f.add("log", "nothing has been recorded yet")
		return
	}
	f.add("log", "%s, %d bytes, in %s", count(int(l.Records), "record"), l.Bytes, printable(l.Directory))
	if e := l.LastEntry; e != nil {
		f.add("last run", "%s of %s: %s, ended %s UTC", printable(e.RunID), printable(e.AgentName), p.status(e.Status, printable(string(e.Status))), clock(e.EndedAt))
	} else {
		f.add("last run", "none has finished yet")
	}
}

// addCopies says how far the secondary destinations are with each log.
func (s *status) addCopies(f *facts, p palette) {
	for _, to := range append([]string{s.Audit.Destination}, s.Audit.SecondaryDestinations...) {
		sent := slices.ContainsFunc(s.Copies, func(c archive.Copy) bool { return c.Destination == to }) ||
			slices.ContainsFunc(s.Feeds, func(f feed.Position) bool { return f.Name == to })
		if !strings.HasPrefix(to, "vault:") && !sent {
			f.add("copy", "nothing was sent to %s yet", printable(to))
		}
	}
	for _, c := range s.Copies {
		at := "not confirmed yet"
		if !c.ConfirmedAt.IsZero() {
			at = "confirmed " + clock(c.ConfirmedAt) + " UTC"
		}
		f.add("copy", "%s of %s in %s, %s", count(int(c.Confirmed), "record"), path.Base(c.Log), printable(c.Destination), at)
		if !s.names(c.Destination) {
			addUnnamed(f, c.Destination, c.Program)
		}
		if !s.names(c.Destination) && !c.Program {
			continue // nothing is sent there any more
		}
		addLag(f, p, c.Behind, c.Since)
		if c.Stopped {
			f.add("", "%s", p.status(audit.Failed, "STOPPED: "+printable(c.Error)))
		} else {
			addFailure(f, p, c.Error, c.NextTry)
		}
	}
	for _, to := range s.Feeds {
		at := ""
		if !to.SentAt.IsZero() {
			at = ", sent " + clock(to.SentAt) + " UTC"
		}
		f.add("feed", "%s of %s to %s%s", count(int(to.Sent), "record"), path.Base(to.Log), printable(to.Name), at)
		if !s.names(to.Name) {
			f.add("", "vault.json does not name it: a program does, or nothing is sent there any more (flexor retention forget %s)", printable(to.Name))
		}
		if to.Missing > 0 {
			f.add("", "%s", p.status(audit.Failed, count(int(to.Missing), "record")+" removed by retention before they were sent"))
		}
		if to.Refused > 0 {
			f.add("", "%s", p.status(audit.Failed, fmt.Sprintf("%s refused and left out, the last one, record %d, %s UTC: %s", count(int(to.Refused), "record"), to.LastRefused, clock(to.RefusedAt), printable(to.Refusal))))
		}
		addLag(f, p, to.Behind, to.Since)
		addFailure(f, p, to.Error, to.NextTry)
	}
}

// names reports whether vault.json names a place.
func (s *status) names(place string) bool {
	return place == s.Audit.Destination || slices.Contains(s.Audit.SecondaryDestinations, place)
}

// addUnnamed says of a place with a copy that vault.json does not name what that means.
func addUnnamed(f *facts, place string, program bool) {
	if program {
		f.add("", "vault.json does not name it, but a program did: retention waits for it, until flexor retention forget %s", printable(place))
	} else {
		f.add("", "no longer in vault.json: nothing waits for it, and flexor retention forget %s makes the vault forget it", printable(place))
	}
}

// addLag says how many records are not elsewhere yet.
func addLag(f *facts, p palette, behind uint64, since time.Time) {
	if behind == 0 {
		return
	}
	text := count(int(behind), "record") + " behind"
	if !since.IsZero() {
		text += fmt.Sprintf(", the first of them recorded %s UTC", clock(since))
	}
	f.add("", "%s", p.status(audit.Partial, text))
}

// addFailure says why sending failed, if it did.
func addFailure(f *facts, p palette, why string, nextTry time.Time) {
	if why != "" {
		f.add("", "%s", p.status(audit.Failed, fmt.Sprintf("failed: %s; tried again %s UTC", printable(why), clock(nextTry))))
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
