package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// seedTTL bounds how long a seed stays in memory. Without it every confirmation
// would cost a second round trip to the secret store; with more, a seed that
// another replica replaced would be taken for longer.
const seedTTL = time.Minute

// prove finds out which of the actor's TOTP steps a code belongs to. It does
// not judge: whether a step may still be used is decided in the transaction.
func (d *Desk) prove(ctx context.Context, in Intent) (custody.Proof, error) {
	if in.Code == "" {
		return custody.Proof{}, nil
	}
	proof := custody.Proof{Given: true}
	person, known := d.person(in.Actor)
	if !known {
		return proof, nil
	}
	steps, err := d.match(ctx, person.Username, person.TOTPPeriod, in.Code)
	proof.Steps = steps
	return proof, err
}

// match works alike for everybody, with an enrolment or without: a name without
// a seed takes as long as a wrong code.
func (d *Desk) match(ctx context.Context, username string, period int, code string) ([]int64, error) {
	seed, err := d.seed(ctx, username)
	if errors.Is(err, ErrNoSecret) {
		seed = totp.NewSeed()
	} else if err != nil {
		return nil, err
	}
	return totp.Match(seed, code, period, d.Policy.TOTPSkew, d.Clock.Now())
}

func (d *Desk) seed(ctx context.Context, username string) (custody.Secret, error) {
	now := d.Clock.Now()
	if seed, ok := d.seeds.get(username, now); ok {
		return seed, nil
	}
	v, err := d.Secrets.Read(ctx, SeedPath(username))
	if err != nil {
		return custody.Secret{}, err
	}
	d.seeds.put(username, v.Value, now.Add(seedTTL))
	return v.Value, nil
}

// seedCache is safe for use by several goroutines. It holds at most one seed
// for each person and forgets those that are old whenever it is written.
type seedCache struct {
	mu    sync.Mutex
	seeds map[string]cachedSeed
}

type cachedSeed struct {
	seed  custody.Secret
	until time.Time
}

func (c *seedCache) get(username string, now time.Time) (custody.Secret, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.seeds[username]
	return s.seed, ok && now.Before(s.until)
}

func (c *seedCache) put(username string, seed custody.Secret, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seeds == nil {
		c.seeds = map[string]cachedSeed{}
	}
	for name, s := range c.seeds {
		if s.until.Before(until.Add(-seedTTL)) {
			delete(c.seeds, name)
		}
	}
	c.seeds[username] = cachedSeed{seed, until}
}

func (c *seedCache) forget(username string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seeds, username)
}
