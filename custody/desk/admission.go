package desk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// Link is what somebody who was approved sets up their log-in with. Its token is only
// here; the ledger has its hash.
type Link struct {
	Outcome
	Token custody.Secret
	Until time.Time
}

// IssueLink gives a person a link, in the place of one before.
func (d *Desk) IssueLink(ctx context.Context, by By, person string) (Link, error) {
	token := newToken()
	outcome, err := d.Do(ctx, by, custody.IssueLink{Person: person, Link: sessionOf(token)})
	if err != nil {
		return Link{}, err
	}
	if outcome.Replayed {
		return Link{}, &custody.Refusal{Code: custody.Conflict, Key: "link_shown_once"}
	}
	issued, _ := outcome.Events[0].Fact.(custody.LinkIssued)
	return Link{outcome, token, issued.Until}, nil
}

// releasePurpose is what release codes are made for.
const releasePurpose = "release code"

// ReleaseCode gives the six digits that go with a person's open link, to whoever is to
// read them to that person; false for everybody else, and where there is no link.
func (d *Desk) ReleaseCode(ctx context.Context, reader, username string) (custody.Secret, bool, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return custody.Secret{}, false, err
	}
	person, _ := d.person(username)
	if !person.Admission.ReadBy(reader) || !d.Clock.Now().Before(person.Admission.Until) {
		return custody.Secret{}, false, nil
	}
	code, err := d.releaseCode(ctx, person)
	return code, err == nil, err
}

// releaseCode follows from the link and a key in the secret store, so that it is kept
// nowhere.
func (d *Desk) releaseCode(ctx context.Context, person custody.Person) (custody.Secret, error) {
	mark, err := d.mac(ctx, releasePurpose, fmt.Appendf(nil, "%q %q", person.Username, person.Admission.Link))
	if err != nil {
		return custody.Secret{}, err
	}
	sum := sha256.Sum256([]byte(mark))
	return custody.SecretString(fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum[:8])%1_000_000)), nil
}

// SetUp is what a person typed who came with a link.
type SetUp struct {
	Token    custody.Secret
	Code     custody.Secret // the release code
	Password custody.Secret // that they chose
	Request  string
}

// OpenLink takes a link and its release code, and gives its person the seed of an
// authenticator of their own. Neither it nor the password counts before Join. It can be
// repeated for as long as the link counts: the last one is what Join takes.
func (d *Desk) OpenLink(ctx context.Context, in SetUp) (NewAuthenticator, error) {
	ctx = WithRequest(ctx, in.Request)
	person, err := d.invited(ctx, custody.OpenLink{}, in.Token)
	if err != nil {
		return NewAuthenticator{}, err
	}
	want, err := d.releaseCode(ctx, person)
	if err != nil {
		return NewAuthenticator{}, err
	}
	link, by := person.Admission.Link, By{Actor: custody.System, Request: in.Request}
	if subtle.ConstantTimeCompare([]byte(totp.Typed(in.Code.Reveal())), want.Bytes()) != 1 {
		outcome, err := d.Do(ctx, by, custody.RefuseLink{Person: person.Username, Link: link})
		if err != nil {
			return NewAuthenticator{}, err
		}
		refused, _ := outcome.Events[0].Fact.(custody.LinkRefused)
		return NewAuthenticator{}, custody.RefuseReleaseCode(refused)
	}
	if err := checkLoginPassword(in.Password, person); err != nil {
		return NewAuthenticator{}, err
	}
	if err := d.canStoreSeed(ctx); err != nil {
		return NewAuthenticator{}, err
	}
	hash, err := d.hash(ctx, in.Password)
	if err != nil {
		return NewAuthenticator{}, err
	}
	seed := totp.NewSeed()
	_, err = d.withAccount(person.Username, func(version int64) (Outcome, error) {
		return d.doBound(ctx, by, custody.OpenLink{Person: person.Username, Link: link}, bound{
			store: func(ctx context.Context, _ *custody.State) error {
				if err := d.keepAccount(ctx, person.Username, version, account{Password: hash, Link: link}); err != nil {
					return err
				}
				return d.storeSeed(ctx, person.Username, person.Number, seed)
			},
		})
	})
	return d.authenticator(person, seed), err
}

// Join takes the first code of that authenticator: from now on the person can log in,
// and has recovery codes, which it gives. They come once.
func (d *Desk) Join(ctx context.Context, token custody.Secret, code, request string) (username string, recovery []custody.Secret, err error) {
	ctx = WithRequest(ctx, request)
	person, err := d.invited(ctx, custody.Join{}, token)
	if err != nil {
		return "", nil, err
	}
	kept, err := d.setUpWith(ctx, person)
	if err != nil {
		return "", nil, err
	}
	d.seeds.forget(person.Username) // another process may have shown another
	codes, hashes := newRecoveryCodes(person.Username)
	_, err = d.withAccount(person.Username, func(version int64) (Outcome, error) {
		join := custody.Join{Link: person.Admission.Link, Account: version}
		return d.doBound(ctx, By{Actor: person.Username, Request: request, Code: code}, join, bound{
			store: func(ctx context.Context, _ *custody.State) error {
				return d.keepAccount(ctx, person.Username, version, account{Password: kept.Password, Recovery: hashes})
			},
		})
	})
	if err != nil {
		return "", nil, err
	}
	// What comes now is a shortcut gone or a lock that ends by itself: nobody goes without
	// their recovery codes for it.
	if err := errors.Join(d.Accounts.DeleteDevices(ctx, person.Username), d.unlock(ctx, person.Username)); err != nil {
		d.Log.WarnContext(ctx, "what kept a person from logging in was not all lifted", "person", person.Username, "error", err)
	}
	return person.Username, codes, nil
}

// invited gives whose link it is, or refuses.
func (d *Desk) invited(ctx context.Context, a custody.Action, token custody.Secret) (custody.Person, error) {
	if err := d.mayDecide(ctx, a); err != nil {
		return custody.Person{}, err
	}
	if err := d.catchUpNow(ctx); err != nil {
		return custody.Person{}, err
	}
	d.mu.RLock()
	person, there := d.state.LinkOf(sessionOf(token), d.Clock.Now())
	d.mu.RUnlock()
	if !there {
		return custody.Person{}, custody.RefuseLinkVoid()
	}
	return person, nil
}

// setUpWith gives the password that a person chose with their present link. What is there
// of another link, or of none, is nothing.
func (d *Desk) setUpWith(ctx context.Context, person custody.Person) (account, error) {
	stored, err := d.Secrets.Read(ctx, AccountPath(person.Username))
	if err != nil && !errors.Is(err, ErrNoSecret) {
		return account{}, err
	}
	var a account
	if err == nil {
		if err := json.Unmarshal(stored.Value.Bytes(), &a); err != nil { // whose text may hold what was read
			return account{}, fmt.Errorf("what is at %s in version %d is no account", AccountPath(person.Username), stored.Version)
		}
	}
	if a.Link != person.Admission.Link {
		return account{}, custody.RefuseLinkVoid()
	}
	return a, nil
}
