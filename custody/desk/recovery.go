package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// What a person is given for the day on which their authenticator is lost. Each
// code is 100 random bits in base32, which has no 0, 1, 8 and 9: nothing in it
// reads like something else.
const (
	recoveryCodes  = 10
	recoveryLength = 20 // characters of 5 bits
	recoveryGroup  = 4  // characters that are written together
)

// RecoverRequest is what somebody typed whose authenticator is lost.
type RecoverRequest struct {
	Username string
	Password custody.Secret
	Code     custody.Secret // one of their recovery codes
	Request  string
	From     Place
}

// Recover replaces a person's TOTP seed and ends their sessions. It gives the
// otpauth URI of the new seed, which counts after the next log-in with a code of
// it. The recovery code is used up by that; it confirms nothing and opens nothing.
//
// Failures look alike, take alike and are counted together with those of SignIn.
func (d *Desk) Recover(ctx context.Context, in RecoverRequest) (custody.Secret, error) {
	ctx = WithRequest(ctx, in.Request)
	try, err := d.approach(ctx, in.Username, in.From)
	if err != nil {
		return custody.Secret{}, err
	}
	if err := d.canStoreSeed(ctx, in.Request); err != nil {
		return custody.Secret{}, err
	}
	username := try.username
	person, _ := d.person(username)
	good, err := d.recovers(ctx, username, in)
	if err != nil {
		return custody.Secret{}, err
	}
	if !good {
		return custody.Secret{}, d.failedSignIn(ctx, try)
	}
	seed := totp.NewSeed()
	recover := custody.RecoverEnrolment{Person: username, Enrolment: person.Number}
	_, err = d.doBound(ctx, By{Actor: custody.System, Request: in.Request}, recover, bound{
		store: func(ctx context.Context, before *custody.State) error {
			return d.replaceSeed(ctx, before, username, seed)
		},
	})
	if custody.CodeOf(err) == custody.Conflict { // reset meanwhile: the password counts no more
		return custody.Secret{}, d.failedSignIn(ctx, try)
	}
	if err != nil {
		return custody.Secret{}, err
	}
	if err := d.unlock(ctx, username); err != nil {
		return custody.Secret{}, err
	}
	return totp.URI(d.Origin, username, seed, person.TOTPPeriod), nil
}

// recovers looks at password and code, both always, and takes the code if both
// are right: it can be used once, also by two at the same moment.
func (d *Desk) recovers(ctx context.Context, username string, in RecoverRequest) (bool, error) {
	if person, known := d.person(username); !known || person.Disabled {
		username = Nobody
	}
	same, err := d.samePassword(ctx, username, in.Password)
	if err != nil {
		return false, err
	}
	hash := recoveryHash(username, ungrouped(in.Code.Reveal()))
	if !same {
		username = Nobody
	}
	return d.Accounts.TakeRecoveryCode(ctx, username, hash)
}

// recoveryCodes makes new codes when a log-in has proved a seed. It also does
// when there are none at all: a log-in whose answer was lost right after it had
// proved one would leave a person without.
func (d *Desk) recoveryCodes(ctx context.Context, username string, signedIn Outcome) ([]custody.Secret, error) {
	proved := slices.ContainsFunc(signedIn.Events, func(e Indexed) bool {
		_, enrolled := e.Fact.(custody.PersonEnrolled)
		return enrolled
	})
	if !proved {
		if has, err := d.Accounts.HasRecoveryCodes(ctx, username); has || err != nil {
			return nil, err
		}
	}
	codes, hashes := make([]custody.Secret, recoveryCodes), make([][sha256.Size]byte, recoveryCodes)
	for i := range codes {
		code := rand.Text()[:recoveryLength] // base32, see crypto/rand
		codes[i], hashes[i] = custody.SecretString(grouped(code)), recoveryHash(username, code)
	}
	return codes, d.Accounts.SetRecoveryCodes(ctx, username, hashes)
}

// grouped makes a code easier to read: ABCD-EFGH-...
func grouped(code string) string {
	var groups []string
	for group := range slices.Chunk([]byte(code), recoveryGroup) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, "-")
}

// ungrouped undoes grouped, and what people do when they copy from paper or paste
// from a word processor.
func ungrouped(typed string) string { return strings.ToUpper(totp.Typed(typed)) }

// recoveryHash is how a code is kept. It needs no slow hash: there are too many
// codes to try.
func recoveryHash(username, code string) [sha256.Size]byte {
	return sha256.Sum256([]byte("tandem recovery code\n" + username + "\n" + code))
}
