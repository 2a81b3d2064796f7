package custody

import (
	"slices"
	"time"
)

// Substitute is somebody who has one of the two seats of a credential until a date, and
// whose seat it is again then. The zero value is nobody.
type Substitute struct {
	Person   string    `json:"person,omitzero"`
	Original string    `json:"original,omitzero"` // whose seat it is again
	Until    time.Time `json:"until,omitzero"`    // from when
	Near     bool      `json:"near,omitzero"`     // it is on record that less than a day is left
	Stays    Code      `json:"stays,omitzero"`    // why the seat stayed with them; "": it did not, or not yet
}

const (
	substituteNear = 24 * time.Hour // how long before it ends those concerned are told once more
	maxSubstitute  = maxAbsent      // for how long somebody can stand in: as long as anybody can be away
)

// In says that somebody stands in.
func (sub Substitute) In() bool { return sub.Person != "" }

// ends says that the seat is to be given back, and has not been.
func (sub Substitute) ends() bool { return sub.In() && sub.Stays == "" }

// nears says that less than a day is left, and that this is not on record.
func (sub Substitute) nears(now time.Time) bool {
	return sub.ends() && !sub.Near && !now.Before(sub.Until.Add(-substituteNear)) && now.Before(sub.Until)
}

// seatEnds says that the date of a substitute has come. An emergency is waited for: it
// ends by itself, within a day.
func (c Credential) seatEnds(now time.Time) bool {
	_, on := c.InEmergency()
	return c.Substitute.ends() && !now.Before(c.Substitute.Until) && !on
}

// expectSubstitute notes when time will act on a substitute's date.
func (s *State) expectSubstitute(c Credential) {
	if _, on := c.InEmergency(); on || !c.Substitute.ends() {
		return
	}
	if !c.Substitute.Near {
		s.expect(c.Substitute.Until.Add(-substituteNear))
	}
	s.expect(c.Substitute.Until)
}

// substitution gives who stands in for whom if a credential gets these custodians until a
// date: one comes in, for one who goes out, or for whom that one stood in for; or the two
// stay, and the date is another.
func (c Credential) substitution(a SetCustodians) (Substitute, *Refusal) {
	was, to := c.Substitute, Substitute{Until: a.Until}
	in := without([]string{a.Primary, a.Backup}, c.HasCustodian)
	out := without([]string{c.Primary, c.Backup}, a.names)
	switch {
	case len(in) == 0 && !was.In():
		return to, refuseSameCustodians(c)
	case len(in) == 0:
		to.Person, to.Original = was.Person, was.Original
	case len(in) == 2:
		return to, Invalid("until", "one_seat")
	case was.In() && out[0] != was.Person:
		return to, refuseSubstituteAlready(c)
	case was.In():
		to.Person, to.Original = in[0], was.Original
	default:
		to.Person, to.Original = in[0], out[0]
	}
	if to.Original == "" || a.names(to.Original) {
		return to, Invalid("until", "nobody_returns")
	}
	return to, nil
}

// substituteAfter is that of any change: one without a date leaves who stands in where
// they are, if it is about the other seat.
func (c Credential) substituteAfter(a SetCustodians) Substitute {
	if !a.Until.IsZero() {
		to, _ := c.substitution(a)
		return to
	}
	was := c.Substitute
	if a.Primary == c.Primary && a.Backup == c.Backup || !a.names(was.Person) || a.names(was.Original) {
		return Substitute{}
	}
	return was
}

// standsIn refuses a substitute whose date is none, or would meet what is known of the
// absence of whose seat it is again.
func (d *decision) standsIn(c Credential, a SetCustodians) error {
	if a.Until.IsZero() {
		return nil
	}
	if err := d.checkFuture("until", a.Until); err != nil {
		return err
	}
	if a.Until.Sub(d.now) > maxSubstitute {
		return Invalid("until", "too_long_away")
	}
	sub, refused := c.substitution(a)
	if refused != nil {
		return refused
	}
	if original, _ := d.state.Person(sub.Original); original.Disabled || !original.Is(Technician) {
		return Invalid("until", "nobody_returns")
	}
	for _, away := range d.state.Absences(sub.Original) {
		if !a.Until.Before(away.From) && a.Until.Before(away.Until) {
			return refuseOriginalAway(c, sub, away)
		}
	}
	return nil
}

// keepsOut says why the seat of a substitute cannot be given back now; "": it can. The
// other custodian may be away: then whose seat it is has to be there anyway.
func (s *State) keepsOut(c Credential, now time.Time) Code {
	sub := c.Substitute
	original, _ := s.Person(sub.Original)
	planned := func(a Absence) bool { return a.Plan != "" && !now.Before(a.From) && now.Before(a.Until) }
	_, clashes := s.bothAway(sub.Original, c.Other(sub.Person))
	switch {
	case original.Disabled || !original.Is(Technician) || original.Departure.Due(now):
		return NotEligible
	case !original.Present() || slices.ContainsFunc(s.Absences(sub.Original), planned):
		return CounterpartAway
	case clashes:
		return AbsenceOverlap
	}
	return ""
}

// letSeatsEnd gives the seats back whose date has come, or says of each why it stays; false
// where there is none.
func (d *decision) letSeatsEnd() (some bool) {
	for c := range d.state.Credentials() {
		if !c.seatEnds(d.now) {
			continue
		}
		some = true
		sub := c.Substitute
		if why := d.state.keepsOut(c, d.now); why != "" {
			d.happen(SubstituteStays{Credential: c.Name, Person: sub.Person, Original: sub.Original, Why: why})
			continue
		}
		to := d.seats(c, c.withOriginal())
		d.happen(SeatGivenBack{
			Credential: c.Name, Person: sub.Original, From: sub.Person, Successor: to.successor, Deadline: to.deadline, Handover: to.handover,
		})
	}
	return some
}

// withOriginal gives the pair with whose seat it is again in the place of who stands in.
func (c Credential) withOriginal() SetCustodians {
	a := SetCustodians{Credential: c.Name, Primary: c.Primary, Backup: c.Backup}
	if a.Primary == c.Substitute.Person {
		a.Primary = c.Substitute.Original
	} else {
		a.Backup = c.Substitute.Original
	}
	return a
}

// SubstituteNear: somebody's seat is another's again within a day.
type SubstituteNear struct {
	Credential string    `json:"credential"`
	Person     string    `json:"person"`
	Original   string    `json:"original"` // whose it is again
	Until      time.Time `json:"until"`
}

var _ = fact(SubstituteNear{})

func (SubstituteNear) Type() string      { return "credential.substitute_near" }
func (f SubstituteNear) Subject() string { return f.Credential }
func (f SubstituteNear) concerns(s *State) Concerns {
	return s.aboutCustodians(f.Credential).andPerson(f.Original)
}
func (SubstituteNear) grade() Grade         { return Ordinary }
func (SubstituteNear) by(*State, Event) Who { return bySystem() }

func (f SubstituteNear) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	sub := c.Substitute
	if !sub.nears(e.Time) || f.Person != sub.Person || f.Original != sub.Original || !f.Until.Equal(sub.Until) {
		return e.violates("I12", "near before its time, twice, or of somebody else")
	}
	return nil
}

func (f SubstituteNear) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Substitute.Near = true })
}

// SeatGivenBack: the date of a substitute has come, and the seat is whose it was. Where
// the substitute held the password or knows it, nobody holds it until it is changed.
type SeatGivenBack struct {
	Credential string    `json:"credential"`
	Person     string    `json:"person"`             // whose seat it is again
	From       string    `json:"from"`               // who stood in
	Successor  string    `json:"successor,omitzero"` // of the rotation that this begins, or that is under way; "": there is none
	Deadline   time.Time `json:"deadline,omitzero"`  // for the one that this begins
	Handover   string    `json:"handover,omitzero"`  // that goes on without it
}

var _ = fact(SeatGivenBack{})

func (SeatGivenBack) Type() string      { return "credential.seat_given_back" }
func (f SeatGivenBack) Subject() string { return f.Credential }
func (f SeatGivenBack) concerns(s *State) Concerns {
	return s.aboutCustodians(f.Credential).andPerson(f.Person).andPerson(f.From).andHandover(f.Handover)
}
func (SeatGivenBack) grade() Grade         { return Ordinary }
func (SeatGivenBack) by(*State, Event) Who { return bySystem() }

func (f SeatGivenBack) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	sub := c.Substitute
	if !c.seatEnds(e.Time) || f.Person != sub.Original || f.From != sub.Person {
		return e.violates("I12", "given back before its date, by who does not stand in, or to somebody else")
	}
	original, _ := s.Person(f.Person)
	if original.Disabled || !original.Is(Technician) || !original.Present() {
		return e.violates("I12", "given back to who is away, has left, or is no technician")
	}
	return s.seatedAs(e, c, c.withOriginal(), seating{f.Successor, f.Deadline, f.Handover})
}

func (f SeatGivenBack) apply(s *State, e Event) {
	c, _ := s.Credential(f.Credential)
	s.seat(c.withOriginal(), Substitute{}, seating{f.Successor, f.Deadline, f.Handover}, e.Time)
}

// SubstituteStays: the date of a substitute has come, and whose seat it was cannot have it
// back. It stays where it is until a proposal says otherwise: being back moves no custody.
type SubstituteStays struct {
	Credential string `json:"credential"`
	Person     string `json:"person"`   // with whom the seat stays
	Original   string `json:"original"` // whose it was to be
	Why        Code   `json:"why"`      // not_eligible, counterpart_away or absence_overlap
}

var _ = fact(SubstituteStays{})

func (SubstituteStays) Type() string      { return "credential.substitute_stays" }
func (f SubstituteStays) Subject() string { return f.Credential }
func (f SubstituteStays) concerns(s *State) Concerns {
	return s.aboutCustodians(f.Credential).andPerson(f.Original)
}
func (SubstituteStays) grade() Grade         { return Serious }
func (SubstituteStays) by(*State, Event) Who { return bySystem() }

func (f SubstituteStays) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	sub := c.Substitute
	if !c.seatEnds(e.Time) || f.Person != sub.Person || f.Original != sub.Original || f.Why == "" || f.Why != s.keepsOut(c, e.Time) {
		return e.violates("I12", "said to stay before its date, or though nothing keeps it")
	}
	return nil
}

func (f SubstituteStays) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) { c.Substitute.Stays = f.Why })
}

// checkSubstitute holds I12 of who stands in: they have the seat, and whose it is again has
// none.
func (s *State) checkSubstitute(c Credential) error {
	sub := c.Substitute
	if _, known := s.Person(sub.Original); sub.In() && (!known || !c.HasCustodian(sub.Person) || c.HasCustodian(sub.Original)) || !sub.In() && sub != (Substitute{}) {
		return &Violation{Invariant: "I12", Subject: c.Name, Detail: sub.Person + " stands in for " + sub.Original + ", who has a seat, or without one"}
	}
	return nil
}

func refuseSubstituteAlready(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Field: "until", Key: "substitute_already", Args: Args{
		"credential": c.Name, "person": c.Substitute.Person, "original": c.Substitute.Original, "until": Planned{c.Substitute.Until},
	}}
}

func refuseOriginalAway(c Credential, sub Substitute, a Absence) *Refusal {
	return &Refusal{Code: AbsenceOverlap, Rule: "4.3", Field: "until", Key: "original_away", Args: Args{
		"credential": c.Name, "person": sub.Original, "until": Planned{sub.Until}, "from": Planned{a.From}, "back": Planned{a.Until},
	}}
}
