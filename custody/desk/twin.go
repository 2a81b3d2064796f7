package desk

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// lookForTwins looks, when a code of an approval is looked at, whether its person has the
// seed of somebody whom they must not be: who asked for it, say. What it finds is entered
// before the approval is decided, and so refuses it. While the secret store does not say,
// nothing is decided. Seeds are compared here, in memory, and nothing of them is kept.
func (d *Desk) lookForTwins(ctx context.Context, by By, a custody.Action) error {
	if by.Code == "" {
		return nil
	}
	d.mu.RLock()
	beside := d.state.Beside(a)
	d.mu.RUnlock()
	person, known := d.person(by.Actor)
	if !known || len(beside) == 0 {
		return nil
	}
	own, err := d.seed(ctx, person)
	if errors.Is(err, ErrNoSecret) { // whose codes confirm nothing
		return nil
	} else if err != nil {
		return err
	}
	for _, name := range beside {
		if err := d.lookForTwin(ctx, by, person, own, name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) lookForTwin(ctx context.Context, by By, person custody.Person, own custody.Secret, name string) error {
	other, known := d.person(name)
	if !known || name == person.Username {
		return nil
	}
	seed, err := d.seed(ctx, other)
	if errors.Is(err, ErrNoSecret) {
		return nil
	} else if err != nil {
		return err
	}
	same, err := totp.Same(own, seed)
	if err != nil || !same {
		return err
	}
	_, err = d.Do(ctx, By{Actor: custody.System, Request: by.Request}, custody.ReportSameSeed{
		Person: person.Username, Enrolment: person.Number, Other: other.Username, Of: other.Number,
	})
	return err
}
