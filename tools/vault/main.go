// Command vault is the real HashiCorp Vault server, built from the module proxy for Tandem's tests.
package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() { os.Exit(command.Run(os.Args[1:])) }
