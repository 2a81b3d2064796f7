package desk

import (
	"context"
	"crypto/subtle"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// OpenFeed gives the token of the actor's calendar feed, which is nowhere else: the
// ledger has its hash. It begins with their username, by which the feed is found.
func (d *Desk) OpenFeed(ctx context.Context, by By) (custody.Secret, error) {
	token := custody.SecretString(by.Actor + "." + newToken().Reveal())
	outcome, err := d.Do(ctx, by, custody.OpenFeed{Feed: sessionOf(token)})
	if err != nil {
		return custody.Secret{}, err
	}
	if outcome.Replayed {
		return custody.Secret{}, &custody.Refusal{Code: custody.Conflict, Key: "link_shown_once"}
	}
	return token, nil
}

// FeedOf gives whose feed a token is of, or ErrNotFound. Whose access ended has none.
func (d *Desk) FeedOf(ctx context.Context, token custody.Secret) (custody.Person, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return custody.Person{}, err
	}
	if err := d.knowsWho(); err != nil {
		return custody.Person{}, err
	}
	typed := token.Reveal()
	person, known := d.person(typed[:max(strings.LastIndexByte(typed, '.'), 0)])
	if !known || person.Disabled || subtle.ConstantTimeCompare([]byte(person.Feed.Token), []byte(sessionOf(token))) != 1 {
		return custody.Person{}, ErrNotFound
	}
	return person, nil
}
