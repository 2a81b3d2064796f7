package envelope

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/tag"

	"github.com/tandem-custody/tandem/custody"
)

var (
	label  = Label{"tandem.example.com/ledger", "db01-root", 7, 9, time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	letter = Letter{"ssh", "db01.example.com:22", "root", custody.SecretString("correct horse"), custody.SecretString("token-1")}
)

// holders makes some keyholders and their keys.
func holders(t *testing.T, names ...string) (all []Keyholder, keys map[string]age.Identity) {
	t.Helper()
	keys = map[string]age.Identity{}
	for _, name := range names {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		all, keys[name] = append(all, Keyholder{name, key.Recipient().String()}), key
	}
	return all, keys
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sealed(t *testing.T, of []Keyholder) (*Envelope, []byte) {
	t.Helper()
	content, err := Seal(label, letter, of)
	must(t, err)
	e, err := Read(content)
	must(t, err)
	return e, content
}

func TestAnyTwoOfFiveOpenAnEnvelopeAndNoneAlone(t *testing.T) {
	names := []string{"ann", "bob", "cyd", "dan", "eve"}
	of, keys := holders(t, names...)
	e, content := sealed(t, of)
	if e.Label != label || !slices.Equal(e.Keyholders(), names) {
		t.Errorf("it says %+v of %v", e.Label, e.Keyholders())
	}
	if bytes.Contains(content, []byte("horse")) || bytes.Contains(content, []byte("db01.example.com")) || bytes.Contains(content, []byte("token-1")) {
		t.Error("what is inside stands on it")
	}
	opened := 0
	for i, a := range names {
		var locked *LockedError
		if _, _, err := e.Open(keys[a]); !errors.As(err, &locked) {
			t.Errorf("%s alone: %v", a, err)
		}
		for _, b := range names[i+1:] {
			for _, order := range [][]age.Identity{{keys[a], keys[b]}, {keys[b], keys[a]}} {
				got, by, err := e.Open(order...)
				if err != nil || by != [2]string{a, b} || !got.Password.Equal(letter.Password) || !got.Proof.Equal(letter.Proof) ||
					got.Kind != letter.Kind || got.Address != letter.Address || got.Account != letter.Account {
					t.Errorf("%s and %s: %+v by %v, %v", a, b, got, by, err)
				}
				opened++
			}
		}
	}
	if opened != 20 {
		t.Errorf("%d were opened", opened)
	}
}

func TestWhoCouldOpenItIsSaidWhereTwoKeysDoNot(t *testing.T) {
	of, keys := holders(t, "ann", "bob", "cyd")
	_, strangers := holders(t, "mal")
	e, _ := sealed(t, of)
	for _, c := range []struct {
		keys       []age.Identity
		fit, could string
	}{
		{[]age.Identity{strangers["mal"]}, "", "ann bob cyd"},
		{[]age.Identity{keys["ann"], strangers["mal"]}, "ann", "bob cyd"},
		{[]age.Identity{keys["ann"], keys["ann"]}, "ann", "bob cyd"},
		{[]age.Identity{keys["cyd"]}, "", "ann bob cyd"}, // whose is always the second
	} {
		_, _, err := e.Open(c.keys...)
		var locked *LockedError
		if !errors.As(err, &locked) || strings.Join(locked.Fit, " ") != c.fit || strings.Join(locked.Could, " ") != c.could {
			t.Errorf("%v", err)
		}
		if err != nil && (c.fit != "" && !strings.Contains(err.Error(), c.fit) || !strings.Contains(err.Error(), "bob, cyd")) {
			t.Errorf("it does not say who: %v", err)
		}
		if err != nil && c.fit == "" && !strings.Contains(err.Error(), "none of these keys") {
			t.Errorf("it does not say that none fits: %v", err)
		}
	}
}

func TestSomebodyWhoIsNoKeyholderAnyMoreOpensTheOldOneOnly(t *testing.T) {
	of, keys := holders(t, "ann", "bob", "cyd")
	before, _ := sealed(t, of)
	after, _ := sealed(t, of[:2])
	_, _, err := before.Open(keys["ann"], keys["cyd"])
	must(t, err)
	if _, _, err := after.Open(keys["ann"], keys["cyd"]); err == nil {
		t.Error("cyd left, and opens it")
	}
	_, _, err = after.Open(keys["ann"], keys["bob"])
	must(t, err)
}

func TestAnEnvelopeWithAnotherLabelOrChangedInsideIsFoundOut(t *testing.T) {
	of, keys := holders(t, "ann", "bob")
	_, content := sealed(t, of)
	for what, change := range map[string]func(string) string{
		"another credential": func(s string) string { return strings.Replace(s, `"db01-root"`, `"db02-root"`, 1) },
		"another version":    func(s string) string { return strings.Replace(s, `"version":7`, `"version":8`, 1) },
		"another number":     func(s string) string { return strings.Replace(s, `"number":9`, `"number":8`, 1) },
		"another origin":     func(s string) string { return strings.Replace(s, "tandem.example.com", "tandem.example.net", 1) },
		"another day":        func(s string) string { return strings.Replace(s, "2026-11-28", "2026-11-29", 1) },
	} {
		changed := change(string(content))
		if changed == string(content) {
			t.Fatalf("%s: nothing was changed in %s", what, content)
		}
		e, err := Read([]byte(changed))
		must(t, err)
		if _, _, err := e.Open(keys["ann"], keys["bob"]); !errors.Is(err, ErrRelabelled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, changed := range map[string]string{
		"cut short":        string(content[:len(content)/2]),
		"empty":            "",
		"a name more":      strings.Replace(string(content), `{"format"`, `{"more":1,"format"`, 1),
		"a name twice":     strings.Replace(string(content), `{"format"`, `{"version":7,"format"`, 1),
		"another format":   strings.Replace(string(content), Format, "tandem-envelope-9", 1),
		"no pairs":         `{"format":"` + Format + `","origin":"","credential":"","version":1,"number":1,"made":"2026-11-28T12:00:00Z","pairs":[]}`,
		"a pair with none": strings.Replace(string(content), `["ann","bob"]`, `["","bob"]`, 1),
		"in no order":      strings.Replace(string(content), `["ann","bob"]`, `["bob","ann"]`, 1),
		"too large":        string(content) + strings.Repeat(" ", MaxSize),
	} {
		if _, err := Read([]byte(changed)); !errors.Is(err, ErrNoEnvelope) {
			t.Errorf("%s: %v", what, err)
		}
	}
	armored := strings.Index(string(content), `-----\n`) + 400
	e, err := Read([]byte(string(content[:armored]) + "AAAA" + string(content[armored+4:])))
	must(t, err)
	if _, _, err := e.Open(keys["ann"], keys["bob"]); !errors.Is(err, ErrNoEnvelope) {
		t.Errorf("changed inside: %v", err)
	}
}

func TestTheLengthOfAPasswordDoesNotShow(t *testing.T) {
	of, _ := holders(t, "ann", "bob")
	length := func(password string) int {
		l := letter
		l.Password = custody.SecretString(password)
		content, err := Seal(label, l, of)
		must(t, err)
		return len(content)
	}
	if short, long := length("8 long.."), length(strings.Repeat("x", 40)); short != long {
		t.Errorf("%d and %d bytes", short, long)
	}
}

func TestKeyholdersWhoAreNotTwoToFiveDifferentOnesAreRefused(t *testing.T) {
	of, _ := holders(t, "ann", "bob", "cyd", "dan", "eve", "fay")
	for what, these := range map[string][]Keyholder{"nobody": nil, "one": of[:1], "six": of} {
		if _, err := Seal(label, letter, these); err == nil {
			t.Errorf("%s: sealed", what)
		}
	}
	for what, these := range map[string][]Keyholder{
		"one name twice": {of[0], {"ann", of[1].Recipient}},
		"one key twice":  {of[0], {"bob", of[0].Recipient}},
		"no key":         {of[0], {"bob", "age1"}},
		"with a blank":   {of[0], {"bob", of[1].Recipient + " "}},
		"two keys":       {of[0], {"bob", of[1].Recipient + "\n" + of[2].Recipient}},
		"a private key":  {of[0], {"bob", "AGE-SECRET-KEY-1QQQ"}},
	} {
		_, err := Seal(label, letter, these)
		if !errors.Is(err, ErrRecipient) || strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestKeysOfEveryKindOfAgesAreTaken(t *testing.T) {
	pq, err := age.GenerateHybridIdentity()
	must(t, err)
	of, keys := holders(t, "ann")
	of = append(of, Keyholder{"bob", pq.Recipient().String()})
	e, _ := sealed(t, of)
	if _, _, err := e.Open(keys["ann"], pq); err != nil {
		t.Error(err)
	}
	held, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	point := held.PublicKey().Bytes() // 4, x, y
	hardware, err := tag.NewClassicRecipient(append([]byte{2 + point[64]%2}, point[1:33]...))
	must(t, err)
	for _, recipient := range []string{of[0].Recipient, of[1].Recipient, hardware.String()} {
		if err := CheckRecipient(recipient); err != nil {
			t.Errorf("%s: %v", recipient, err)
		}
	}
	// A key of hardware is encrypted to without its plug-in, as a server does that has none.
	t.Setenv("PATH", t.TempDir())
	sealed(t, append(of, Keyholder{"cyd", hardware.String()}))
	if err := CheckRecipient("age1tag1qqqq"); !errors.Is(err, ErrRecipient) {
		t.Errorf("a damaged one: %v", err)
	}
}

func TestKeysAreReadAsAgeWritesThem(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	must(t, err)
	plain := fmt.Sprintf("# created: 2026-11-28\r\n# public key: %s\n\n%s\n", key.Recipient(), key)
	all, err := Identities("ann.txt", []byte(plain), Asker{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	recipient, err := age.NewScryptRecipient("open sesame")
	must(t, err)
	recipient.SetWorkFactor(10)
	closed, err := encrypted([]byte(plain), recipient, "")
	must(t, err)
	armored, err := armoredText(closed)
	must(t, err)
	says := func(passphrase string) Asker {
		return Asker{Passphrase: func(what string) (custody.Secret, error) {
			if what != "Passphrase of ann.age" {
				t.Errorf("asked for %q", what)
			}
			return custody.SecretString(passphrase), nil
		}}
	}
	for _, content := range [][]byte{closed, []byte(armored)} {
		if all, err := Identities("ann.age", content, says("open sesame")); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		if _, err := Identities("ann.age", content, says("wrong")); err == nil || !strings.Contains(err.Error(), "does not open with that passphrase") {
			t.Errorf("with another passphrase: %v", err)
		}
		if _, err := Identities("ann.age", content, Asker{}); err == nil || !strings.Contains(err.Error(), "ann.age is closed with a passphrase") {
			t.Errorf("with nobody there: %v", err)
		}
	}
	for what, content := range map[string]string{
		"nothing": "", "remarks only": "# nothing\n", "a password": "hunter2\n", "half a key": "AGE-SECRET-KEY-1QQQQ\n", "half a key of a plug-in": "AGE-PLUGIN-X-1Q\n",
	} {
		if _, err := Identities("bob.txt", []byte(content), Asker{}); !errors.Is(err, ErrNoIdentity) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "QQQQ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAKeyOfAPlugInClosesAndOpens(t *testing.T) {
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "age-plugin-tandemtest"), "./testdata/plugin").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	made, err := exec.CommandContext(t.Context(), "age-plugin-tandemtest", "--make").Output()
	must(t, err)
	recipient, identity, _ := strings.Cut(strings.TrimSpace(string(made)), "\n")
	must(t, CheckRecipient(recipient))
	of, keys := holders(t, "ann")
	e, _ := sealed(t, append(of, Keyholder{"bob", recipient}))
	hardware, err := Identities("bob.txt", []byte(identity), Asker{})
	must(t, err)
	if _, _, err := e.Open(hardware...); err == nil {
		t.Error("bob opens it alone")
	}
	got, by, err := e.Open(append(hardware, keys["ann"])...)
	if err != nil || by != [2]string{"ann", "bob"} || !got.Password.Equal(letter.Password) {
		t.Errorf("by %v, %v", by, err)
	}

	t.Setenv("PATH", t.TempDir())
	if _, err := Seal(label, letter, append(of, Keyholder{"bob", recipient})); !errors.Is(err, ErrRecipient) || !strings.Contains(err.Error(), "bob") {
		t.Errorf("without the plug-in: %v", err)
	}
	if _, _, err := e.Open(append(hardware, keys["ann"])...); err == nil || !strings.Contains(err.Error(), "plugin") {
		t.Errorf("opened without the plug-in: %v", err)
	}
}
