package password_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/password"
)

func TestHistoryKnowsWhatWasAdded(t *testing.T) {
	h := password.NewHistory()
	var had []custody.Secret
	for range 100 {
		next := password.Default().Generate()
		if h.Contains(next) {
			t.Fatal("a new password is known")
		}
		h.Add(next)
		had = append(had, next)
		var err error
		if h, err = password.ParseHistory(h.Marshal()); err != nil {
			t.Fatal(err)
		}
		for i, earlier := range had {
			if !h.Contains(earlier) {
				t.Fatalf("password %d of %d is forgotten", i, len(had))
			}
		}
	}
	if h.Contains(custody.Secret{}) {
		t.Error("the empty password is known")
	}
}

func TestHistoryAddsOnce(t *testing.T) {
	h := password.NewHistory()
	h.Add(custody.SecretString("a"))
	once := h.Marshal()
	h.Add(custody.SecretString("a"))
	if !h.Marshal().Equal(once) {
		t.Error("added twice")
	}
}

func TestHistoryHoldsNoPasswordAndNothingToCompare(t *testing.T) {
	const value = "canary-canary-canary"
	a, b := password.NewHistory(), password.NewHistory()
	a.Add(custody.SecretString(value))
	b.Add(custody.SecretString(value))
	rawA, rawB := decoded(t, a), decoded(t, b)
	if strings.Contains(rawA, value) {
		t.Error("the password is in it")
	}
	if rawA[33:] == rawB[33:] {
		t.Error("two accounts with one password show it")
	}
	key := base64.StdEncoding.EncodeToString([]byte(rawA[1:33]))
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
		if text := fmt.Sprintf(verb, a); strings.Contains(text, key[:8]) || strings.Contains(text, fmt.Sprintf("%x", rawA[1:9])) {
			t.Errorf("%s shows the key", verb)
		}
	}
}

// The form is on disk for years: it must not change by accident.
func TestHistoryForm(t *testing.T) {
	const kept = "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f" // version 1, the key 0 to 31
	h, err := password.ParseHistory(custody.SecretString(kept))
	if err != nil {
		t.Fatal(err)
	}
	h.Add(custody.SecretString("abc"))
	// printf abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1e1f
	const digest = "f0133729c4163ded"
	if got := fmt.Sprintf("%x", decoded(t, h)[33:]); got != digest {
		t.Errorf("digest %s, want %s", got, digest)
	}
}

func TestHistoryForgetsTheOldestOnly(t *testing.T) {
	h := full(t)
	h.Add(custody.SecretString("one more"))
	h.Add(custody.SecretString("and another"))
	if !h.Contains(custody.SecretString("one more")) || !h.Contains(custody.SecretString("and another")) {
		t.Error("the newest are not known")
	}
	raw, before := decoded(t, h), decoded(t, full(t))
	if len(raw) != len(before) || raw[33:len(raw)-16] != before[33+16:] {
		t.Errorf("of %d bytes %d are left, or others were forgotten", len(before), len(raw))
	}
	if _, err := password.ParseHistory(h.Marshal()); err != nil {
		t.Errorf("the longest: %v", err)
	}
	if n := len(h.Marshal().Bytes()); n > 400<<10 {
		t.Errorf("%d bytes: Consul takes 512 KiB, of everything around it too", n)
	}
}

// full is the longest history, with digests of nothing in particular.
func full(t *testing.T) password.History {
	t.Helper()
	var raw strings.Builder
	raw.WriteString("\x01" + strings.Repeat("k", 32))
	for i := range password.MaxHistory {
		fmt.Fprintf(&raw, "%08d", i)
	}
	h, err := password.ParseHistory(custody.SecretString(base64.StdEncoding.EncodeToString([]byte(raw.String()))))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func decoded(t *testing.T, h password.History) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(h.Marshal().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A copy that goes on by itself must not overwrite what the other was told.
func TestHistoryCopiesAreApart(t *testing.T) {
	one := password.NewHistory()
	for i := range 5 {
		one.Add(custody.SecretString(fmt.Sprint(i)))
	}
	other := one
	one.Add(custody.SecretString("one"))
	other.Add(custody.SecretString("other"))
	if !one.Contains(custody.SecretString("one")) || one.Contains(custody.SecretString("other")) {
		t.Error("the copies share what was added")
	}
}

func TestParseHistoryRefuses(t *testing.T) {
	encode := func(raw string) string { return base64.StdEncoding.EncodeToString([]byte(raw)) }
	for name, kept := range map[string]string{
		"nothing":         "",
		"no base64":       "history!",
		"short key":       encode("\x01" + strings.Repeat("k", 31)),
		"another version": encode("\x02" + strings.Repeat("k", 32)),
		"half a digest":   encode("\x01" + strings.Repeat("k", 32) + "1234"),
		"too long":        encode("\x01" + strings.Repeat("k", 32+8*(password.MaxHistory+1))),
	} {
		if _, err := password.ParseHistory(custody.SecretString(kept)); !errors.Is(err, password.ErrHistory) {
			t.Errorf("%s: %v", name, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a History without a key took a password")
		}
	}()
	new(password.History).Add(custody.SecretString("a"))
}

func FuzzParseHistory(f *testing.F) {
	h := password.NewHistory()
	f.Add(h.Marshal().Reveal())
	h.Add(custody.SecretString("a"))
	f.Add(h.Marshal().Reveal())
	f.Fuzz(func(t *testing.T, kept string) {
		h, err := password.ParseHistory(custody.SecretString(kept))
		if err != nil {
			return
		}
		if want := strings.NewReplacer("\r", "", "\n", "").Replace(kept); h.Marshal().Reveal() != want { // line ends may have come in by hand
			t.Errorf("%q became %q", kept, h.Marshal().Reveal())
		}
		h.Add(custody.SecretString("a"))
		if !h.Contains(custody.SecretString("a")) {
			t.Error("what was added is not known")
		}
	})
}

func BenchmarkHistoryContains(b *testing.B) {
	h := password.NewHistory()
	for i := range 3650 { // one a day for ten years
		h.Add(custody.SecretString(fmt.Sprint(i)))
	}
	next := password.Default().Generate()
	for b.Loop() {
		h.Contains(next)
	}
}
