// Command flexor answers for the runs of agents: what they decided and why, from
// a log that proves that nobody changed it.
//
//	flexor init vaults/company       make a directory a vault
//	flexor audit --status failed     list the runs that failed
//	flexor explain RUN               tell one run, with its proof
//	flexor verify                    check every byte of the log
//	flexor restore --from URL DIR    rebuild the logs from a second copy
//	flexor status                    show the vault and what runs now
//	flexor redact                    redact text, and explain what is found
//	flexor doctor                    check whether the vault can do what it should
//	flexor access grant …            say who may do what
//	flexor deploy --env production   put agents to work
//	flexor agents kill --run RUN     stop a run now
//
// Standard output carries data only; everything else goes to standard error. The
// exit code says what happened: see exit.go, and docs/cli.md for all of it.
package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once the first signal has been heard, a second one ends the process the hard
	// way, should something not heed the context.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}

// run is the whole program. It touches nothing global, so that a test can run it
// in its own process.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	c := &cli{
		in:     stdin,
		out:    bufio.NewWriterSize(onScreen(stdout, isTerminal(stdout)), 64<<10),
		err:    stderr,
		getenv: env,
		now:    time.Now,
		colour: paletteFor(stdout, env),
		room:   roomOf(stdout),
	}
	root := c.rootCommand()
	root.SetArgs(append([]string{}, args...)) // never nil: cobra would take os.Args
	return c.finish(ctx, root.ExecuteContext(ctx))
}

// cli is one invocation of the program.
type cli struct {
	in      io.Reader
	out     *bufio.Writer // data; flushed at the end, and after each run of audit --follow
	err     io.Writer     // everything that is not data
	getenv  func(name string) (string, bool)
	now     func() time.Time
	colour  palette
	room    int    // columns of the terminal that out is; 0: it is none
	vault   string // --vault
	command string // that runs, as in "flexor agents kill"
	stops   bool   // the command stops something, which a wrong vault.json must not keep it from
}
