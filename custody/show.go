package custody

// ShowAgain shows its holder the password of a check-out that lasts.
type ShowAgain struct {
	Credential string `json:"credential"`
}

var _ = action(ShowAgain{})

func (ShowAgain) Verb() string      { return "show_again" }
func (a ShowAgain) Subject() string { return a.Credential }
func (ShowAgain) givers() givers    { return people }

func (a ShowAgain) bare(s *State) Action { return ShowAgain{s.nameOr(a.Credential)} }

func (a ShowAgain) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if d.actor.Away { // as in a check-out
		return refuseSelfAway()
	}
	if c.Lease.Person != d.actor.Username {
		return refuseNothingToShow(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CheckoutShown{Credential: c.Name, Lease: c.Lease.ID, Version: c.Version})
	return nil
}

// CheckoutShown was committed before the secret of a check-out was read again (I5).
type CheckoutShown struct {
	Credential string `json:"credential"`
	Lease      string `json:"lease"`
	Version    int64  `json:"version"`
}

var _ = fact(CheckoutShown{})

func (CheckoutShown) Type() string               { return "checkout.shown" }
func (f CheckoutShown) Subject() string          { return f.Credential }
func (f CheckoutShown) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CheckoutShown) grade() Grade               { return Ordinary }

func (f CheckoutShown) by(s *State, _ Event) Who {
	c, _ := s.Credential(f.Credential)
	return byPerson(c.Lease.Person).confirmed()
}

func (f CheckoutShown) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Phase != Held || c.Holder != e.Actor || f.Version != c.Version {
		return e.violates("I5", "shown to somebody who does not hold it, or another version")
	}
	if c.Lease.ID == "" || f.Lease != c.Lease.ID || !e.Time.Before(c.Lease.Until) {
		return e.violates("I5", "shown again when its check-out was over")
	}
	return nil
}

func (CheckoutShown) apply(*State, Event) {} // who checked it out is among those who know it
