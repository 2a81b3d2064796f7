package custody

import "slices"

// Two people who act in one device may be one person with two accounts. A terminal that
// several share is common, so that nothing is refused for it: it is shown to whoever is
// about to approve, and an approval like that is serious.
//
// A device is known by a token that it keeps and that opens nothing. The ledger has a code
// made from it with a key of the secret store, once for each log-in, so that no row of the
// database says which device it was. Who uses another browser, or forgets what this one
// keeps, is in another device, as far as anybody can tell.

// inDevice gives the device in which somebody gives a command: that of the log-in by which
// it came. Where that is not said it is that of their newest, so that nothing goes unseen
// for being left out. "": it is not known.
func (s *State) inDevice(person, session string) (device string) {
	for _, o := range s.Sessions(person) {
		if device = o.In; o.Token == session {
			break
		}
	}
	return device
}

// KnowsDevice says whether somebody is logged in in a device, or was of late.
func (s *State) KnowsDevice(device string) bool {
	for _, all := range s.allSessions() {
		if slices.ContainsFunc(all, func(o Session) bool { return o.In == device && device != "" }) {
			return true
		}
	}
	return false
}

// mayBeIn is the law of it: a device of a log-in of theirs, and none that is known only
// where one of these has none, or they have no log-in.
func (s *State) mayBeIn(person, device string) bool {
	open := s.Sessions(person)
	if len(open) == 0 {
		return device == ""
	}
	return slices.ContainsFunc(open, func(o Session) bool { return o.In == device })
}

// within gives the device in which the actor gives the command, which is on record then.
func (d *decision) within() string {
	d.session = d.command.Session
	return d.state.inDevice(d.actor.Username, d.session)
}

// ActedIn gives who asked for a proposal, or approved it, in a device; by name.
func (p Proposal) ActedIn(device string) (people []string) {
	if device == "" {
		return nil
	}
	if slices.Contains(p.In, device) {
		people = append(people, p.Requester)
	}
	for _, a := range p.Approvals {
		if a.In == device {
			people = append(people, a.Person)
		}
	}
	return sortedNames(people)
}

// SameDevice gives who asked for an open proposal, or approved it, in the device of
// somebody's log-in, by the hex of its token's SHA-256: what they are shown before they
// approve it.
func (s *State) SameDevice(id, person, session string) []string {
	p, _ := s.Proposal(id)
	return s.besides(p, person, session)
}

// SameDeviceOf is SameDevice of an emergency.
func (s *State) SameDeviceOf(id, person, session string) []string {
	of := s.ofEmergency(id)
	if len(of) == 0 {
		return nil
	}
	e, _ := of[0].Emergency(id)
	return s.besides(e.asProposal(of), person, session)
}

func (s *State) besides(p Proposal, person, session string) []string {
	return without(p.ActedIn(s.inDevice(person, session)), func(name string) bool { return name == person })
}

// withinLaw is the law of an approval that says in which device it was given, and who else
// acted there.
func (s *State) withinLaw(e Event, p Proposal, device string, others []string) error {
	if !s.mayBeIn(e.Actor, device) {
		return e.violates("I10", "approved in a device in which the approver is not logged in")
	}
	here := map[string]bool{}
	for _, other := range others {
		here[other] = true
	}
	acted := func(person string, in bool) bool { return (in && device != "") == here[person] }
	if !sortedOnce(others) || !acted(p.Requester, slices.Contains(p.In, device)) {
		return e.violates("I10", "approved beside who asked for it, and that is not said; or said, and it is not so")
	}
	delete(here, p.Requester)
	for _, a := range p.Approvals {
		if !acted(a.Person, a.In == device) {
			return e.violates("I10", "approved beside who approved it, and that is not said; or said, and it is not so")
		}
		delete(here, a.Person)
	}
	if len(here) > 0 {
		return e.violates("I10", "approved beside somebody who has nothing to do with it")
	}
	return nil
}

// beside is the grade of an approval in a device in which others acted.
func beside(others []string) Grade {
	if len(others) > 0 {
		return Serious
	}
	return Ordinary
}
