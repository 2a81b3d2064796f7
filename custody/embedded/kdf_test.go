package embedded_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// TestParametersThatWouldCostTooMuchAreNotTried: they are read before anything
// vouches for them, and each could take the machine's memory or time, or panic.
func TestParametersThatWouldCostTooMuchAreNotTried(t *testing.T) {
	path, key := place(t)
	must(t)(embedded.Create(path, passphrase(phrase))).Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		parameter string
		value     any
	}{
		{"time", 0}, {"time", 17}, {"memory_kib", 1<<20 + 1}, {"threads", 0}, {"threads", 17}, {"salt", []byte("fifteen bytes.."[:15])},
		{"name", "scrypt"}, {"name", ""},
	} {
		body, seal, _ := bytes.Cut(whole, []byte("\n"))
		var file map[string]any
		if err := json.Unmarshal(body, &file); err != nil {
			t.Fatal(err)
		}
		file["kdf"].(map[string]any)[c.parameter] = c.value
		if body, err = json.Marshal(file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(body, "\n%s", seal), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Open(path, passphrase(phrase)); !errors.Is(err, embedded.ErrDamaged) {
			t.Errorf("%s %v: %v", c.parameter, c.value, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]embedded.Unlock{
		"a key file": key, "both": {Passphrase: custody.SecretString(phrase), KeyFile: key.KeyFile}, "nothing": {},
	} {
		if _, err := embedded.Open(path, u); err == nil || !strings.Contains(err.Error(), "by a passphrase") {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t)(embedded.Open(path, passphrase(phrase)))
}
