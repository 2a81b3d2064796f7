package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// account is what the secret store keeps for a person's log-in, beside the seed: in
// one value at AccountPath, whose version is on record. What is there in another
// version, left by a command that was cut short or put there by somebody else,
// counts for nothing.
type account struct {
	Password string   `json:"password"` // argon2id, PHC string
	Recovery []string `json:"recovery"` // the recoveryHash of each code that was not used yet

	// Seed is that of an authenticator which its person set up in the place of theirs, as
	// of StoredSeed: of the next enrolment until they have proved it, and of the present
	// one from then until it is at its place. "": there is none.
	Seed string `json:"seed,omitempty"`

	// Link is that of the admission with which the password was set; "" from the day on
	// which it counts.
	Link string `json:"link,omitempty"`
}

// account gives that of a person, and false where there is none: after the same
// round trip.
func (d *Desk) account(ctx context.Context, person custody.Person) (account, bool, error) {
	stored, err := d.Secrets.ReadVersion(ctx, AccountPath(person.Username), max(person.Account, 1))
	switch {
	case errors.Is(err, ErrNoSecret), err == nil && person.Account < 1:
		return account{Password: d.absent}, false, nil
	case err != nil:
		return account{}, false, err
	}
	var a account
	if err := json.Unmarshal(stored.Bytes(), &a); err != nil { // whose text may hold what was read
		return account{}, false, fmt.Errorf("what is at %s in version %d is no account", AccountPath(person.Username), person.Account)
	}
	return a, true, nil
}

// otherVersion: what an account has in the secret store is of another version than
// the one on record. Nothing was done.
type otherVersion struct{ current int64 }

func (o *otherVersion) Error() string {
	return fmt.Sprintf("the secrets of an account have version %d, which is not on record", o.current)
}

// keepAccount is how the secrets of an account come before the entry that has their
// version (bound.store).
func (d *Desk) keepAccount(ctx context.Context, username string, version int64, a account) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	made, err := d.Secrets.Write(ctx, AccountPath(username), custody.NewSecret(text), version-1, map[string]string{"person": username})
	switch {
	case errors.Is(err, ErrVersion):
		current, err := d.Secrets.Read(ctx, AccountPath(username))
		if err != nil && !errors.Is(err, ErrNoSecret) {
			return err
		}
		return &otherVersion{current.Version}
	case err != nil:
		return fmt.Errorf("store an account: %w", err)
	case made != version: // the entry would name another
		return fmt.Errorf("%w: an account got version %d, not %d", ErrSecretsUnavailable, made, version)
	}
	return nil
}

// accountTries is how often a command is given that brings new secrets of an account.
const accountTries = 4

// withAccount gives a command with the version that new secrets of an account will
// have: the one behind what is on record, or, where a command that was cut short
// left one there, behind that. The rules are asked before anything is read or
// written for it.
func (d *Desk) withAccount(username string, give func(version int64) (Outcome, error)) (Outcome, error) {
	person, _ := d.person(username)
	version := person.Account + 1
	for tries := 1; ; tries++ {
		outcome, err := give(version)
		var other *otherVersion
		if !errors.As(err, &other) || tries == accountTries {
			return outcome, err
		}
		version = other.current + 1
	}
}
