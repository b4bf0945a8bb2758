package main

import (
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"strings"

	re2 "github.com/wasilibs/go-re2"
	re2set "github.com/wasilibs/go-re2/experimental"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/flexorhq/flexor-go/redact"
)

// A peer looks through one entry and replaces, or only finds, what it knows. It
// returns how much it found.
type peer struct {
	name string
	look func(c *corpus, i int) int
}

// peers returns all who look for the twelve built-in detectors and for n patterns of
// the user's own.
func peers(n int) ([]peer, error) {
	patterns := append(append([]string(nil), builtin...), custom(n)...)
	ours, err := flexor(detectors, n)
	if err != nil {
		return nil, err
	}
	set, err := re2set.CompileSet(patterns)
	if err != nil {
		return nil, err
	}
	leaks, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return nil, err
	}
	std := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		std[i] = regexp.MustCompile(p)
	}
	one := regexp.MustCompile(alternation(patterns))
	two := re2.MustCompile(alternation(patterns))
	return []peer{
		ours,
		copier(),
		{sequential, onBytes(func(b []byte) int {
			found := 0
			for _, re := range std {
				found += len(re.FindAllIndex(b, -1))
			}
			return found
		})},
		{"regexp, one alternation", onBytes(func(b []byte) int { return len(one.FindAllIndex(b, -1)) })},
		{re2One, onBytes(func(b []byte) int { return len(two.FindAllIndex(b, -1)) })},
		{re2Set, onBytes(func(b []byte) int { return len(set.FindAll(b, len(patterns))) })},
		{"gitleaks, its own rules", onBytes(func(b []byte) int { return len(leaks.DetectBytes(b)) })},
		{walker, func(c *corpus, i int) int { return visit(reflect.ValueOf(slog.AnyValue(c.runs[i]).Any()), std) }},
		{marshalling, func(c *corpus, i int) int { encode(c.runs[i]); return 0 }},
	}, nil
}

func alternation(patterns []string) string { return "(?:" + strings.Join(patterns, ")|(?:") + ")" }

// everything returns this SDK with all of its detectors, for which the others have no patterns.
func everything() ([]peer, error) {
	ours, err := flexor([]string{"all"}, 0)
	return []peer{ours, copier()}, err
}

// copier copies the bytes.
func copier() peer {
	buf := make([]byte, 0, 64<<10)
	return peer{copying, onBytes(func(b []byte) int { buf = append(buf[:0], b...); return 0 })}
}

// flexor is this SDK, with detectors and n patterns of the user's own.
func flexor(detectors []string, n int) (peer, error) {
	cfg := redact.Config{Detectors: detectors, Keep: kept}
	for i, p := range custom(n) {
		cfg.Patterns = append(cfg.Patterns, redact.Pattern{Name: fmt.Sprintf("custom_%d", i), Regexp: p})
	}
	r, err := redact.New(cfg)
	if err != nil {
		return peer{}, err
	}
	return peer{us, onBytes(func(b []byte) int {
		_, found := r.Redact("", b)
		return len(found)
	})}, nil
}

// The names of those that goals speak of.
const (
	us          = "flexor"
	copying     = "copying the bytes"
	sequential  = "regexp, one after the other"
	re2One      = "go-re2, one alternation"
	re2Set      = "go-re2, a set"
	walker      = "a walker over slog values"
	marshalling = "json.Marshal of the run"
)

// onBytes makes a peer's look of a function over an encoded entry.
func onBytes(f func([]byte) int) func(*corpus, int) int {
	return func(c *corpus, i int) int { return f(c.entries[i]) }
}

// needsRuns reports whether a peer wants the run and not its encoding.
func (p peer) needsRuns() bool { return p.name == walker || p.name == marshalling }

// kept are the members of an entry that the SDK never alters.
var kept = []string{
	"/kind", "/schema", "/run_id", "/agent_name", "/agent_version", "/vault", "/environment", "/trigger_type", "/trigger_at", "/started_at",
	"/ended_at", "/status", "/ended_by", "/tasks_executed/*", "/trace_id", "/span_id", "/deployment", "/governance/root", "/decisions/*/at",
	"/decisions/*/skill", "/decisions/*/condition",
}

// visit is what log redactors do that are handed values: it visits all of them
// by reflection and tries each pattern on each string.
func visit(v reflect.Value, patterns []*regexp.Regexp) (found int) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return visit(v.Elem(), patterns)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found += visit(v.Field(i), patterns)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			found += visit(it.Key(), patterns) + visit(it.Value(), patterns)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found += visit(v.Index(i), patterns)
		}
	case reflect.String:
		for _, re := range patterns {
			if re.MatchString(v.String()) {
				found++
			}
		}
	}
	return found
}
