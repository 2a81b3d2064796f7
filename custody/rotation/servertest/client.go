package servertest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// Client runs a server's own programs, so that what they say shares no code with what is
// tested.
type Client struct {
	Args []string // before those of each program, such as the server's address
	Env  []string // all that a program has, so that nothing of the machine is read
}

// Command is a program with its arguments, ended at the latest when Patience is.
func (c Client) Command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, Require(t, nil, program)[0], slices.Concat(c.Args, args)...)
	cmd.Env = c.Env
	return cmd
}

// Run runs one and gives what it said. The test fails where it fails.
func (c Client) Run(t testing.TB, program, stdin string, args ...string) string {
	t.Helper()
	cmd := c.Command(t, program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, bytes.TrimSpace(out))
	}
	return string(out)
}

// SecretFile is for the options that take a password out of a file, all of it, because a
// program's arguments are anybody's to read.
func SecretFile(t testing.TB, secret custody.Secret) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, secret.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
