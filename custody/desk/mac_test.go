package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAMarkIsOfOneKeyOnePurposeAndOneMessage: and two desks of one installation
// know each other's.
func TestAMarkIsOfOneKeyOnePurposeAndOneMessage(t *testing.T) {
	o := emptyOffice(t)
	mark, err := o.Desk.MAC(t.Context(), "preference", []byte("tech-a\nen"))
	if err != nil {
		t.Fatal(err)
	}
	other := o.Open()
	id, sum, _ := strings.Cut(mark, ".")
	flipped := map[byte]string{'0': "1"}[sum[0]]
	if flipped == "" {
		flipped = "0"
	}
	for name, try := range map[string]struct {
		purpose, message, mark string
		want                   bool
	}{
		"as it was made":        {"preference", "tech-a\nen", mark, true},
		"for another purpose":   {"e-mail", "tech-a\nen", mark, false},
		"of another message":    {"preference", "tech-a\nzh", mark, false},
		"with another sum":      {"preference", "tech-a\nen", id + "." + flipped + sum[1:], false},
		"with a shorter sum":    {"preference", "tech-a\nen", mark[:len(mark)-2], false},
		"with more behind it":   {"preference", "tech-a\nen", mark + "zz", false},
		"in another spelling":   {"preference", "tech-a\nen", id + "." + strings.ToUpper(sum), false},
		"of a key that is none": {"preference", "tech-a\nen", "00000000." + sum, false},
		"with nothing in it":    {"preference", "tech-a\nen", "", false},
	} {
		good, err := other.CheckMAC(t.Context(), try.purpose, []byte(try.message), try.mark)
		if err != nil || good != try.want {
			t.Errorf("%s: %t, %v", name, good, err)
		}
	}

	elsewhere := emptyOffice(t)
	if good, err := elsewhere.Desk.CheckMAC(t.Context(), "preference", []byte("tech-a\nen"), mark); err != nil || good {
		t.Errorf("in another installation: %t, %v", good, err)
	}
}

// TestAMarkCostsNoRoundTrip: the key is read once in the life of a process, so a
// secret store that is away later stops no mark.
func TestAMarkCostsNoRoundTrip(t *testing.T) {
	o := emptyOffice(t)
	if _, err := o.Desk.MAC(t.Context(), "p", nil); err != nil {
		t.Fatal(err)
	}
	unseal := o.seal()
	defer unseal()
	if _, err := o.Desk.MAC(t.Context(), "p", []byte("m")); err != nil {
		t.Error(err)
	}
}

// TestAKeyThatIsReplacedIsFetchedOnce: a mark of the new key is known to a
// process that started under the old one, and old marks stay good there.
func TestAKeyThatIsReplacedIsFetchedOnce(t *testing.T) {
	o := emptyOffice(t)
	old, err := o.Desk.MAC(t.Context(), "p", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Secrets.Read(t.Context(), desk.SealPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.SealPath, custody.SecretString(strings.Repeat("k", 32)), v.Version, nil); err != nil {
		t.Fatal(err)
	}
	fresh := o.Open()
	mark, err := fresh.MAC(t.Context(), "p", []byte("m"))
	if err != nil || mark == old {
		t.Fatalf("%s, %v", mark, err)
	}
	for _, m := range []string{old, mark} {
		if good, err := o.Desk.CheckMAC(t.Context(), "p", []byte("m"), m); !good || err != nil {
			t.Errorf("%s: %t, %v", m, good, err)
		}
	}
}

// TestWhatIsNoKeyMarksNothing: bytes of another length where the key was are no key,
// and what was marked before stays what it is.
func TestWhatIsNoKeyMarksNothing(t *testing.T) {
	o := emptyOffice(t)
	mark, err := o.Desk.MAC(t.Context(), "p", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	_, sum, _ := strings.Cut(mark, ".")
	v, err := o.Secrets.Read(t.Context(), desk.SealPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.SealPath, custody.SecretString("short"), v.Version, nil); err != nil {
		t.Fatal(err)
	}
	if good, err := o.Desk.CheckMAC(t.Context(), "p", []byte("m"), "00000000."+sum); good || !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("got %t, %v", good, err)
	}
	if again, err := o.Desk.MAC(t.Context(), "p", []byte("m")); err != nil || again != mark {
		t.Errorf("marked as %s, and before as %s, %v", again, mark, err)
	}
}
