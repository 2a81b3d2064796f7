package desk_test

import (
	"context"
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

// TestAKeyThatIsReplacedIsFetchedOnce: a mark of the new key is known to a process
// that has not taken in its entry yet, and old marks stay good there.
func TestAKeyThatIsReplacedIsFetchedOnce(t *testing.T) {
	o := officeWithManager(t)
	old, err := o.Desk.MAC(t.Context(), "p", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	other := o.Open()
	if err := o.rekeys(other, "manager"); err != nil {
		t.Fatal(err)
	}
	mark, err := other.MAC(t.Context(), "p", []byte("m"))
	if err != nil || mark == old {
		t.Fatalf("%s, %v", mark, err)
	}
	reads := &keyReads{}
	defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { reads.Secrets = inner; return reads })()
	for range 2 {
		for _, m := range []string{old, mark} {
			if good, err := o.Desk.CheckMAC(t.Context(), "p", []byte("m"), m); !good || err != nil {
				t.Errorf("%s: %t, %v", m, good, err)
			}
		}
	}
	if reads.n != 1 {
		t.Errorf("%d reads", reads.n)
	}
}

// keyReads counts how often a key that has replaced another is read.
type keyReads struct {
	desk.Secrets
	n int
}

func (k *keyReads) Read(ctx context.Context, path string) (desk.Versioned, error) {
	if strings.HasPrefix(path, desk.SealKeyPath("")) {
		k.n++
	}
	return k.Secrets.Read(ctx, path)
}

// TestWhatIsNoKeyMarksNothing: bytes of another length where a key should be are no key,
// another key than the path names is not it, and what was marked before stays what it is.
func TestWhatIsNoKeyMarksNothing(t *testing.T) {
	for _, value := range []string{"short", strings.Repeat("k", 32)} {
		o := emptyOffice(t)
		mark, err := o.Desk.MAC(t.Context(), "p", []byte("m"))
		if err != nil {
			t.Fatal(err)
		}
		_, sum, _ := strings.Cut(mark, ".")
		if _, err := o.Secrets.Write(t.Context(), desk.SealKeyPath("00000000"), custody.SecretString(value), 0, nil); err != nil {
			t.Fatal(err)
		}
		if good, err := o.Desk.CheckMAC(t.Context(), "p", []byte("m"), "00000000."+sum); good || !errors.Is(err, desk.ErrSecretsLost) {
			t.Errorf("got %t, %v", good, err)
		}
		if again, err := o.Desk.MAC(t.Context(), "p", []byte("m")); err != nil || again != mark {
			t.Errorf("marked as %s, and before as %s, %v", again, mark, err)
		}
		// What is no id is no part of a path either.
		for _, id := range []string{"../seal", "0000000", "0000000A"} {
			if good, err := o.Desk.CheckMAC(t.Context(), "p", []byte("m"), id+"."+sum); good || err != nil {
				t.Errorf("of the key %q: %t, %v", id, good, err)
			}
		}
	}
	o := emptyOffice(t)
	v, err := o.Secrets.Read(t.Context(), desk.SealPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.SealPath, custody.SecretString("short"), v.Version, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Open(t.Context(), o.Config); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("opened with no key: %v", err)
	}
}
