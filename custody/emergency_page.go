package custody

import (
	"slices"
	"time"
)

// Where the policy of a credential allows it, an emergency of its other custodian is
// granted when nobody answers. Nobody can have kept silent who was not asked: it begins
// when messages reached the holder and somebody who can approve, each by two different
// channels. One channel that fails, or that whoever asks controls, is not enough.

// Paged is a message about an emergency that a channel has taken for somebody.
type Paged struct {
	Person  string    `json:"person"`
	Channel string    `json:"channel"` // "email", or that of a group
	At      time.Time `json:"at"`
}

// ReportPaged says that a channel has taken a message about an emergency for somebody. It
// is believed, as what a target answers is.
type ReportPaged struct {
	Emergency string `json:"emergency"`
	Person    string `json:"person"`
	Channel   string `json:"channel"`
}

var _ = action(ReportPaged{})

func (ReportPaged) Verb() string         { return "report_paged" }
func (a ReportPaged) Subject() string    { return a.Emergency }
func (ReportPaged) givers() givers       { return theSystem }
func (a ReportPaged) bare(*State) Action { return a }

// decide says nothing of one that does not wait any more, and nothing twice.
func (a ReportPaged) decide(d *decision) error {
	if err := checkName("channel", a.Channel); err != nil {
		return err
	}
	if _, known := d.state.Person(a.Person); !known {
		return refuseNotFound(aPerson)
	}
	for _, c := range d.state.ofEmergency(a.Emergency) {
		if e, _ := c.Emergency(a.Emergency); e.Status == EmergencyPending && !e.reached(a.Person, a.Channel) {
			d.happen(EmergencyPaged{Emergency: e.ID, Credential: c.Name, Person: a.Person, Channel: a.Channel})
		}
	}
	return nil
}

// reached says whether a message got to somebody by a channel.
func (e Emergency) reached(person, channel string) bool {
	return slices.ContainsFunc(e.Paged, func(p Paged) bool { return p.Person == person && p.Channel == channel })
}

// surely says whether messages got to somebody by two different channels.
func (e Emergency) surely(person string) bool {
	n := 0
	for _, p := range e.Paged { // each channel is named once
		if p.Person == person {
			n++
		}
	}
	return n >= 2
}

// ByChannels says whether messages about it got to somebody by as many channels as silence
// takes.
func (e Emergency) ByChannels(person string) bool { return e.surely(person) }

// silent says whether nobody has answered for long enough, and the emergency still waits:
// one that a server that stood still has slept through is not granted when it wakes.
func (e Emergency) silent(now time.Time) bool {
	return !e.Silence.IsZero() && !now.Before(e.Silence) && now.Before(e.Expires)
}

// MayBeSilent says whether silence could ever grant an emergency of a credential.
func (c Credential) MayBeSilent(e Emergency) bool {
	return c.Policy.Silence && e.Custodian && e.Requester == e.For && len(e.Needs) > 0 && !e.Answered
}

// keptSilent says whether everybody whose silence counts has been asked.
func (s *State) keptSilent(c Credential, e Emergency) bool {
	if !c.MayBeSilent(e) || !e.surely(e.Holder) {
		return false
	}
	return slices.ContainsFunc(s.everyApprover(s.askedAs(e)), e.surely)
}

// everyApprover gives who can approve something at any level that is missing, by name.
func (s *State) everyApprover(p Proposal) []string {
	var all []string
	for _, people := range s.Approvers(p) {
		all = append(all, people...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// EmergencyPaged: a message about it reached somebody, as far as its channel can say.
type EmergencyPaged struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
	Person     string `json:"person"`
	Channel    string `json:"channel"`
}

var _ = fact(EmergencyPaged{})

func (EmergencyPaged) Type() string         { return "emergency.paged" }
func (f EmergencyPaged) Subject() string    { return f.Credential }
func (EmergencyPaged) grade() Grade         { return Ordinary }
func (EmergencyPaged) by(*State, Event) Who { return bySystem() }
func (f EmergencyPaged) concerns(s *State) Concerns {
	about := s.aboutEmergency(f.Credential, f.Emergency)
	if !slices.Contains(about.People, f.Person) {
		about.People = append(about.People, f.Person)
	}
	return about
}

func (f EmergencyPaged) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if _, known := s.Person(f.Person); !known || at.reached(f.Person, f.Channel) || checkName("channel", f.Channel) != nil {
		return e.violates("I10", "nobody was told, or was told before")
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending)
}

func (f EmergencyPaged) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) {
		at.Paged = append(slices.Clone(at.Paged), Paged{Person: f.Person, Channel: f.Channel, At: e.Time})
	})
	c, _ := s.Credential(f.Credential)
	if at, _ := c.Emergency(f.Emergency); at.Silence.IsZero() && s.keptSilent(c, at) {
		if until := e.Time.Add(s.Policy().Values.SilenceAfter); until.Before(at.Expires) {
			s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) { at.Silence = until })
			s.expect(until)
		}
	}
}
