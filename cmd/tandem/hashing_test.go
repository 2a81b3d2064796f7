package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// fullHashing is the variable with which a process of the tests hashes as every
// installation does. Only TestMain reads it.
const fullHashing = "TANDEM_TEST_FULL_HASHING"

// TestTheProgramHashesAsOWASPRecommends: what makes log-ins cheap is in the tests only,
// and nothing that the program is given changes it.
func TestTheProgramHashesAsOWASPRecommends(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, said, code := h.tandemWith([]string{fullHashing + "=1"}, "init", "--username", "first", "--name", "First Admin"); code != 0 {
		t.Fatalf("init: exit %d\n%s", code, said)
	}
	secrets, err := embedded.Open(h.file("secrets"), embedded.Unlock{KeyFile: h.file("key")})
	if err != nil {
		t.Fatal(err)
	}
	defer secrets.Close()
	kept, err := secrets.Read(t.Context(), desk.AccountPath("first"))
	if err != nil {
		t.Fatal(err)
	}
	var account struct{ Password string }
	if err := json.Unmarshal(kept.Value.Bytes(), &account); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(account.Password, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the password of the first admin is kept as %q", account.Password)
	}
}
