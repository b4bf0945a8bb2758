package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"flexor": main,
		"agent":  agentMain,
	})
}

// TestScripts runs the scripts in testdata/script, each about one behaviour.
func TestScripts(t *testing.T) {
	testscript.Run(t, scriptParams("testdata/script"))
}

// scriptParams are the settings and the commands of our scripts. They run without
// the user's own settings.
func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("FLEXOR_VAULT", "")
			env.Setenv("NO_COLOR", "")
			env.Setenv("TERM", "xterm")
			env.Setenv("RUN", exampleRun)
			env.Setenv("GORACE", os.Getenv("GORACE"))
			for _, name := range homeVariables {
				env.Setenv(name, filepath.Join(env.WorkDir, ".home"))
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "mount":
				return canMount(), nil
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"record":    cmdRecord,
			"exits":     cmdExits,
			"mask":      cmdMask,
			"flip":      cmdFlip,
			"copytree":  cmdCopyTree,
			"snapshot":  cmdSnapshot,
			"readonly":  cmdReadOnly,
			"await":     cmdAwait,
			"secondary": cmdSecondary,
		},
	}
}

// homeVariables say where a user's own settings are kept, on one system or another.
var homeVariables = []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "AppData", "LocalAppData"}

// cmdRecord records the runs of a scenario in a vault: record DIR SCENARIO.
func cmdRecord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record DIR SCENARIO")
	}
	ts.Check(seed(ts.MkAbs(args[0]), args[1]))
}

// cmdExits runs a command and compares its exit code: exits CODE COMMAND ARG...
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	ts.Logf("[exit code %d]", got)
	if got != want {
		ts.Fatalf("%s exits with %d, want %d", args[1], got, want)
	}
}

// cmdMask copies a file, or stdout or stderr, with what differs each time replaced:
// mask FILE TO.
func cmdMask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mask FILE TO")
	}
	text := ts.ReadFile(args[0])
	work := ts.Getenv("WORK")
	if real, err := filepath.EvalSymlinks(work); err == nil {
		text = strings.ReplaceAll(text, real, "$WORK")
	}
	text = strings.ReplaceAll(text, work, "$WORK")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(masked(text)), 0o666))
}

// masked replaces what differs each time.
func masked(text string) string {
	for _, m := range []struct{ pattern, to string }{
		{`\+[0-9a-f]{8}\+[A-Za-z0-9+/]{43,}=*`, "+KEY"},
		{`[A-Za-z0-9+/]{43,}=+`, "HASH"},
		{`\b(flx[us])_[0-9A-Za-z]{59}\b`, "${1}_KEY"},
		{`\b(flx[us])_[0-9A-Za-z]{10}\b`, "${1}_ID"},
		{`\bdep_[0-9a-z]{26}\b`, "dep_ID"},
		{`\bSHA256:[A-Za-z0-9+/]{43}`, "SHA256:HASH"},
		{`\b\d+ bytes`, "N bytes"},
		{`byte \d+`, "byte N"},
		{`process \d+`, "process N"},
		{`"(pid|offset|bytes|commits)": \d+`, `"$1": N`},
		{`\b\d+ commits`, "N commits"},
		{`\b[0-9.]+(µs|ms) for 64 KiB`, "N for 64 KiB"},
		{`(?m)^(clock +ok +)[-0-9]+ [:.0-9]+ UTC`, "${1}NOW UTC"},
		{`\b[0-9.]+(µs|ms|s) after`, "N after"},
	} {
		text = regexp.MustCompile(m.pattern).ReplaceAllString(text, m.to)
	}
	return text
}

// cmdFlip changes one byte of a file: flip FILE TEXT changes the last byte of the first
// occurrence of TEXT.
func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE TEXT")
	}
	file := ts.MkAbs(args[0])
	data, err := os.ReadFile(file)
	ts.Check(err)
	at := bytes.Index(data, []byte(args[1]))
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	data[at+len(args[1])-1] ^= 1
	ts.Check(os.WriteFile(file, data, 0o644))
}

// cmdCopyTree copies a directory: copytree FROM TO.
func cmdCopyTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copytree FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
	// A private key must not become readable for others by being copied.
	keys, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "keys", "*.key"))
	ts.Check(err)
	for _, k := range keys {
		ts.Check(os.Chmod(k, 0o600))
	}
}

// cmdSnapshot writes the names, sizes, times and hashes of all files of a directory to a
// file, to see whether anything changes: snapshot DIR TO.
func cmdSnapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIR TO")
	}
	root := ts.MkAbs(args[0])
	var b strings.Builder
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sum := [sha256.Size]byte{}
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(data)
		}
		fmt.Fprintf(&b, "%s %s %s %x\n", path, info.Mode(), info.ModTime(), sum)
		return nil
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o666))
}

// cmdAwait waits until a background command has written a text to a file: await FILE TEXT.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && bytes.Contains(data, []byte(args[1])) {
			return
		}
	}
	ts.Fatalf("%s never held %q", args[0], args[1])
}

// cmdSecondary makes directories, and files of JSON lines, the secondary destinations of a
// vault: secondary VAULT PATH…
func cmdSecondary(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: secondary VAULT PATH…")
	}
	file := filepath.Join(ts.MkAbs(args[0]), "vault.json")
	data, err := os.ReadFile(file)
	ts.Check(err)
	var doc map[string]any
	ts.Check(json.Unmarshal(data, &doc))
	var places []string
	for _, path := range args[1:] {
		place := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(ts.MkAbs(path)), "/")}
		places = append(places, place.String())
	}
	doc["audit"].(map[string]any)["secondary_destination"] = places
	if len(places) == 1 {
		doc["audit"].(map[string]any)["secondary_destination"] = places[0]
	}
	data, err = json.MarshalIndent(doc, "", "  ")
	ts.Check(err)
	ts.Check(os.WriteFile(file, data, 0o666))
}

// agentMain is a program that embeds the SDK: agent die VAULT leaves a run without its
// end, with one more argument once what it recorded is signed; agent hang VAULT FILE has one running, says so in FILE and waits to be killed; agent
// obey VAULT FILE as well, but ends when it is told to; agent run VAULT has one and says what
// came of it; agent read VAULT URI dies after it has read a record.
func agentMain() {
	ctx := context.Background()
	v, err := flexor.Open(ctx, os.Args[2], &flexor.Options{ManualRetention: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	trigger := audit.Trigger{Type: audit.Event, At: time.Date(2026, 4, 30, 15, 0, 0, 0, time.UTC), By: "queue"}
	err = v.Audit.Do(ctx, "long-import@3.1.0", trigger, func(ctx context.Context, run *audit.Run) error {
		run.If("the file is new", true, audit.Value("rows", 12000))
		return run.Task(ctx, "load-rows", func(ctx context.Context, t *audit.Task) error {
			switch os.Args[1] {
			case "read":
				lineage.Read(t, "", os.Args[3])
				os.Exit(0)
			case "hang", "obey":
				if err := os.WriteFile(os.Args[3], []byte(run.ID()), 0o666); err != nil {
					os.Exit(1)
				}
				if os.Args[1] == "hang" {
					select {}
				}
				<-ctx.Done()
				return ctx.Err()
			case "run":
				return nil
			}
			if len(os.Args) > 3 {
				if err := v.Flush(ctx); err != nil {
					os.Exit(1)
				}
			}
			fmt.Println(run.ID())
			os.Exit(0)
			return nil
		})
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := v.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
