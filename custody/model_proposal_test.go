package custody

import "slices"

// The part of the model in which the custodians of x change.

// triesOfProposals lists the commands of proposals, and of what can stand in their way:
// a password that somebody knows, one that is being changed, an offer, an absence.
func (m *model) triesOfProposals(s *State) []Command {
	var commands []Command
	add := adding(s, &commands)
	later := s.Time.Add(far)
	for _, who := range technicians {
		add(who, CheckOut{"x", note("ticket 1")}, CheckIn{"x"}, GoAway{Until: later, Reason: note("leave")}, ComeBack{},
			Offer{Credentials: []string{"x"}, Reason: note("leave"), ExpectedReturn: later})
		for h := range s.OpenHandovers() {
			add(who, Decline{h.ID, note("")})
		}
	}
	for _, primary := range technicians {
		for _, backup := range technicians {
			change := Change{pairOf("x", primary, backup)}
			add("c", Propose{change, note("why")})
			for p := range s.OpenProposals() {
				add("c", Revise{p.ID, change, note("why")})
			}
		}
	}
	add(boss, Propose{Change{pairOf("x", "a", "c")}, note("why")}, Propose{Change{pairOf("x", "b", "a")}, note("why")})
	for p := range s.OpenProposals() {
		digest := p.Digest()
		for _, who := range []string{"a", "c", boss, chief} {
			add(who, Approve{p.ID, digest}, Reject{p.ID, digest, note("no")}, Withdraw{p.ID})
		}
		add(chief, Approve{p.ID, "of another"})
	}
	add(System, m.servers[0])
	add(chief, pairOf("x", "a", "c"), Approve{"p-1", ""}, Approve{"p-999", ""}, Withdraw{proposalID(1)})
	c, _ := s.Credential("x")
	id := RotationID{Credential: "x", Number: c.Rotation.Number}
	add(System, ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: c.Version > 0}, ReportPromoted{id, c.Version + 1})
	return commands
}

// proposalAllows is policyAllows of proposals: who asks, who decides, and what a
// credential must be like for its custodians to change.
func proposalAllows(s *State, me Person, a Action) (allowed, known bool) {
	here := func(name string) bool { p, ok := s.Person(name); return ok && !p.Away && !p.Disabled }
	gone := func(name string) bool { p, _ := s.Person(name); return p.Disabled }
	possible := func(c Change) bool {
		x, known := s.Credential(c.Subject())
		active := known && x.Phase != Retired
		var to SetCustodians
		switch a := c.Proposable.(type) {
		case Park:
			return active && (x.Primary == "" || x.Backup == "") && !x.Unattended
		case Retire:
			return (x.Phase == Held || x.Phase == Parked) && x.Handover == ""
		case Abandon:
			h, _ := s.Handover(x.Handover)
			return x.Phase == Rotating && (x.Handover == "" || h.Status == Returned)
		case ChangePolicy:
			return active
		case AddCredential:
			again := x.Phase == Retired && slices.Equal(x.Target.Identities, a.Target.Identities)
			for other := range s.Credentials() {
				if other.Phase != Retired && slices.Equal(other.Target.Identities, a.Target.Identities) {
					return false
				}
			}
			return (!known || again) && !gone(a.Primary) && !gone(a.Backup) && (here(a.Primary) || here(a.Backup))
		case SetCustodians:
			to = a
		}
		technician := func(name string) bool { return slices.Contains(technicians, name) }
		if !technician(to.Primary) || !technician(to.Backup) {
			return false
		}
		return (x.Phase == Held || x.Phase == Rotating || x.Phase == Parked) && !gone(to.Primary) && !gone(to.Backup) && to.Primary != to.Backup && (here(to.Primary) || here(to.Backup)) &&
			(to.Primary != x.Primary || to.Backup != x.Backup)
	}
	// In this office one person is of each level, and no custodian is.
	levels := map[string]Role{boss: Manager, chief: Director}
	open := func(id string) (Proposal, bool) { p, ok := s.Proposal(id); return p, ok && p.Status == Open }
	mayDecide := func(id, digest string) bool {
		p, ok := open(id)
		_, level := levels[me.Username]
		already := slices.ContainsFunc(p.Approvals, func(a Approval) bool { return a.Person == me.Username })
		return ok && level && !already && p.Requester != me.Username && digest == p.Digest()
	}
	switch a := a.(type) {
	case Propose:
		for range s.OpenProposals() {
			return false, true
		}
		_, needed := levels[me.Username]
		return possible(a.Change) && (!needed || s.Policy().Values.Approvals == ApprovedByNone), true
	case Take:
		x, _ := s.Credential(a.Credential)
		free := x.Phase == Parked || x.Phase == Rotating && x.Rotation.Successor == ""
		return free && x.HasCustodian(me.Username) && here(me.Username) && !slices.Contains(x.Unreachable, me.Username), true
	case Disable:
		p, ok := s.Person(a.Person)
		return ok && !p.Disabled && me.Username != a.Person && (me.Is(Admin) || me.Is(Manager) || me.Is(Director)), true
	case Park, Retire, Abandon, AddCredential:
		return false, true
	case Revise:
		p, ok := open(a.Proposal)
		return ok && p.Requester == me.Username && possible(a.Change), true
	case Approve:
		return mayDecide(a.Proposal, a.Digest), true
	case Reject:
		return mayDecide(a.Proposal, a.Digest), true
	case Withdraw:
		p, ok := open(a.Proposal)
		return ok && p.Requester == me.Username, true
	case SetCustodians:
		return false, true
	}
	return false, false
}

// newPair looks at custodians that changed: after a proposal of just these that one
// had approved already, and so that nobody who went out knows what counts.
func newPair(before *State, was, is Credential) (complaints []string) {
	proposed := before.Policy().Values.Approvals == ApprovedByNone || is.SeatVacant() // of that, leftWith
	for p := range before.OpenProposals() {
		to := p.Change.Proposable.(SetCustodians)
		proposed = proposed || to.Primary == is.Primary && to.Backup == is.Backup && len(p.Approvals) == 1
	}
	if !proposed {
		complaints = append(complaints, is.Name+" has other custodians, and nobody had approved these")
	}
	knows := func(name string) bool { return name == was.Holder || slices.Contains(was.Exposure, name) }
	for _, out := range []string{was.Primary, was.Backup} {
		if out != "" && !is.HasCustodian(out) && knows(out) && is.Phase != Rotating {
			complaints = append(complaints, out+" went out, knows "+is.Name+", and it is not being changed")
		}
	}
	return complaints
}
