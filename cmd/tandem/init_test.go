package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// TestInitCanBeRepeatedUntilSomebodyHasLoggedIn: an answer that was lost, or a
// secret store that was wrong, left an installation that nobody could get into.
func TestInitCanBeRepeatedUntilSomebodyHasLoggedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	defer full.Close()
	for range 2 {
		_, said, code := h.tandemInto(full, "init", "--username", "ada", "--name", "Ada")
		if code != 1 || !strings.Contains(said, "Run tandem init again") {
			t.Fatalf("an answer that could not be written: exit %d, %s", code, said)
		}
	}
	if _, said, code := h.tandem("init", "--username", "bob", "--name", "Bob"); code != 3 || !strings.Contains(said, "--username ada") {
		t.Errorf("somebody else's name: exit %d, %s", code, said)
	}
	lost := h.initialise("ada")
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	if err := h.signIn(lost); codeOf(err) != "unauthenticated" {
		t.Errorf("the log-in that was lost: %v", err)
	}
	must(t, h.signIn(ada))
	h.wantReady()
	h.stop()
	if _, said, code := h.tandem("init", "--username", "ada", "--name", "Ada"); code != 3 || !strings.Contains(said, "has people already") {
		t.Errorf("after the first log-in: exit %d, %s", code, said)
	}
}

// TestInitGoesToAnotherFileNext: what the first try bound the database to does not
// keep the second from the right one.
func TestInitGoesToAnotherFileNext(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	right := h.secrets
	h.secrets = fmt.Sprintf("secrets: embedded\nembedded: {path: %s, key_file: %s}", h.file("wrong"), h.file("wrong-key"))
	h.origin = "wrong.test/ledger"
	h.configure()
	h.initialise("ada")
	h.secrets, h.origin = right, "house.test/ledger"
	h.configure()
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()
}

// TestInitWithAWrongVaultAddressIsNoEnd: init with a wrong address, corrected, init
// again was answered "has people already", and nobody was there who could log in.
func TestInitWithAWrongVaultAddressIsNoEnd(t *testing.T) {
	t.Parallel()
	h, server := newVaultHouse(t)
	right := h.secrets
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	for name, address := range map[string]string{
		"nobody is there":   "http://" + freeAddress(t),
		"somebody else's":   page.URL,
		"a Vault is sealed": server.Address,
	} {
		if address == server.Address {
			server.Seal()
		}
		h.secrets = strings.Replace(right, server.Address, address, 1)
		h.configure()
		_, said, code := h.tandem("init", "--username", "ada", "--name", "Ada")
		if code != 1 || !strings.Contains(said, "nothing was done") {
			t.Errorf("%s: exit %d, %s", name, code, said)
		}
		if address == server.Address {
			server.Unseal()
		}
	}
	h.secrets = right
	h.configure()
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()
}

// TestInitWithAnotherVaultIsNoEnd: the wrong address was that of a Vault in which
// everything works.
func TestInitWithAnotherVaultIsNoEnd(t *testing.T) {
	t.Parallel()
	h, _ := newVaultHouse(t)
	right := h.secrets
	other, _ := newVaultHouse(t)
	h.secrets = other.secrets
	h.configure()
	h.initialise("ada")
	h.secrets = right
	h.configure()
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()
}

// newVaultHouse is a house whose secrets are in a Vault of its own.
func newVaultHouse(t *testing.T) (*house, *vaulttest.Server) {
	t.Helper()
	h, server := newHouse(t), vaulttest.StartPersistent(t)
	h.setUpVault(server)
	h.secrets = fmt.Sprintf("secrets: vault\nvault:\n  address: %s\n  ca: %s\n  auth: {method: approle, role_id_file: %s, secret_id_file: %s}",
		server.Address, server.CAFile, h.file("role-id"), h.file("secret-id"))
	h.configure()
	return h, server
}

// setUpVault runs tandem vault setup as an administrator would.
func (h *house) setUpVault(server *vaulttest.Server) {
	h.t.Helper()
	command := exec.Command("tandem", "vault", "setup", "--role-id-file", h.file("role-id"), "--secret-id-file", h.file("secret-id"))
	command.Env = append(os.Environ(), "VAULT_ADDR="+server.Address, "VAULT_CACERT="+server.CAFile, "VAULT_TOKEN="+server.RootToken)
	if out, err := command.CombinedOutput(); err != nil {
		h.t.Fatalf("%v\n%s", err, out)
	}
}

// TestInitChoosesWhichRolesExcludeEachOther: it stands in the first entry, and a value that
// there is not is refused before anything is done.
func TestInitChoosesWhichRolesExcludeEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, said, code := h.tandem("init", "--username", "ada", "--name", "Ada", "--exclusive", "some"); code == 0 || !strings.Contains(said, "policy.exclusive") || !strings.Contains(said, "auditor_only") {
		t.Errorf("a value that there is not: exit %d, %s", code, said)
	}
	_, said, code := h.tandem("init", "--username", "ada", "--name", "Ada", "--exclusive", "auditor_only")
	if code != 0 || !strings.Contains(said, "an administrator can be technician, manager or director too") {
		t.Fatalf("auditor_only: exit %d, %s", code, said)
	}
	out, said, code := tandemTo(t, nil, nil, []string{"ledger", "export", "--format", "jsonl", "--database", h.file("tandem.db"), "-O", "-"})
	if code != 0 || !strings.Contains(out, `"exclusive":"auditor_only"`) {
		t.Errorf("the first entry: exit %d, %s\n%s", code, said, out)
	}
}
