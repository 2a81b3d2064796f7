package custody

import (
	"fmt"
	"slices"
	"time"
)

// Apply moves the state by one event. It cannot refuse: whether an event may
// happen is for Decide, and for CheckEvent when history is replayed. The same
// code updates the tables, rebuilds them from the ledger, and replays history
// for an auditor.
func Apply(s *State, e Event) {
	s.Size++
	s.Time = e.Time
	if e.Confirm != nil {
		s.editPerson(e.Confirm.Person, func(p *Person) {
			p.LastStep, p.LastRequest = e.Confirm.Step, e.Request
			p.WrongCodes, p.Lockouts = 0, 0
		})
	}
	switch f := e.Fact.(type) {
	case PersonAdded, PersonEnrolled, EnrolmentReset, PersonLocked, PersonAway, PersonPresent, CommandRefused:
		s.applyToPerson(e, f)
	case CredentialAdded, CredentialPolicyChanged, CredentialRetired, CheckoutGranted, CheckoutEnded,
		VerificationEnded, DependentUpdated, DependentFailed:
		s.applyToCredential(e, f)
	case HandoverOffered, HandoverAccepted, HandoverEnded, HandoverReturned, HandoverClosed, HandoverOverdue:
		s.applyToHandover(e, f)
	case RotationStarted, RotationStaged, RotationShown, RotationApplied, RotationVerified, RotationPromoted, RotationFailed, RotationOverdue:
		s.applyToRotation(e, f)
	case SessionOpened, SessionClosed, SignInLocked, VerificationStarted, LedgerConflict:
		// Recorded only: neither sessions nor witnesses are custody state, and a
		// verification changes something only by what it finds.
	default:
		panic(fmt.Sprintf("custody: Apply does not know %T", f))
	}
}

func (s *State) applyToPerson(e Event, f Fact) {
	switch f := f.(type) {
	case PersonAdded:
		s.people[f.Username] = Person{
			Username: f.Username, Name: f.Name, Email: f.Email, Roles: f.Roles, TOTPPeriod: f.TOTPPeriod,
		}
	case PersonEnrolled:
		s.editPerson(f.Person, func(p *Person) { p.Enrolled = true })
	case EnrolmentReset:
		// LastStep stays: a step of the old seed never confirms again.
		s.editPerson(f.Person, func(p *Person) { p.Enrolled = false })
	case PersonLocked:
		s.editPerson(f.Person, func(p *Person) {
			p.LockedUntil = f.Until
			p.WrongCodes = 0
			p.Lockouts++
		})
	case PersonAway:
		s.editPerson(f.Person, func(p *Person) {
			p.Away, p.AwaySince, p.AwayUntil, p.AwayReason = true, e.Time, f.Until, f.Reason
		})
	case PersonPresent:
		s.editPerson(f.Person, func(p *Person) {
			p.Away, p.AwaySince, p.AwayUntil, p.AwayReason = false, time.Time{}, time.Time{}, ""
		})
	case CommandRefused:
		if f.Code == TOTPInvalid {
			s.editPerson(e.Actor, func(p *Person) { p.WrongCodes++ })
		}
	}
}

func (s *State) applyToCredential(e Event, f Fact) {
	switch f := f.(type) {
	case CredentialAdded:
		c := Credential{
			Name: f.Credential, Target: f.Target, Policy: f.Policy, Primary: f.Primary, Backup: f.Backup,
			Reconciles: f.Reconciles,
		}
		c.startRotation(ForOnboard, f.Successor, e.Time, f.Deadline)
		s.credentials[f.Credential] = c
		s.charge(f.Primary, f.Credential)
		s.charge(f.Backup, f.Credential)
		s.expectRotation(c)
	case CredentialPolicyChanged:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Policy = f.Policy
			c.Updates = slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool {
				return !slices.Contains(f.Policy.Dependents, u.Dependent)
			})
			s.expectAge(*c)
		})
	case CredentialRetired:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Phase, c.Holder, c.Lease = Retired, "", Lease{}
			c.Rotation = Rotation{Number: c.Rotation.Number}
			c.Drifted, c.Updates = time.Time{}, nil
			s.discharge(c.Primary, c.Name)
			s.discharge(c.Backup, c.Name)
		})
	case CheckoutGranted:
		s.Leases++
		s.editCredential(f.Credential, func(c *Credential) {
			c.Exposure = c.exposedTo(e.Actor)
			c.Lease = Lease{ID: f.Lease, Person: e.Actor, Purpose: f.Purpose, Start: e.Time, Until: f.Until}
		})
		s.expect(f.Until)
	case CheckoutEnded:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Lease = Lease{}
			s.expectAge(*c)
		})
	case VerificationEnded:
		s.editCredential(f.Credential, func(c *Credential) {
			switch {
			case f.Result == VerificationAccepted:
				c.Drifted = time.Time{}
			case f.Result == VerificationRefused && c.Drifted.IsZero():
				c.Drifted = e.Time
			}
		})
	case DependentUpdated:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Updates = slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool { return u.Dependent == f.Dependent })
		})
	case DependentFailed:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Updates = slices.Clone(c.Updates) // shared with other states
			if i := c.update(f.Dependent); i >= 0 {
				c.Updates[i].Attempts++
				c.Updates[i].Failure, c.Updates[i].NextTry = f.Failure, f.NextTry
			}
		})
	}
}

func (s *State) applyToHandover(e Event, f Fact) {
	switch f := f.(type) {
	case HandoverOffered:
		s.Handovers++
		h := Handover{
			ID: f.Handover, From: f.From, To: f.To, Credentials: f.Credentials, Reason: f.Reason,
			Status: Offered, Leave: f.Leave, ExpectedReturn: f.ExpectedReturn,
			OfferedAt: e.Time, Expires: f.Expires,
		}
		s.handovers[h.ID] = h
		s.expectHandover(h)
		s.editAll(f.Credentials, func(c *Credential) { c.Handover = f.Handover })
	case HandoverAccepted:
		s.editHandover(f.Handover, func(h *Handover) {
			h.Status, h.AcceptedAt = Accepted, e.Time
			s.expectHandover(*h)
		})
		s.editAll(f.Credentials, func(c *Credential) {
			c.Holder, c.Lease = f.To, Lease{}
			s.expectAge(*c)
		})
	case HandoverEnded:
		h, _ := s.Handover(f.Handover)
		s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = f.How, e.Time })
		s.editAll(h.Credentials, func(c *Credential) { c.Handover = "" })
	case HandoverReturned:
		s.editHandover(f.Handover, func(h *Handover) { h.Status, h.ReturnedAt = Returned, e.Time })
		s.editAll(f.Credentials, func(c *Credential) {
			c.startRotation(ForReturn, f.From, e.Time, f.Deadline)
			s.expectRotation(*c)
		})
	case HandoverClosed:
		s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = Closed, e.Time })
	case HandoverOverdue:
		s.editHandover(f.Handover, func(h *Handover) { h.Overdue = true })
	}
}

func (s *State) applyToRotation(e Event, f Fact) {
	switch f := f.(type) {
	case RotationStarted:
		s.editCredential(f.Credential, func(c *Credential) {
			c.startRotation(f.Reason, f.Successor, e.Time, f.Deadline)
			s.expectRotation(*c)
		})
	case RotationStaged:
		s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Step = StepStaged })
	case RotationShown:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Rotation.Shown = true
			c.Exposure = c.exposedTo(e.Actor)
		})
	case RotationApplied:
		s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Step = StepApplied })
	case RotationVerified:
		s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Step = StepVerified })
	case RotationPromoted:
		s.editCredential(f.Credential, func(c *Credential) {
			if c.Rotation.Reason == ForReturn {
				c.Handover = ""
			}
			c.Phase, c.Holder = Held, f.Holder
			c.Rotation = Rotation{Number: c.Rotation.Number}
			c.Version, c.RotatedAt, c.Exposure = f.Version, e.Time, f.Exposed
			c.Drifted, c.Updates = time.Time{}, nil
			for _, dependent := range c.Policy.Dependents {
				c.Updates = append(c.Updates, Update{Dependent: dependent})
			}
			s.expectAge(*c)
		})
	case RotationFailed:
		s.editCredential(f.Credential, func(c *Credential) {
			c.Rotation.Attempts++
			c.Rotation.Failure, c.Rotation.NextTry = f.Failure, f.NextTry
		})
	case RotationOverdue:
		s.editCredential(f.Credential, func(c *Credential) { c.Rotation.Overdue = true })
	}
}

// startRotation leaves the credential without a holder and ends what was lent.
func (c *Credential) startRotation(reason RotationReason, successor string, now, deadline time.Time) {
	c.Phase, c.Holder, c.Lease = Rotating, "", Lease{}
	c.Rotation = Rotation{
		Number: c.Rotation.Number + 1, Reason: reason, Successor: successor,
		Step: StepPending, Since: now, Deadline: deadline,
	}
}

func (s *State) editPerson(username string, edit func(*Person)) {
	p, _ := s.Person(username)
	edit(&p)
	s.people[username] = p
}

func (s *State) editCredential(name string, edit func(*Credential)) {
	c, _ := s.Credential(name)
	edit(&c)
	s.credentials[name] = c
}

func (s *State) editAll(names []string, edit func(*Credential)) {
	for _, name := range names {
		s.editCredential(name, edit)
	}
}

// editHandover forgets a handover that is over, once nothing reads through a
// fork to it.
func (s *State) editHandover(id string, edit func(*Handover)) {
	h, _ := s.Handover(id)
	edit(&h)
	if s.base == nil && !h.Status.Open() {
		delete(s.handovers, id)
		return
	}
	s.handovers[id] = h
}

// returning says whether any credential of a handover still waits for its
// rotation, the one named apart.
func (s *State) returning(h Handover, except string) bool {
	return slices.ContainsFunc(h.Credentials, func(name string) bool {
		c, _ := s.Credential(name)
		return name != except && c.Handover == h.ID
	})
}
