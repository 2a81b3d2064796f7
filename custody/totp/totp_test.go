package totp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/tandem-custody/tandem/custody"
	. "github.com/tandem-custody/tandem/custody/totp"
)

// The seed of RFC 6238 appendix B, "12345678901234567890", in base32.
var rfcSeed = custody.SecretString("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

func TestCodesOfRFC6238(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"} {
		now := time.Unix(at, 0)
		code, err := Code(rfcSeed, Step(30, now))
		if err != nil || code != want {
			t.Errorf("at %d: code %q, %v; the RFC says %q", at, code, err, want)
		}
		steps, err := Match(rfcSeed, want, 30, 0, now)
		if err != nil || !slices.Equal(steps, []int64{at / 30}) {
			t.Errorf("at %d: steps %v, %v", at, steps, err)
		}
	}
}

func TestMatchNamesTheStep(t *testing.T) {
	seed, now := NewSeed(), time.Unix(1_800_000_000, 0)
	current := Step(30, now)
	for _, away := range []int64{-2, -1, 0, 1, 2} {
		code, err := Code(seed, current+away)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := Match(seed, code, 30, 1, now)
		if err != nil {
			t.Fatal(err)
		}
		if inside := away >= -1 && away <= 1; slices.Contains(steps, current+away) != inside {
			t.Errorf("a code %d steps away: steps %v", away, steps)
		}
	}
}

func TestOnlySixPlainDigitsAreACode(t *testing.T) {
	now := time.Unix(59, 0)
	for _, code := range []string{
		"", " 287082", "287082 ", "287082\n", "\t287082", "2870822", "28708", "287 082", "28708a",
		"２８７０８２", "287082\x00", "+28708", "-87082", strings.Repeat("2", 10_000),
	} {
		steps, err := Match(rfcSeed, code, 30, 1, now)
		if err != nil || len(steps) != 0 {
			t.Errorf("%.20q matches %v, %v", code, steps, err)
		}
	}
}

func TestURIIsWhatAuthenticatorsRead(t *testing.T) {
	seed := NewSeed()
	key, err := otp.NewKeyFromURL(URI("Tandem 测试", "tech-a", seed, 45).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if key.Issuer() != "Tandem 测试" || key.AccountName() != "tech-a" || key.Secret() != seed.Reveal() || key.Period() != 45 {
		t.Errorf("read back: issuer %q, account %q, period %d", key.Issuer(), key.AccountName(), key.Period())
	}
	now := time.Unix(1_800_000_000, 0)
	theirs, err := totp.GenerateCodeCustom(key.Secret(), now, totp.ValidateOpts{Period: 45, Digits: otp.DigitsSix})
	if err != nil {
		t.Fatal(err)
	}
	if steps, _ := Match(seed, theirs, 45, 0, now); len(steps) != 1 {
		t.Error("the code that an authenticator shows is not taken")
	}
}

// TestAColonInTheOriginBreaksNoLabel: the issuer and the account are told apart by
// the only colon.
func TestAColonInTheOriginBreaksNoLabel(t *testing.T) {
	seed := NewSeed()
	for issuer, want := range map[string]string{
		"tandem.example:8443/ledger": "tandem.example-8443/ledger", "托管：生产": "托管：生产", "a::b": "a--b", "it's 100%?&#": "it's 100%?&#",
	} {
		text := URI(issuer, "tech-a", seed, 30).Reveal()
		key, err := otp.NewKeyFromURL(text)
		if err != nil || key.Issuer() != want || key.AccountName() != "tech-a" {
			t.Errorf("%q: issuer %q, account %q, %v", issuer, key.Issuer(), key.AccountName(), err)
		}
		path, query, _ := strings.Cut(strings.TrimPrefix(text, "otpauth://totp/"), "?")
		if strings.Count(path, ":") != 1 || strings.Contains(path, "%3A") || strings.Contains(path, "/") || strings.ContainsAny(query, "+:") {
			t.Errorf("%q: label %q, query with a colon or a plus: %t", issuer, path, strings.ContainsAny(query, "+:"))
		}
	}
}

func TestABadSeedIsNotRepeated(t *testing.T) {
	_, err := Match(custody.SecretString("not!base32"), "123456", 30, 1, time.Unix(59, 0))
	if err == nil || strings.Contains(err.Error(), "not!base32") {
		t.Errorf("error %v", err)
	}
}
