package desk_test

import (
	"bytes"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestTwoInstallationsHaveNoKeyInCommon, and none that anybody could write down.
func TestTwoInstallationsHaveNoKeyInCommon(t *testing.T) {
	one, other := newOffice(t), newOffice(t)
	for _, path := range []string{desk.SealPath, desk.ThrottlePath, desk.IdentityPath, desk.SentinelPath} {
		a, b := one.keptAt(path).Value, other.keptAt(path).Value
		if a.Equal(b) || len(bytes.Trim(a.Bytes(), "\x00")) == 0 {
			t.Errorf("what is at %s is the same in two installations, or nothing", path)
		}
	}
}

// TestATextThatIsWrittenTwiceHasTwoCommitments: whoever is shown the ledger and guesses
// at a text could otherwise see where it was written, and what else is the same.
func TestATextThatIsWrittenTwiceHasTwoCommitments(t *testing.T) {
	target := custody.Target{Kind: "ssh", Address: "db01.example:22", Account: "root", Settings: map[string]string{"host_key": "ssh-ed25519 AAAA"}}
	notes := func() []custody.Note {
		described := desk.NewTarget(target)
		return []custody.Note{desk.NewNote("ticket 4711"), described.Address, described.Account, described.Settings["host_key"]}
	}
	once, again := notes(), notes()
	for i := range once {
		if once[i].Commitment() == again[i].Commitment() {
			t.Errorf("note %d is committed to as before", i)
		}
	}
}

// TestTwoLogInsHaveNoTokenInCommon: neither those of their sessions nor those of the
// devices, with which a person gets past the lock of their name.
func TestTwoLogInsHaveNoTokenInCommon(t *testing.T) {
	o := newOffice(t)
	given := map[string]string{}
	for _, who := range []string{"tech-a", "tech-b", "tech-a"} {
		signed, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{
			Username: who, Password: o.Passwords[who], Code: o.Code(who), Request: unique("sign-in"), Remember: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, token := range map[string]custody.Secret{"session": signed.Token, "device": signed.Device} {
			if before, known := given[token.Reveal()]; known || token.IsZero() {
				t.Errorf("the token of a %s is that of a %s", what, before)
			}
			given[token.Reveal()] = what
		}
	}
}
