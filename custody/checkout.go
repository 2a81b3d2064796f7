package custody

import (
	"fmt"
	"time"
)

// Lease is a check-out in progress.
type Lease struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Purpose Note      `json:"purpose,omitzero"`
	Start   time.Time `json:"start"`
	Until   time.Time `json:"until"`
}

// leaseID names the nth check-out ever granted, n from 1.
func leaseID(n int64) string { return fmt.Sprintf("lease-%d", n) }

// CheckOut reveals the password to its holder.
type CheckOut struct {
	Credential string `json:"credential"`
	Purpose    Note   `json:"purpose"`
}

var _ = action(CheckOut{})

func (CheckOut) Verb() string      { return "checkout" }
func (a CheckOut) Subject() string { return a.Credential }
func (CheckOut) givers() givers    { return people }

func (a CheckOut) bare(s *State) Action { return CheckOut{s.nameOr(a.Credential), absentNote} }

func (a CheckOut) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if d.actor.Away { // I3 makes this impossible; a check-out does not rely on it
		return refuseSelfAway()
	}
	if err := checkNote("purpose", a.Purpose); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CheckoutGranted{
		Credential: c.Name,
		Lease:      leaseID(d.state.Leases + 1),
		Purpose:    a.Purpose,
		Version:    c.Version,
		Until:      d.now.Add(c.leaseLength(d.policy)),
	})
	return nil
}

// CheckoutGranted was committed before the secret was read (I5).
type CheckoutGranted struct {
	Credential string    `json:"credential"`
	Lease      string    `json:"lease"`
	Purpose    Note      `json:"purpose"`
	Version    int64     `json:"version"`
	Until      time.Time `json:"until"`
}

var _ = fact(CheckoutGranted{})

func (CheckoutGranted) Type() string               { return "checkout.granted" }
func (f CheckoutGranted) Subject() string          { return f.Credential }
func (f CheckoutGranted) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CheckoutGranted) grade() Grade               { return Ordinary }
func (CheckoutGranted) by(*State, Event) Who       { return Who{Anybody: true}.confirmed() } // who it is, allowed says

func (f CheckoutGranted) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Phase != Held || c.Holder != e.Actor || f.Version != c.Version {
		return e.violates("I5", "check-out by somebody who does not hold it, or of another version")
	}
	if f.Lease != leaseID(s.Leases+1) {
		return e.violates("I5", "check-out under the name of another")
	}
	return nil
}

func (f CheckoutGranted) apply(s *State, e Event) {
	s.Leases++
	s.editCredential(f.Credential, func(c *Credential) {
		c.Exposure = with(c.Exposure, e.Actor)
		c.Lease = Lease{ID: f.Lease, Person: e.Actor, Purpose: f.Purpose.bare(), Start: e.Time, Until: f.Until}
	})
	s.used(f.Credential, e.Actor, e.Time)
	s.answered(f.Credential, e.Actor)
	s.expect(f.Until)
}

// leaseLength is the longest time between check-out and check-in.
func (c Credential) leaseLength(general Policy) time.Duration {
	if c.Policy.LeaseSeconds > 0 {
		return time.Duration(c.Policy.LeaseSeconds) * time.Second
	}
	return general.Lease
}

// CheckIn ends the holder's lease before its time.
type CheckIn struct {
	Credential string `json:"credential"`
}

var _ = action(CheckIn{})

func (CheckIn) Verb() string      { return "checkin" }
func (a CheckIn) Subject() string { return a.Credential }
func (CheckIn) givers() givers    { return people }

func (a CheckIn) bare(s *State) Action { return CheckIn{s.nameOr(a.Credential)} }

func (a CheckIn) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !c.MayHold(d.actor.Username) {
		return refuseNotCustodian(c)
	}
	if c.Lease.Person != d.actor.Username {
		return refuseNoLease(c)
	}
	d.endLease(c, "checkin")
	return nil
}

// endLease ends what was lent and, where the policy says so, has the password
// changed for the same holder: at every check-in, or when what has come due
// meanwhile was not to interrupt their work.
func (d *decision) endLease(c Credential, how string) {
	d.happen(CheckoutEnded{Credential: c.Name, Lease: c.Lease.ID, How: how})
	c.Lease = Lease{}
	switch {
	case c.Policy.RotateOnCheckin:
		d.startRotation(c, ForCheckin, c.Holder, Note{})
	case c.tooOld(d.now):
		d.startRotation(c, ForAge, c.Holder, Note{})
	case c.tooKnown():
		d.startRotation(c, ForExposure, c.Holder, Note{})
	}
}

// CheckoutEnded: the lease is over and may never act again.
type CheckoutEnded struct {
	Credential string `json:"credential"`
	Lease      string `json:"lease"`
	How        string `json:"how"` // "checkin" or "expired"
}

var _ = fact(CheckoutEnded{})

func (CheckoutEnded) Type() string               { return "checkout.ended" }
func (f CheckoutEnded) Subject() string          { return f.Credential }
func (f CheckoutEnded) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (CheckoutEnded) grade() Grade               { return Ordinary }

func (f CheckoutEnded) by(s *State, _ Event) Who {
	switch c, _ := s.Credential(f.Credential); f.How {
	case "checkin":
		return byPerson(c.Lease.Person)
	case "expired":
		return bySystem()
	}
	return Who{}
}

func (f CheckoutEnded) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if c.Lease.ID == "" || c.Lease.ID != f.Lease {
		return e.violates("I3", "ended a check-out that was over")
	}
	if f.How == "expired" && e.Time.Before(c.Lease.Until) {
		return e.violates("I3", "expired before its time")
	}
	return nil
}

func (f CheckoutEnded) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Lease = Lease{}
		s.expectAge(*c)
	})
}
