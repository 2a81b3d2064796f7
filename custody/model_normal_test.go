package custody

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// far is longer than any deadline.
const far = 1000 * time.Hour

// normal takes off a state what grows without bound: it keeps who is present,
// and of each credential its phase, holder, rotation and lease, and the open
// handovers under new ids. Of what an attempt may have sent it keeps only whether
// that surely was nothing, and whether that is known once the attempt ends. Taken
// off as well: exposure, where the policy sets it no limit, and the attempts of a
// rotation and of an update, which Decide never reads; wrong codes, which only lock
// out, as tryCodes tries in every state; that something is overdue, which only
// keeps Tick from saying so twice, as tick tries every time; and that the giver
// wants to leave, once the offer that asked for it is accepted.
func normal(s *State) form {
	people, credentials, handovers := s.Changes()
	for i := range people {
		p := &people[i]
		p.LastStep, p.LastRequest, p.WrongCodes, p.Lockouts, p.LockedUntil = 100, "", 0, 0, time.Time{}
		p.AwaySince, p.AwayUntil, p.AwayReason = time.Time{}, time.Time{}, note("")
		p.Enrolled, p.Number = !p.Disabled, 1
		p.Leaving = normalLeaving(p.Leaving)
	}
	// A handover is told by what it is about: two open ones never bind the same.
	slices.SortFunc(handovers, func(a, b Handover) int { return strings.Compare(outline(a), outline(b)) })
	names := map[string]string{}
	for i := range handovers {
		h := &handovers[i]
		id := handoverID(int64(i) + 2) // the first is over
		names[h.ID], h.ID = id, id
		h.OfferedAt, h.AcceptedAt, h.ReturnedAt = time.Time{}, time.Time{}, time.Time{}
		h.Expires, h.ExpectedReturn, h.Overdue = epoch.Add(far), epoch.Add(far), false
		h.Leave = h.Leave && h.Status == Offered
	}
	for i := range credentials {
		c := &credentials[i]
		c.Handover = names[c.Handover]
		c.Version, c.RotatedAt = min(c.Version, 1), time.Time{}
		if c.Policy.MaxAgeSeconds > 0 && c.Phase == Held {
			c.RotatedAt = epoch
		}
		if c.Policy.MaxExposed == 0 {
			c.Exposure = nil
			if c.Version > 0 {
				c.Exposure = []string{"a"} // a mark, to see what changes it
			}
		}
		if !c.Drifted.IsZero() {
			c.Drifted = epoch
		}
		c.Updates = slices.Clone(c.Updates)
		for i := range c.Updates {
			c.Updates[i] = Update{Dependent: c.Updates[i].Dependent}
		}
		if c.Lease.ID != "" {
			c.Lease = Lease{ID: "lease-" + c.Name, Person: c.Lease.Person, Until: epoch.Add(far)}
		}
		normalEmergencies(c)
		r := &c.Rotation
		r.Number, r.Since, r.Attempts, r.NextTry, r.Failure, r.Verified = 1, time.Time{}, 0, time.Time{}, "", 0
		if c.Phase == Rotating {
			r.Deadline, r.Overdue = epoch.Add(far), false
		}
		if r.Touched || len(r.ShownTo) > 0 || r.Step == StepApplied || r.Step == StepVerified {
			r.Touched, r.Sending = r.Step == StepPending || r.Step == StepStaged, false
		}
	}
	proposals := s.ProposalsChanged()
	for i := range proposals { // there is one at the most
		p := &proposals[i]
		p.ID, p.Revision, p.OpenedAt, p.Expires, p.Reason = proposalID(int64(i)+2), 1, epoch, epoch.Add(far), note("why")
		p.Approvals = slices.Clone(p.Approvals)
		for i := range p.Approvals {
			p.Approvals[i].At = epoch
		}
		slices.SortFunc(p.Approvals, func(a, b Approval) int { return strings.Compare(a.Person, b.Person) })
	}
	return form{people, credentials, handovers, proposals, s.Policy()}
}

// form is a normal state, taken apart: most are known already, and nobody has to put
// them together again.
type form struct {
	people      []Person
	credentials []Credential
	handovers   []Handover
	proposals   []Proposal
	policy      PolicyInForce
}

func (f form) state() *State {
	n := NewState()
	n.Time = epoch
	n.Handovers = int64(len(f.handovers)) + 1
	n.Proposals = int64(len(f.proposals)) + 1
	n.RestorePolicy(f.policy)
	n.Size = 1 // of the policy: the rest leaves no trace here
	n.Restore(f.people, f.credentials, f.handovers)
	n.RestoreProposals(f.proposals)
	return n
}

// normalLeaving keeps what is still to be done about passwords, and that they were not
// told: what is done outside moves nothing else.
func normalLeaving(l Leaving) Leaving {
	if !l.Open() {
		return Leaving{}
	}
	open := []Item{}
	for _, i := range l.Items {
		if i.Kind == ItemCredential && i.Done.IsZero() {
			open = append(open, Item{Kind: i.Kind, Credential: i.Credential, Version: min(i.Version, 1)})
		}
	}
	return Leaving{Since: epoch, By: boss, Due: epoch.Add(far), Items: append(open, Item{Kind: ItemTold})}
}

func outline(h Handover) string {
	return fmt.Sprint(h.Credentials, h.From, h.To, h.Status, h.Leave)
}

// key writes down what the rules go by in a normal state. Of the reason of a
// rotation they only ask whether it is a return and, as long as it can be called
// off, whether it is the first one of all, or another that somebody asked for; and of
// a version whether the next one is higher.
func (f form) key() string {
	var b strings.Builder
	for _, p := range f.people {
		if p.Away {
			b.WriteString(p.Username + " is away; ")
		}
		if p.Disabled {
			fmt.Fprint(&b, p.Username, " has left, and of theirs is to be done: ", p.Leaving.Items, "; ")
		}
	}
	for _, c := range f.credentials {
		b.WriteString(c.Name + " of " + c.Primary + " and " + c.Backup + " " + string(c.Phase) + " " + c.Holder)
		if c.Arriving != "" {
			b.WriteString(" arriving")
		}
		if c.Abandoned {
			b.WriteString(" given up")
		}
		if c.Unattended {
			b.WriteString(" may be left alone")
		}
		if len(c.Leavers) > 0 {
			fmt.Fprint(&b, " for those who left: ", c.Leavers)
		}
		if r := c.Rotation; c.Phase == Rotating {
			b.WriteString(strings.Join([]string{string(r.Step), "for", r.Successor, "after a return:", strconv.FormatBool(r.Reason == ForReturn)}, " "))
			if c.Policy.LeaseSeconds == getsStuck.LeaseSeconds && !r.MayHaveReached() {
				fmt.Fprint(&b, " the first: ", r.Reason == ForOnboard, " asked for: ", r.Reason.askedFor())
			}
			fmt.Fprint(&b, " shown to ", r.ShownTo, " paused: ", r.Paused, " sending: ", r.Sending, " touched: ", r.Touched)
		}
		if c.Policy.MaxExposed > 0 {
			fmt.Fprintf(&b, " known to %v", c.Exposure)
		}
		b.WriteString(urgencyKey(c))
		fmt.Fprint(&b, " drifted: ", !c.Drifted.IsZero(), c.Updates, c.Policy)
		b.WriteString(" out to " + c.Lease.Person + " in " + c.Handover + "; ")
	}
	for _, h := range f.handovers {
		b.WriteString(h.ID + " " + outline(h) + "; ")
	}
	for _, p := range f.proposals {
		fmt.Fprint(&b, p.ID, p.Requester, p.Change, p.Approvals, "; ")
	}
	return b.String()
}

// deadlines gives, for each deadline of a normal state, what makes it pass.
func deadlines(n *State) (all []func(*State)) {
	for c := range n.Credentials() {
		if c.Lease.ID != "" {
			all = append(all, func(s *State) { s.editCredential(c.Name, func(c *Credential) { c.Lease.Until = s.Time }) })
		}
		if c.Phase == Rotating {
			all = append(all, func(s *State) { s.editCredential(c.Name, func(c *Credential) { c.Rotation.Deadline = s.Time }) })
		}
		all = append(all, urgencyDeadlines(c)...)
		if greatest := time.Duration(c.Policy.MaxAgeSeconds) * time.Second; c.Phase == Held && greatest > 0 {
			all = append(all, func(s *State) { s.editCredential(c.Name, func(c *Credential) { c.RotatedAt = s.Time.Add(-greatest) }) })
		}
	}
	for h := range n.OpenHandovers() {
		switch {
		case h.Status == Offered:
			all = append(all, func(s *State) { s.editHandover(h.ID, func(h *Handover) { h.Expires = s.Time }) })
		case h.Status == Accepted:
			all = append(all, func(s *State) { s.editHandover(h.ID, func(h *Handover) { h.ExpectedReturn = s.Time }) })
		}
	}
	for p := range n.People() {
		if p.Leaving.Open() {
			all = append(all, func(s *State) { s.editPerson(p.Username, func(p *Person) { p.Leaving.Due = s.Time }) })
		}
	}
	for p := range n.OpenProposals() {
		all = append(all, func(s *State) { s.editProposal(p.ID, func(p *Proposal) { p.Expires = s.Time }) })
	}
	return all
}
