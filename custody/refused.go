package custody

import "time"

// CommandRefused: a signed-in person tried what a rule forbids.
type CommandRefused struct {
	Command string `json:"command"`
	On      string `json:"on,omitzero"` // only what exists: nothing submitted is repeated
	Code    Code   `json:"code"`
	Rule    string `json:"rule,omitzero"`
}

var _ = fact(CommandRefused{})

func (CommandRefused) Type() string      { return "command.refused" }
func (f CommandRefused) Subject() string { return f.On }
func (CommandRefused) grade() Grade      { return Ordinary }

func (CommandRefused) by(*State, Event) Who { return Who{Anybody: true, EvenDisabled: true} }

// concerns has the name whatever it is called by: a refusal is looked for among
// what happened to a credential, and a handover's or a person's name is none's.
func (f CommandRefused) concerns(*State) Concerns {
	if f.On == "" {
		return Concerns{}
	}
	return aboutCredential(f.On)
}

func (CommandRefused) allowed(*State, Event) error { return nil }

func (f CommandRefused) apply(s *State, e Event) {
	if f.Code == TOTPInvalid {
		s.editPerson(e.Actor, func(p *Person) { p.WrongCodes++ })
	}
}

// Refused gives the events with which a refusal is entered, a lock-out after
// too many wrong codes included; none when it is not one to be entered.
func Refused(s *State, c Command, r *Refusal, now time.Time) []Event {
	actor, ok := s.Person(c.Actor)
	if !r.Recorded() || !ok {
		return nil
	}
	d := begin(s, c, now)
	d.actor = actor
	bare := c.Action.bare(s)
	d.happen(CommandRefused{Command: bare.Verb(), On: s.known(bare.Subject()), Code: r.Code, Rule: r.Rule})
	if r.Code == TOTPInvalid && actor.WrongCodes+1 >= d.policy.LockAfter {
		d.happen(PersonLocked{Person: actor.Username, Until: d.clock.Add(d.policy.Lockout(actor.Lockouts))})
	}
	d.events[0].Cause = d.cause(bare, r.looked)
	return d.events
}

// known gives a submitted name back only if something is or was called so: the
// ledger is no place for what strangers type.
func (s *State) known(name string) string {
	if _, ok := s.Credential(name); ok {
		return name
	}
	if s.offeredBefore(name) || s.proposedBefore(name) || s.urgedBefore(name) || s.raisedBefore(name) {
		return name
	}
	if _, ok := s.Person(name); ok {
		return name
	}
	for p := range s.OpenProposals() { // of whom, or what, somebody wants to add
		if p.Change.Subject() == name {
			return name
		}
	}
	return ""
}
