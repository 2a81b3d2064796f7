package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Whoever opened an envelope knows the password: in earnest, when Tandem was down, or in a
// drill, which shows that two of the keys still open one. It is changed in both cases.

// sortedPair says whether two names are two people's, in order.
func sortedPair(by [2]string) bool { return by[0] != "" && by[0] < by[1] }

// ReportOpened says afterwards that two keyholders opened an envelope.
type ReportOpened struct {
	Credential string    `json:"credential"`
	By         [2]string `json:"by"` // by username, sorted
	Reason     Note      `json:"reason"`
}

var _ = action(ReportOpened{})

func (ReportOpened) Verb() string      { return "envelope_opened" }
func (a ReportOpened) Subject() string { return a.Credential }
func (ReportOpened) givers() givers    { return people }

func (a ReportOpened) bare(s *State) Action {
	return ReportOpened{s.nameOr(a.Credential), barePair(s, a.By), absentNote}
}

// barePair keeps the names of who exists. Two that do not are two.
func barePair(s *State, by [2]string) [2]string {
	if !sortedPair(by) {
		return [2]string{}
	}
	by = [2]string{s.nameOr(by[0]), s.nameOr(by[1])}
	if by[0] == by[1] {
		by[1] += "-other"
	}
	slices.Sort(by[:])
	return by
}

func (a ReportOpened) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !sortedPair(a.By):
		return Invalid("by", "two_keyholders")
	case !c.Active():
		return refuseInactive(c)
	case !slices.Contains(a.By[:], d.actor.Username) && !d.actor.approves():
		return refuseNotOpener(a.By)
	case !c.openableBy(a.By):
		return refuseNotTheirEnvelope(c)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	f := EnvelopeOpened{Credential: c.Name, By: a.By, Reason: a.Reason}
	if c.AtRest() {
		f.Deadline = d.deadline()
	}
	d.happen(f)
	return nil
}

// openableBy says whether two are keyholders of any envelope with the password that counts.
// A file that was replaced still opens.
func (c Credential) openableBy(by [2]string) bool {
	e := c.Envelope
	return e.Version == c.Version && c.Version > 0 && slices.Contains(e.Readers, by[0]) && slices.Contains(e.Readers, by[1])
}

// EnvelopeOpened: two keyholders opened an envelope in earnest, and know the password. It
// is being changed.
type EnvelopeOpened struct {
	Credential string    `json:"credential"`
	By         [2]string `json:"by"`
	Reason     Note      `json:"reason"`
	Deadline   time.Time `json:"deadline,omitzero"` // of the rotation that this begins; zero: one is under way
}

var _ = fact(EnvelopeOpened{})

func (EnvelopeOpened) Type() string      { return "envelope.opened" }
func (f EnvelopeOpened) Subject() string { return f.Credential }
func (EnvelopeOpened) grade() Grade      { return Serious }

func (f EnvelopeOpened) by(*State, Event) Who {
	return Who{People: f.By[:], Roles: []Role{Manager, Director}}.confirmed()
}

func (f EnvelopeOpened) concerns(*State) Concerns {
	return Concerns{Credentials: []string{f.Credential}, People: slices.Clone(f.By[:])}
}

func (f EnvelopeOpened) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	switch {
	case !c.Active() || !sortedPair(f.By) || !c.openableBy(f.By):
		return e.violates("I5", "opened by whose it was not, or what does not count")
	case f.Deadline.IsZero() == c.AtRest():
		return e.violates("I4", "opened, and not changed")
	}
	return nil
}

func (f EnvelopeOpened) apply(s *State, e Event) { s.opens(f.Credential, f.By, f.Deadline, e) }

// opens notes that two know a password, and has it changed: at once where a deadline is
// given, otherwise by the rotation that is under way.
func (s *State) opens(credential string, by [2]string, deadline time.Time, e Event) {
	s.editCredential(credential, func(c *Credential) {
		for _, name := range by {
			c.Exposure = with(c.Exposure, name)
		}
		switch {
		case c.Phase == Rotating:
			c.Rotation.needed(ForExposure)
		case !deadline.IsZero():
			c.startRotation(ForExposure, c.Holder, e.Time, deadline)
			s.expectRotation(*c)
		}
	})
}

// DrillEnvelope says that two keyholders opened an envelope to see whether they can. The
// token that was inside proves it; the password does not travel.
type DrillEnvelope struct {
	Credential string    `json:"credential"`
	By         [2]string `json:"by"`
	Proof      string    `json:"proof"` // the token, which opens nothing and is worth nothing once used
}

var _ = action(DrillEnvelope{})

func (DrillEnvelope) Verb() string      { return "envelope_drill" }
func (a DrillEnvelope) Subject() string { return a.Credential }
func (DrillEnvelope) givers() givers    { return people }

// bare keeps no token. It is looked at behind the code, so that a refused one is refused
// without it.
func (a DrillEnvelope) bare(s *State) Action {
	return DrillEnvelope{Credential: s.nameOr(a.Credential), By: barePair(s, a.By)}
}

// proves says whether a token is the one in a credential's last envelope.
func (c Credential) proves(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return c.Envelope.Sealed.Proof != "" && hex.EncodeToString(sum[:]) == c.Envelope.Sealed.Proof
}

func (a DrillEnvelope) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !sortedPair(a.By):
		return Invalid("by", "two_keyholders")
	case !slices.Contains(a.By[:], d.actor.Username):
		return refuseNotDriller(a.By)
	case c.Phase == Rotating:
		return refuseRotating(c)
	case !c.Active():
		return refuseInactive(c)
	case !d.state.drillableBy(c, a.By):
		return refuseNotTheirEnvelope(c)
	case c.Envelope.Drill != Drill{}:
		return refuseDrillUnderWay(c)
	}
	if err := c.reached(); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	if !c.proves(a.Proof) {
		return Invalid("proof", "proof")
	}
	d.happen(EnvelopeDrillBegun(a))
	return nil
}

// drillableBy says whether two who are keyholders now are those of the last envelope, and
// it has the password that counts.
func (s *State) drillableBy(c Credential, by [2]string) bool {
	able, sealed := s.ableKeyholders(), c.Envelope.Sealed
	for _, name := range by {
		if !slices.Contains(able, name) || !slices.Contains(sealed.Keyholders, name) {
			return false
		}
	}
	return c.Version > 0 && sealed.Version == c.Version
}

// EnvelopeDrillBegun: two keyholders have opened an envelope in a drill. Whether its
// password still opens the account is tried next.
type EnvelopeDrillBegun struct {
	Credential string    `json:"credential"`
	By         [2]string `json:"by"`
	Proof      string    `json:"proof"` // the token that was inside
}

var _ = fact(EnvelopeDrillBegun{})

func (EnvelopeDrillBegun) Type() string           { return "envelope.drill_begun" }
func (f EnvelopeDrillBegun) Subject() string      { return f.Credential }
func (EnvelopeDrillBegun) grade() Grade           { return Ordinary }
func (f EnvelopeDrillBegun) by(*State, Event) Who { return byPerson(f.By[:]...).confirmed() }
func (f EnvelopeDrillBegun) concerns(*State) Concerns {
	return EnvelopeOpened{Credential: f.Credential, By: f.By}.concerns(nil)
}

func (f EnvelopeDrillBegun) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	switch {
	case !c.AtRest() || !sortedPair(f.By) || !s.drillableBy(c, f.By) || c.reached() != nil:
		return e.violates("I5", "a drill by whose envelope it is not, of what does not count, or where nobody may log in yet")
	case !c.proves(f.Proof) || c.Envelope.Drill != Drill{}:
		return e.violates("I5", "a drill without the token that was inside, or beside another")
	}
	return nil
}

func (f EnvelopeDrillBegun) apply(s *State, e Event) {
	s.opens(f.Credential, f.By, time.Time{}, e)
	s.editCredential(f.Credential, func(c *Credential) { c.Envelope.Drill = Drill{By: f.By, Since: e.Time} })
}

// Drilling says that the password of an envelope which two have opened is to be tried.
func (c Credential) Drilling() bool { return c.AtRest() && c.Envelope.Drill != Drill{} }

// drilled gives what came of a drill, once the target was asked.
func (d *decision) drilled(c Credential, result VerificationResult) {
	if c.Envelope.Drill != (Drill{}) {
		d.happen(EnvelopeDrilled{Credential: c.Name, Version: c.Version, By: c.Envelope.Drill.By, Result: result, Deadline: d.deadline()})
	}
}

// EnvelopeDrilled is what came of a drill. The password is being changed: two know it.
type EnvelopeDrilled struct {
	Credential string             `json:"credential"`
	Version    int64              `json:"version"`
	By         [2]string          `json:"by"`
	Result     VerificationResult `json:"result"`   // unknown: the target could not be asked, and the drill counts for nothing
	Deadline   time.Time          `json:"deadline"` // of the rotation that this begins
}

var _ = fact(EnvelopeDrilled{})

func (EnvelopeDrilled) Type() string         { return "envelope.drilled" }
func (f EnvelopeDrilled) Subject() string    { return f.Credential }
func (EnvelopeDrilled) by(*State, Event) Who { return bySystem() }
func (f EnvelopeDrilled) concerns(*State) Concerns {
	return EnvelopeOpened{Credential: f.Credential, By: f.By}.concerns(nil)
}

func (f EnvelopeDrilled) grade() Grade {
	if f.Result == VerificationRefused {
		return Serious
	}
	return Ordinary
}

func (f EnvelopeDrilled) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	drill := c.Envelope.Drill
	switch {
	case !c.AtRest() || drill == Drill{} || f.By != drill.By || f.Version != c.Version || f.Result == "" || f.Result != drill.Result:
		return e.violates("I7", "the result of a drill that there is not, or another than the target gave")
	case f.Deadline.IsZero():
		return e.violates("I4", "a drill after which nothing is changed")
	}
	return nil
}

func (f EnvelopeDrilled) apply(s *State, e Event) {
	s.opens(f.Credential, f.By, f.Deadline, e) // which ends the drill
	if f.Result != VerificationAccepted {
		return
	}
	s.editCredential(f.Credential, func(c *Credential) { c.Envelope.Drilled = e.Time })
	for _, name := range f.By {
		s.editPerson(name, func(p *Person) {
			if !p.Keys.Since.IsZero() {
				p.Keys.Drilled, p.Keys.Overdue = e.Time, false
				s.expectDrill(*p)
			}
		})
	}
}

// namedInEnvelopes says whether somebody is keyholder of an envelope that has a password
// which counts.
func (s *State) namedInEnvelopes(person string) bool {
	for c := range s.Credentials() {
		if sealed := c.Envelope.Sealed; c.Active() && sealed.Version == c.Version && slices.Contains(sealed.Keyholders, person) {
			return true
		}
	}
	return false
}

func refuseNotOpener(by [2]string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "not_opener", Args: Args{"people": by[:]}}
}

func refuseNotDriller(by [2]string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "not_driller", Args: Args{"people": by[:]}}
}

func refuseNotTheirEnvelope(c Credential) *Refusal {
	readers := c.Envelope.Readers
	if c.Envelope.Version != c.Version {
		readers = nil
	}
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "not_their_envelope", Args: Args{"credential": c.Name, "people": readers}}
}

func refuseDrillUnderWay(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "drill_under_way", Args: Args{"credential": c.Name, "people": c.Envelope.Drill.By[:]}}
}
