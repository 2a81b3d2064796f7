package custody

import "slices"

// What somebody may know. Whatever shows anything to a person goes through what is here:
// purposes, reasons, e-mail addresses, where an account is, second accounts and who knows
// a password are for the custodians and parties concerned, and for managers, directors and
// auditors. Admins run the system, and are none of them.

// Sight is how much somebody sees of something. The zero value is nothing.
type Sight int

// How much that can be.
const (
	SeesNothing Sight = iota
	SeesFrame         // that it is there, and how it stands
	SeesAll
)

// SeesEverything says whether a person sees all that there is, the whole ledger with it.
func (p Person) SeesEverything() bool { return p.Is(Manager) || p.Is(Director) || p.Is(Auditor) }

// sees is what there is to see of something for somebody whom it concerns or not.
func (p Person) sees(concerned bool, of Sight) Sight {
	if concerned || p.SeesEverything() {
		return SeesAll
	}
	return of
}

// SightOfCredential is all for its custodians and its holder, and the frame for everybody
// else.
func (p Person) SightOfCredential(c Credential) Sight {
	return p.sees(c.MayHold(p.Username) || p.is(c.Holder), SeesFrame)
}

// SightOfHandover is all for its parties, the frame for who runs the system, and nothing
// for other technicians.
func (p Person) SightOfHandover(h Handover) Sight {
	return p.sees(p.is(h.From) || p.is(h.To), p.runs())
}

// SightOfProposal is all for who asked and whom it is about, and for who decides about it,
// or has decided; charges are the credentials that the person is a custodian of.
func (p Person) SightOfProposal(asked Proposal, charges []string, decides bool) Sight {
	concerned := decides || p.is(asked.Requester) || p.is(asked.EndedBy) || slices.ContainsFunc(asked.Approvals, func(a Approval) bool { return p.is(a.Person) })
	switch about := asked.Change.subject(); {
	case asked.Change.Noticed(): // whoever may say no knows to what
		concerned = true
	case asked.Change.OfPerson():
		concerned = concerned || p.is(about)
	default:
		concerned = concerned || slices.Contains(charges, about)
	}
	return p.sees(concerned, p.runs())
}

// runs is what is for who runs the system, and not for technicians.
func (p Person) runs() Sight {
	if p.Is(Admin) {
		return SeesFrame
	}
	return SeesNothing
}

// is says whether a username, which may be nobody's, is the person's.
func (p Person) is(username string) bool { return username != "" && username == p.Username }

// KnownTo gives what somebody sees of a credential: a technician whom it does not concern
// its name, custodians and for whom one of them stands in, holder and phase; an admin also its policy and how a change of the
// password goes on.
func (c Credential) KnownTo(viewer Person) Credential {
	if viewer.SightOfCredential(c) == SeesAll {
		return c
	}
	known := Credential{Name: c.Name, Primary: c.Primary, Backup: c.Backup, Substitute: c.Substitute, Phase: c.Phase, Holder: c.Holder}
	known.Rotation.Successor = c.Rotation.Successor
	if viewer.Is(Admin) {
		known.Policy, known.Reconciles, known.Abandoned = c.Policy, c.Reconciles, c.Abandoned
		known.Version, known.RotatedAt, known.Drifted, known.Updates = c.Version, c.RotatedAt, c.Drifted, c.Updates
		known.Rotation, known.Handover, known.Target.Kind = c.Rotation, c.Handover, c.Target.Kind
		known.Retargeted, known.Unconfirmed = c.Retargeted, c.Unconfirmed
		known.Rotation.ShownTo, known.Rotation.Touched = nil, c.Rotation.MayHaveReached()
	}
	return known
}

// KnownTo gives what somebody sees of a handover; false where that is nothing.
func (h Handover) KnownTo(viewer Person) (Handover, bool) {
	sight := viewer.SightOfHandover(h)
	if sight != SeesAll {
		h.Reason = Note{}
	}
	return h, sight != SeesNothing
}

// KnownTo gives what somebody sees of a person; partners are those with whom the viewer
// shares a credential, who are told why somebody is away.
func (p Person) KnownTo(viewer Person, partners []string) Person {
	own := viewer.SeesEverything() || viewer.is(p.Username)
	if !own {
		p.Email = Note{}
	}
	if !own && !viewer.EndsAccess() && !slices.Contains(partners, p.Username) {
		p.Departure = Departure{}
	}
	if !own && !slices.Contains(partners, p.Username) {
		p.AwayReason = Note{}
		p.Plans = plansKnownTo(viewer, p.Plans)
	}
	return p
}

// plansKnownTo gives what somebody sees of the plans of a person with whom they share
// nothing: who runs the system when they are away, others nothing.
func plansKnownTo(viewer Person, plans []Plan) (known []Plan) {
	if viewer.runs() == SeesNothing {
		return nil
	}
	for _, plan := range plans {
		plan.Reason, plan.Swap = Note{}, Swap{}
		known = append(known, plan)
	}
	return known
}

// KnownTo gives what somebody sees of a proposal; false where that is nothing.
func (p Proposal) KnownTo(viewer Person, charges []string, decides bool) (Proposal, bool) {
	sight := viewer.SightOfProposal(p, charges, decides)
	if sight != SeesAll {
		p.Reason, p.Change = Note{}, p.Change.bareOfTexts()
	}
	return p, sight != SeesNothing
}

// RefuseUnknown refuses somebody what is not theirs to know.
func RefuseUnknown() *Refusal {
	return &Refusal{Code: Forbidden, Rule: "4.4", Key: "need_to_know"}
}

// SightOfEmergency is all for who asked, whom it is for, whose custody it is about and who
// has approved it; the frame for who runs the system; nothing for other technicians.
func (p Person) SightOfEmergency(e Emergency, of []Credential) Sight {
	concerned := p.is(e.Requester) || p.is(e.For) || slices.Contains(e.Absent, p.Username) ||
		slices.ContainsFunc(of, func(c Credential) bool { return c.HasCustodian(p.Username) })
	return p.sees(concerned, p.runs())
}

// SightOfIncident is all for who reported it, whom it concerns and who decides about it; of
// a report only that it is there, for whom it is about; the frame for who runs the system.
func (p Person) SightOfIncident(i Incident, decides bool) Sight {
	about := slices.Contains(i.People, p.Username)
	frame := p.runs()
	if about {
		frame = SeesFrame
	}
	return p.sees(decides || p.is(i.Reporter) || about && i.Reporter == "", frame)
}

// KnownTo gives what somebody sees of an incident; false where that is nothing. Whom a
// report is about does not see from whom it came.
func (i Incident) KnownTo(viewer Person, decides bool) (Incident, bool) {
	sight := viewer.SightOfIncident(i, decides)
	if sight != SeesAll {
		i.Report, i.Assessment, i.Closing = Note{}, Note{}, Note{}
		if i.Reporter != "" && slices.Contains(i.People, viewer.Username) {
			i.Reporter, i.People = "", []string{viewer.Username}
		}
	}
	return i, sight != SeesNothing
}
