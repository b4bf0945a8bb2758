package flexor_test

import (
	"os"

	"github.com/flexorhq/flexor-go/vaultcfg"
)

// exampleVault makes a vault in a temporary directory. clean removes it.
func exampleVault(name string) (dir string, clean func()) {
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		panic(err)
	}
	if _, err := vaultcfg.Init(dir, name, vaultcfg.L2, vaultcfg.Sandbox); err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}
