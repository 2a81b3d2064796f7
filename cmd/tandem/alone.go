package main

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/config"
	following "github.com/tandem-custody/tandem/custody/follow"
)

// The embedded secret store is one machine's. On a server's database another machine could
// have a copy of it, and both would go on: a seed that one replaces would still count at
// the other. So whoever has an embedded store is alone on its database, by a lease.

// aloneLease is what that lease is called among those of followers: none of them is.
const (
	aloneLease = "embedded secrets"
	aloneFor   = time.Minute
)

// errNotAlone: the database is another machine's, which has an embedded store too.
var errNotAlone = errors.New("secrets: embedded is for one machine, and another one has used this database with its own in the last minute. " +
	"Stop that one, or use Vault (secrets: vault) for several")

// takeAlone takes the lease, where one is needed.
func (p *program) takeAlone(ctx context.Context, cfg config.Config) error {
	if cfg.Secrets != config.Embedded || !cfg.OnServer() {
		return nil
	}
	now := p.desk.SharedTime()
	_, held, err := p.store.Take(ctx, aloneLease, p.owner, now, now.Add(aloneFor))
	if err == nil && !held {
		err = errNotAlone
	}
	if err != nil {
		return err
	}
	p.alone = following.New(following.Config{
		Name: aloneLease, Owner: p.owner, Places: p.store, Now: p.desk.SharedTime, Lease: aloneFor,
		Follow: func() <-chan struct{} { return nil }, Log: p.log.With("part", "secrets"), MaxPause: aloneFor / 4,
	})
	return nil
}

// keepAlone prolongs it until ctx ends.
func (p *program) keepAlone(ctx context.Context) error {
	if p.alone != nil {
		p.alone.Run(ctx, func(context.Context, following.Place) (time.Time, error) { return time.Time{}, nil })
	}
	return nil
}
