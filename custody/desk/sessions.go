package desk

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// OpenSession is a log-in of somebody that counts now.
type OpenSession struct {
	custody.Session
	LastUsed time.Time // to the minute, where another process was used
	Here     bool      // it is the one that asks
}

// Sessions gives those of a person, the newest first. The token is of the one that asks.
func (d *Desk) Sessions(ctx context.Context, person string, token custody.Secret) ([]OpenSession, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	all, policy := slices.Clone(d.state.Sessions(person)), d.state.Policy().Values
	d.mu.RUnlock()
	texts, err := d.Store.Texts(ctx, custody.NotesOf(all))
	if err != nil {
		return nil, err
	}
	custody.Fill(&all, texts)
	var open []OpenSession
	for _, s := range slices.Backward(all) {
		last, err := d.lastUsed(ctx, s)
		if err != nil {
			return nil, err
		}
		if now := d.Time(); now.Before(s.Until) && !policy.Idle(last, now) {
			open = append(open, OpenSession{s, last, s.Token == sessionOf(token)})
		}
	}
	return open, nil
}
