package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// SignInRequest is a log-in as it was typed.
type SignInRequest struct {
	Username string
	Password custody.Secret
	Code     string
	Request  string

	From     Place
	Remember bool // whether to make a token for a device that has none yet
}

// SignedIn is a session. The token and the recovery codes are only here; the
// database has their hashes.
type SignedIn struct {
	Token   custody.Secret
	Expires time.Time
	Person  custody.Person

	Device custody.Secret // for Place.Device from now on; zero: as before, or not asked for

	RecoveryCodes []custody.Secret // new ones, with which the old are forgotten; none: as before
}

// tokenBytes makes a token that cannot be guessed.
const tokenBytes = 32

// SignIn opens a session. An unknown name, a wrong password and a wrong code
// get the same refusal after the same work. Failures are counted for each name,
// known or not, see attempt; what is locked is refused whatever follows.
func (d *Desk) SignIn(ctx context.Context, in SignInRequest) (SignedIn, error) {
	ctx = WithRequest(ctx, in.Request)
	try, err := d.approach(ctx, in.Username, in.From)
	if err != nil {
		return SignedIn{}, err
	}
	username := try.username
	at, err := d.deviceOf(ctx, in)
	if err != nil {
		return SignedIn{}, err
	}
	signed, err := d.open(ctx, username, !try.own, at, in)
	if errors.Is(err, errStale) { // looked at with an enrolment that counts no more: once more
		signed, err = d.open(ctx, username, !try.own, at, in)
	}
	switch {
	case errors.Is(err, errStale), errors.Is(err, errNotGenuine):
		return SignedIn{}, d.failedSignIn(ctx, try)
	case err != nil:
		return SignedIn{}, err
	}
	if err := d.forgive(ctx, try); err != nil {
		return SignedIn{}, err
	}
	signed.Person, _ = d.person(username)
	if err := d.rememberDevice(ctx, username, at); err != nil {
		// Who is in, with recovery codes perhaps that come once, is not sent away for it.
		d.Log.WarnContext(ctx, "a device was not remembered", "person", username, "error", err)
	} else if at.made {
		signed.Device = at.token
	}
	return signed, nil
}

// errNotGenuine: password or code is wrong.
var errNotGenuine = errors.New("not a genuine log-in")

// open looks at a log-in and opens its session. The proof that goes with it is
// that of this look: where the enrolment was reset meanwhile, it is errStale, and
// neither the password nor the code of before opens anything.
//
// A log-in that proves a seed makes new recovery codes. So does one of somebody who
// has none left. unseen: the person has not logged in in this device before.
func (d *Desk) open(ctx context.Context, username string, unseen bool, at place, in SignInRequest) (SignedIn, error) {
	person, known := d.person(username)
	kept, proof, err := d.genuine(ctx, person, known, in)
	if err != nil {
		return SignedIn{}, err
	}
	signed, action := d.newSession()
	action.Device, action.Address, action.Unseen = NewNote(in.From.Called), NewNote(in.From.Address), unseen
	action.In = at.device
	give := func(with bound) (Outcome, error) {
		return d.send(&call{
			ctx: ctx, by: By{Actor: username, Request: in.Request}, bound: with, answer: make(chan answer, 1),
			command: custody.Command{Actor: username, Request: in.Request, Proof: proof, Action: action},
		})
	}
	if person.Enrolled && len(kept.Recovery) > 0 {
		_, err := give(bound{})
		return signed, err
	}
	signed.RecoveryCodes, kept.Recovery = newRecoveryCodes(username)
	_, err = d.withAccount(username, func(version int64) (Outcome, error) {
		action.Account = version
		return give(bound{store: func(ctx context.Context, _ *custody.State) error {
			return d.keepAccount(ctx, username, version, kept)
		}})
	})
	return signed, err
}

// Nobody is what no account, no seed and no recovery code is ever kept under,
// whatever was typed.
const Nobody = "-"

var nobody = custody.Person{Username: Nobody, Enrolment: custody.Enrolment{TOTPPeriod: totp.DefaultPeriod}}

// genuine looks at password and code, both always. It gives the person's account and
// the proof of a log-in in which both are right, or errNotGenuine.
func (d *Desk) genuine(ctx context.Context, person custody.Person, known bool, in SignInRequest) (account, custody.Proof, error) {
	if !known {
		person = nobody
	}
	d.seeds.forget(person.Username) // another replica may have replaced it
	steps, err := d.match(ctx, person, in.Code)
	if err != nil {
		return account{}, custody.Proof{}, err
	}
	kept, same, err := d.samePassword(ctx, person, in.Password)
	if err != nil {
		return account{}, custody.Proof{}, err
	}
	if !same || len(steps) == 0 {
		return account{}, custody.Proof{}, errNotGenuine
	}
	return kept, custody.Proof{Given: true, Steps: steps, Enrolment: person.Number}, nil
}

// newSession makes a session that is not open yet, and the command that opens it.
func (d *Desk) newSession() (SignedIn, custody.SignIn) {
	token := newToken()
	until := d.Time().Add(d.SessionTTL)
	return SignedIn{Token: token, Expires: until}, custody.SignIn{Session: sessionOf(token), Until: until}
}

// newToken makes what a session, a link or a device is known by to whoever has it.
func newToken() custody.Secret {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	return custody.SecretString(base64.RawURLEncoding.EncodeToString(raw))
}

// sessionOf is how the ledger knows the session of a token.
func sessionOf(token custody.Secret) string {
	sum := sha256.Sum256(token.Bytes())
	return hex.EncodeToString(sum[:])
}

// ErrNotKnownYet: the secret store has been away since the start, so that nobody can
// tell the rows of the database from those that somebody wrote there. It comes back by
// itself.
var ErrNotKnownYet = fmt.Errorf("%w: it has been away since the start, and until it was asked it is not known whose the database is and who is logged in", ErrSecretsUnavailable)

// knowsWho says whether what was loaded from the tables is known to be the ledger's, or
// how far it is: until then nobody has a session.
func (d *Desk) knowsWho() error {
	switch found := d.found.Load(); {
	case d.assured.Load():
		return nil
	case found != nil && found.err != nil: // the secret store is back, and another one
		return found.err
	}
	return ErrNotKnownYet
}

// Who gives the person of a session, or a Refusal. What counts is the state: a row
// that somebody put into the database opens nothing. Another process may have
// opened or ended the session a moment ago, so that this catches up first.
func (d *Desk) Who(ctx context.Context, token custody.Secret) (custody.Person, error) {
	if err := d.knowsWho(); err != nil {
		return custody.Person{}, err
	}
	if err := d.catchUpToRead(ctx); err != nil {
		return custody.Person{}, err
	}
	session, now := sessionOf(token), d.Time()
	d.mu.RLock()
	state := d.state
	if sealed := d.sealed.Load(); sealed != nil {
		state = sealed
	}
	policy := state.Policy().Values
	person, open, is := state.OpenSession(session, now)
	whose, over, was := "", custody.Session{}, false
	if !is {
		whose, over, was = state.EndedSession(session, now)
	}
	d.mu.RUnlock()
	_, left := d.left.Load(session)
	switch {
	case was:
		return custody.Person{}, refuseEnded(whose, over)
	case !is || left || person.Disabled:
		return custody.Person{}, refuseNoSession()
	}
	if err := d.stillUsed(ctx, person.Username, open, policy); err != nil {
		return custody.Person{}, err
	}
	texts, err := d.Store.Texts(ctx, custody.NotesOf(person))
	custody.Fill(&person, texts)
	return person, err
}

// SignOut ends a session, also while nothing is decided because the clock is wrong:
// then for this process, and on record is only that it was opened.
func (d *Desk) SignOut(ctx context.Context, token custody.Secret, request string) error {
	person, err := d.Who(ctx, token)
	if err != nil {
		return err
	}
	session := sessionOf(token)
	_, err = d.Do(ctx, By{Actor: person.Username, Request: request}, custody.SignOut{Session: session})
	if errors.Is(err, ErrClockWrong) {
		d.left.Store(session, true)
		return nil
	}
	return err
}
