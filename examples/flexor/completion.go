package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// completionCommand prints cobra's completion scripts.
func (c *cli) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes command lines",
		Long: `Prints a script for a shell, to be read when the shell starts:

  bash        flexor completion bash > /etc/bash_completion.d/flexor
  zsh         flexor completion zsh > "${fpath[1]}/_flexor"
  fish        flexor completion fish > ~/.config/fish/completions/flexor.fish
  powershell  flexor completion powershell >> $PROFILE`,
		Example:   examples("flexor completion bash"),
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("flexor completion bash", "completion needs one shell: %s", strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			return misuse("flexor completion "+shells[0], "completion: %w", notAllowed(args[0], shells))
		},
	}
}
