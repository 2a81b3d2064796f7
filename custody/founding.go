package custody

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/go-json-experiment/json"
)

// An installation begins with one admin, whom whoever operates the machine adds, and
// nobody there yet who could approve anything. Until it is founded whoever operates the
// machine may bring in what was there before, and an admin one manager and one director
// without anybody's approval. Both have then looked at who there is and confirmed it,
// each in a session of their own; from there on nobody comes in alone.

// Founded says that a manager and a director have confirmed who there is.
func (s *State) Founded() bool {
	confirmed := map[Role]bool{}
	for person := range s.People() {
		confirmed[person.Founder] = true
	}
	return confirmed[Manager] && confirmed[Director]
}

// founds says whether a change is the first manager or the first director, added by an
// admin while nobody has confirmed the founding at that level.
func (s *State) founds(c Change, requester string) bool {
	add, is := c.Proposable.(AddPerson)
	admin, _ := s.Person(requester)
	if !is || !admin.Is(Admin) || len(add.Roles) != 1 || add.Roles[0] != Manager && add.Roles[0] != Director {
		return false
	}
	for person := range s.People() {
		if person.Is(add.Roles[0]) || person.Founder == add.Roles[0] {
			return false
		}
	}
	return true
}

// FoundingDigest is what founders confirm: hex of the SHA-256 of everybody's username
// and roles, by username, as JSON.
func (s *State) FoundingDigest() string {
	type somebody struct {
		Username string `json:"username"`
		Roles    []Role `json:"roles"`
	}
	var all []somebody
	for p := range s.People() {
		all = append(all, somebody{p.Username, p.Roles})
	}
	text, err := json.Marshal(all)
	if err != nil { // names and roles can be written
		panic("custody: digest of the founding: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// ConfirmFounding says that the actor has looked at who there is.
type ConfirmFounding struct {
	Digest string `json:"digest"` // FoundingDigest of what they looked at
}

var _ = action(ConfirmFounding{})

func (ConfirmFounding) Verb() string    { return "confirm_founding" }
func (ConfirmFounding) Subject() string { return "" }
func (ConfirmFounding) givers() givers  { return people }

func (a ConfirmFounding) bare(s *State) Action {
	if a.Digest == s.FoundingDigest() {
		return a
	}
	return ConfirmFounding{}
}

func (a ConfirmFounding) decide(d *decision) error {
	level, may := d.state.founderAs(d.actor)
	switch {
	case d.state.Founded():
		return refuseFounded()
	case !may:
		return refuseForbidden(onlyManagerOrDirector)
	case a.Digest != d.state.FoundingDigest():
		return refuseOtherPeople()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(FoundingConfirmed{Person: d.actor.Username, Level: level, Digest: a.Digest})
	return nil
}

// founderAs gives the level at which somebody can confirm the founding: manager or
// director, whichever nobody has confirmed it as yet, and each person once.
func (s *State) founderAs(person Person) (level Role, may bool) {
	if person.Founder != "" {
		return "", false
	}
	for _, level := range []Role{Manager, Director} {
		taken := false
		for other := range s.People() {
			taken = taken || other.Founder == level
		}
		if person.Is(level) && !taken {
			return level, true
		}
	}
	return "", false
}

// FoundingConfirmed: a manager or a director has looked at who there is.
type FoundingConfirmed struct {
	Person string `json:"person"`
	Level  Role   `json:"level"`
	Digest string `json:"digest"`
}

var _ = fact(FoundingConfirmed{})

func (FoundingConfirmed) Type() string               { return "founding.confirmed" }
func (f FoundingConfirmed) Subject() string          { return f.Person }
func (f FoundingConfirmed) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (FoundingConfirmed) grade() Grade               { return Ordinary }
func (f FoundingConfirmed) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f FoundingConfirmed) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if level, may := s.founderAs(person); s.Founded() || !may || level != f.Level {
		return e.violates("I10", "founded by somebody who could not, or twice")
	}
	if f.Digest != s.FoundingDigest() {
		return e.violates("I10", "confirmed as others than there were")
	}
	return nil
}

func (f FoundingConfirmed) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Founder = f.Level })
}

// bySystemBeforeFounding is the law of what whoever operates the machine brings in.
func (s *State) bySystemBeforeFounding(e Event) error {
	if e.Actor == System && s.Founded() {
		return e.violates("I10", "brought in by nobody after the founding")
	}
	return nil
}

func refuseFounded() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "founded"}
}

func refuseOtherPeople() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Field: "digest", Key: "other_people"}
}
