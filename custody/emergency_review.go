package custody

import "slices"

// Verdict is what somebody thinks of an emergency afterwards.
type Verdict string

// The verdicts.
const (
	Justified   Verdict = "justified"
	Unjustified Verdict = "unjustified"
)

// Verdicts are both of them.
var Verdicts = []Verdict{Justified, Unjustified}

// ReviewEmergency says what somebody thinks of an emergency that has ended.
type ReviewEmergency struct {
	Emergency string  `json:"emergency"`
	Verdict   Verdict `json:"verdict"`
	Text      Note    `json:"text"` // what they found
}

var _ = action(ReviewEmergency{})

func (ReviewEmergency) Verb() string      { return "review_emergency" }
func (a ReviewEmergency) Subject() string { return a.Emergency }
func (ReviewEmergency) givers() givers    { return people }

func (a ReviewEmergency) bare(s *State) Action {
	b := ReviewEmergency{Emergency: s.nameOr(a.Emergency), Text: absentNote}
	if slices.Contains(Verdicts, a.Verdict) {
		b.Verdict = a.Verdict
	}
	return b
}

func (a ReviewEmergency) decide(d *decision) error {
	of, e, err := d.emergency(a.Emergency, EmergencyOver)
	if err != nil {
		return err
	}
	if !d.state.mayReview(e, d.actor) {
		return refuseNotReviewer(e, d.state.Reviewers(e))
	}
	if !slices.Contains(Verdicts, a.Verdict) {
		return Invalid("verdict", "verdict")
	}
	if err := checkNote("text", a.Text); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range of {
		d.happen(EmergencyReviewed{Emergency: e.ID, Credential: c.Name, Verdict: a.Verdict, Text: a.Text})
	}
	return nil
}

// Reviewers gives who can review an emergency, by name.
func (s *State) Reviewers(e Emergency) (able []string) {
	for p := range s.People() {
		if p.CanConfirm() && s.mayReview(e, p) {
			able = append(able, p.Username)
		}
	}
	return able
}

// mayReview says whether somebody can look at an emergency: a manager, director or auditor
// who neither asked for it nor had it nor approved it. Where there is none, also who
// approved it.
func (s *State) mayReview(e Emergency, person Person) bool {
	looks := func(p Person) bool {
		had := []string{e.Requester, e.For}
		return !p.Disabled && p.SeesEverything() && !slices.Contains(had, p.Username) && s.another(p, had) == ""
	}
	var approved []string
	for _, a := range e.Approvals {
		approved = append(approved, a.Person)
	}
	apart := func(p Person) bool { return !slices.Contains(approved, p.Username) && s.another(p, approved) == "" }
	if !looks(person) || apart(person) {
		return looks(person)
	}
	for p := range s.People() {
		if p.Enrolled && looks(p) && apart(p) {
			return false
		}
	}
	return true
}

// EmergencyReviewed: somebody has looked at it.
type EmergencyReviewed struct {
	Emergency  string  `json:"emergency"`
	Credential string  `json:"credential"`
	Verdict    Verdict `json:"verdict"`
	Text       Note    `json:"text"`
}

var _ = fact(EmergencyReviewed{})

func (EmergencyReviewed) Type() string      { return "emergency.reviewed" }
func (f EmergencyReviewed) Subject() string { return f.Credential }
func (f EmergencyReviewed) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyReviewed) grade() Grade {
	if f.Verdict == Unjustified {
		return Serious
	}
	return Ordinary
}

func (EmergencyReviewed) by(*State, Event) Who {
	return byRole(Manager, Director, Auditor).confirmed()
}

func (f EmergencyReviewed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if actor, _ := s.Person(e.Actor); !slices.Contains(Verdicts, f.Verdict) || !s.mayReview(at, actor) {
		return e.violates("I10", "reviewed without a verdict, or by who had a part in it")
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyOver)
}

func (f EmergencyReviewed) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) {
		at.Status, at.ReviewedAt, at.Reviewer, at.Verdict, at.Review = EmergencyClosed, e.Time, e.Actor, f.Verdict, f.Text.bare()
	})
}

// EmergencyUnreviewed: nobody has looked at it in time. It keeps nobody from the next one.
type EmergencyUnreviewed struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
}

var _ = fact(EmergencyUnreviewed{})

func (EmergencyUnreviewed) Type() string         { return "emergency.unreviewed" }
func (f EmergencyUnreviewed) Subject() string    { return f.Credential }
func (EmergencyUnreviewed) grade() Grade         { return Serious }
func (EmergencyUnreviewed) by(*State, Event) Who { return bySystem() }
func (f EmergencyUnreviewed) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyUnreviewed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if at, _ := c.Emergency(f.Emergency); at.Overdue || e.Time.Before(at.ReviewBy) {
		return e.violates("I10", "overdue before its time, or twice")
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyOver)
}

func (f EmergencyUnreviewed) apply(s *State, _ Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) { at.Overdue = true })
}

func refuseNotReviewer(e Emergency, able []string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "not_reviewer", Args: Args{"emergency": e.ID, "people": able}}
}
