package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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
// new one, which counts after the next log-in with a code of
// it. The recovery code is used up by that; it confirms nothing and opens nothing.
//
// Failures look alike, take alike and are counted together with those of SignIn.
func (d *Desk) Recover(ctx context.Context, in RecoverRequest) (NewAuthenticator, error) {
	ctx = WithRequest(ctx, in.Request)
	try, err := d.approach(ctx, in.Username, in.From)
	if err != nil {
		return NewAuthenticator{}, err
	}
	if err := d.canStoreSeed(ctx); err != nil {
		return NewAuthenticator{}, err
	}
	username := try.username
	person, known := d.person(username)
	left, good, err := d.recovers(ctx, person, known, in)
	if err != nil {
		return NewAuthenticator{}, err
	}
	if !good {
		return NewAuthenticator{}, d.failedSignIn(ctx, try)
	}
	seed := totp.NewSeed()
	_, err = d.withAccount(username, func(version int64) (Outcome, error) {
		recover := custody.RecoverEnrolment{Person: username, Enrolment: person.Number, Account: version}
		return d.doBound(ctx, By{Actor: custody.System, Request: in.Request}, recover, bound{
			store: func(ctx context.Context, before *custody.State) error {
				if err := d.keepAccount(ctx, username, version, left); err != nil {
					return err
				}
				return d.replaceSeed(ctx, before, username, seed)
			},
		})
	})
	if custody.CodeOf(err) == custody.Conflict { // reset meanwhile: password and code count no more
		return NewAuthenticator{}, d.failedSignIn(ctx, try)
	}
	if err != nil {
		return NewAuthenticator{}, err
	}
	if err := d.unlock(ctx, username); err != nil {
		return NewAuthenticator{}, err
	}
	return d.authenticator(person, seed), nil
}

// recovers looks at password and code, both always, and gives what is left of the
// account without the code. It is used up with the entry: of several who come with
// the same one, for one of them, as each was looked at for one enrolment.
func (d *Desk) recovers(ctx context.Context, person custody.Person, known bool, in RecoverRequest) (account, bool, error) {
	if !known || person.Disabled {
		person = nobody
	}
	kept, same, err := d.samePassword(ctx, person, in.Password)
	if err != nil {
		return account{}, false, err
	}
	at := slices.Index(kept.Recovery, recoveryHash(person.Username, ungrouped(in.Code.Reveal())))
	if !same || at < 0 {
		return account{}, false, nil
	}
	kept.Recovery, kept.Seed = slices.Delete(kept.Recovery, at, at+1), ""
	return kept, true, nil
}

// newRecoveryCodes makes codes, and their hashes.
func newRecoveryCodes(username string) (codes []custody.Secret, hashes []string) {
	for range recoveryCodes {
		code := rand.Text()[:recoveryLength] // base32, see crypto/rand
		codes = append(codes, custody.SecretString(grouped(code)))
		hashes = append(hashes, recoveryHash(username, code))
	}
	return codes, hashes
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

// recoveryHash is how a code is kept, in hex. It needs no slow hash: there are too
// many codes to try.
func recoveryHash(username, code string) string {
	sum := sha256.Sum256([]byte("tandem recovery code\n" + username + "\n" + code))
	return hex.EncodeToString(sum[:])
}
