package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand returns the command that all others hang on.
func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "flexor",
		Short: "Answer for the runs of agents",
		Long: `flexor answers for the runs of agents: what they decided and why, from a log
that proves that nobody changed it.

A vault is a directory with a vault.json. Commands use the nearest one upward
from the working directory, or the one named by --vault or FLEXOR_VAULT.`,
		Example: examples(
			"flexor init company --tier L2",
			"flexor audit --status failed",
			"flexor verify",
		),
		DisableFlagsInUseLine: true,
		SilenceErrors:         true, // reported by finish, in our own form
		SilenceUsage:          true,
		// Cobra answers an unknown command of its own accord only for a root that
		// has no Run, and then a bare "flexor" would succeed.
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(c.err)
			if err := cmd.Help(); err != nil {
				return err
			}
			return misuse("flexor audit", "no command was given")
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // ours refuses unknown shells
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.PersistentFlags().StringVar(&c.vault, "vault", "", "the vault with that `NAME`, or in that directory (default $FLEXOR_VAULT, else the nearest vault.json upward)")
	completeVaults(root)
	root.PersistentFlags().BoolP("help", "h", false, "show what a command does, with examples")
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { c.command = cmd.CommandPath() }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var number *strconv.NumError // made for programmers
		if errors.As(err, &number) {
			what, _, _ := strings.Cut(err.Error(), ": strconv.")
			err = fmt.Errorf("%s: it takes a whole number", what)
			if number.Func == "ParseBool" {
				err = fmt.Errorf("%s: it takes true or false", what)
			}
		}
		return misuse(cmd.CommandPath()+" --help", "%w", err)
	})
	root.AddCommand(
		c.initCommand(), c.auditCommand(), c.explainCommand(), c.lineageCommand(), c.verifyCommand(), c.restoreCommand(), c.statusCommand(), c.redactCommand(), c.doctorCommand(),
		c.accessCommand(), c.keysCommand(), c.whoamiCommand(),
		c.deployCommand(), c.rollbackCommand(), c.deploymentsCommand(), c.agentsCommand(), c.runsCommand(),
		c.retentionCommand(),
		c.completionCommand(), c.versionCommand(),
	)
	root.SetHelpCommand(c.helpCommand(root))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped "+strconv.Itoa(helpWidth)+" "))
	return root
}

// helpWidth is how many columns of a terminal help takes. Examples may be longer, so that
// they can be copied.
const helpWidth = 80

// noSuchCommand refuses arguments where a command is expected.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	fix := cmd.CommandPath() + " --help"
	if name, ok := nearest(args[0], names); ok {
		fix = cmd.CommandPath() + " " + name
	}
	return misuse(fix, "unknown command %q; there are %s", args[0], strings.Join(names, ", "))
}

// helpCommand is cobra's, but an unknown command is an error.
func (c *cli) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show what a command does, with examples",
		Example: examples("flexor help audit"),
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			switch {
			case err != nil:
				return noSuchCommand(root, args)
			case len(rest) > 0:
				return noArgs(cmd, rest)
			}
			return cmd.Help()
		},
	}
}

// noArgs refuses arguments of a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd.HasSubCommands() {
		return noSuchCommand(cmd, args)
	}
	if len(args) > 0 {
		return misuse(cmd.CommandPath()+" --help", "%s takes no argument, but got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// examples returns command lines as cobra prints them.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }
