package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
func (d *Desk) prove(ctx context.Context, by By) (custody.Proof, error) {
	if by.Code == "" {
		return custody.Proof{}, nil
	}
	person, known := d.person(by.Actor)
	if !known {
		return custody.Proof{Given: true}, nil
	}
	steps, err := d.match(ctx, person, by.Code)
	return custody.Proof{Given: true, Steps: steps, Enrolment: person.Number}, err
}

// match works alike for everybody, with an enrolment or without: a name without
// a seed takes as long as a wrong code.
func (d *Desk) match(ctx context.Context, person custody.Person, code string) ([]int64, error) {
	if err := d.ClockApart(); err != nil {
		return nil, err
	}
	seed, err := d.seed(ctx, person)
	if errors.Is(err, ErrNoSecret) {
		seed = totp.NewSeed()
	} else if err != nil {
		return nil, err
	}
	return totp.Match(seed, code, person.TOTPPeriod, int(d.PolicyInForce().Values.TOTPSkew), d.Clock.Now())
}

// seed gives the seed of the person's present enrolment. That of an earlier one,
// which is there until a reset has stored the new one, is none.
func (d *Desk) seed(ctx context.Context, person custody.Person) (custody.Secret, error) {
	now := d.remembered()
	stored, cached := d.seeds.get(person.Username, now)
	number, seed := readSeed(stored)
	if !cached || number != person.Number {
		v, err := d.Secrets.Read(ctx, SeedPath(person.Username))
		if err != nil {
			return custody.Secret{}, err
		}
		d.seeds.put(person.Username, v.Value, now.Add(seedTTL))
		number, seed = readSeed(v.Value)
	}
	if number != person.Number { // one that its person set up may not have been moved here yet
		kept, _, err := d.account(ctx, person)
		if err != nil {
			return custody.Secret{}, err
		}
		stored := custody.SecretString(kept.Seed)
		if number, seed = readSeed(stored); number != person.Number {
			return custody.Secret{}, ErrNoSecret
		}
		d.seeds.put(person.Username, stored, now.Add(seedTTL))
	}
	return seed, nil
}

// StoredSeed is a TOTP seed as it is kept: with the number of the enrolment that
// it is for, so that a reset which was cut short leaves none that counts.
func StoredSeed(number int64, seed custody.Secret) custody.Secret {
	return custody.SecretString(fmt.Sprintf("%d.%s", number, seed.Reveal()))
}

// readSeed undoes StoredSeed. What is no stored seed has the number 0.
func readSeed(stored custody.Secret) (number int64, seed custody.Secret) {
	n, text, _ := strings.Cut(stored.Reveal(), ".")
	number, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return 0, custody.Secret{}
	}
	return number, custody.SecretString(text)
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
