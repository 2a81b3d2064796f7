package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/tandem-custody/tandem/custody"
)

// DefaultPeriod is the length of a step in seconds that every authenticator knows.
const DefaultPeriod = 30

// seedBytes is what RFC 4226 section 4 recommends: 160 bits.
const seedBytes = 20

var options = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// codeForm is checked before the library is asked, because the library trims
// white space: " 123456" would be a second spelling of the same code (the way
// round a used code in CVE-2025-6014).
var codeForm = regexp.MustCompile(`^[0-9]{6}$`)

// Match gives the steps, at most skew away from the current one, whose code
// this is; none for a wrong code. period is in seconds. An error means that the
// seed is unusable.
func Match(seed custody.Secret, code string, period, skew int, now time.Time) ([]int64, error) {
	if !codeForm.MatchString(code) {
		return nil, nil
	}
	var steps []int64
	current := Step(period, now)
	for step := max(0, current-int64(skew)); step <= current+int64(skew); step++ {
		ok, err := hotp.ValidateCustom(code, uint64(step), seed.Reveal(), options)
		if err != nil {
			return nil, fmt.Errorf("totp: unusable seed") // the library's error could quote it
		}
		if ok {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// Step is the number of the step at an instant.
func Step(period int, now time.Time) int64 { return now.Unix() / int64(period) }

// Code gives the code of a step: what the person's authenticator shows.
func Code(seed custody.Secret, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(seed.Reveal(), uint64(step), options)
	if err != nil {
		return "", fmt.Errorf("totp: unusable seed")
	}
	return code, nil
}

// compared is how many codes of two seeds are laid side by side: with four of six digits two
// that are not the same pass for it once in 10^24.
const compared = 4

// Same says whether an authenticator shows the same codes with two seeds, however they are
// spelt. It takes as long for those that differ as for those that do not. An error means
// that one of them is unusable.
func Same(one, other custody.Secret) (bool, error) {
	same := 1
	for range compared {
		step, err := rand.Int(rand.Reader, big.NewInt(math.MaxInt64)) // not one that whoever copied a seed could choose by
		if err != nil {
			return false, fmt.Errorf("totp: no random step: %w", err)
		}
		a, err := Code(one, step.Int64())
		if err != nil {
			return false, err
		}
		b, err := Code(other, step.Int64())
		if err != nil {
			return false, err
		}
		same &= subtle.ConstantTimeCompare([]byte(a), []byte(b))
	}
	return same == 1, nil
}

// NewSeed makes a seed, in base32 as an authenticator takes it.
func NewSeed() custody.Secret {
	raw := make([]byte, seedBytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	return custody.SecretString(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

// URI is the otpauth URI (Key Uri Format) from which an authenticator takes the
// seed, usually as a QR code. It holds the seed and so is a secret. The format
// allows no colon in an issuer or a name, not even escaped, and many apps take
// what is before the first one for the issuer.
func URI(issuer, username string, seed custody.Secret, period int) custody.Secret {
	issuer, username = label.Replace(issuer), label.Replace(username)
	query := url.Values{
		"secret": {seed.Reveal()}, "issuer": {issuer}, "algorithm": {"SHA1"},
		"digits": {"6"}, "period": {strconv.Itoa(period)},
	}
	u := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + username,
		RawPath:  "/" + url.PathEscape(issuer) + ":" + url.PathEscape(username), // the slash of an issuer, too
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"),                // apps show a plus sign as it is
	}
	return custody.SecretString(u.String())
}

var label = strings.NewReplacer(":", "-")
