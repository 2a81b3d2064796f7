package custody

import (
	"slices"
	"time"
)

// Admission is how somebody who was approved comes to a log-in that nobody else has ever
// seen: with a link that an admin gives them, and a code that an approver reads to them
// face to face. With both they set a password and an authenticator of their own.
type Admission struct {
	// Open says that they may set up a log-in: they were added, or are to be enrolled
	// anew, and have not yet.
	Open bool `json:"open,omitzero"`
	// Readers can read the release code: who approved it. Nobody, where nobody had to:
	// then whoever gave the link.
	Readers []string `json:"readers,omitempty"`

	Link   string    `json:"link,omitzero"`   // hex of the SHA-256 of the link's token; "": there is none
	Issuer string    `json:"issuer,omitzero"` // who gave it
	Until  time.Time `json:"until,omitzero"`  // the link counts before this instant
	Wrong  int       `json:"wrong,omitzero"`  // release codes that were wrong
	Opened bool      `json:"opened,omitzero"` // somebody came with the link and the right release code
}

const (
	linkTTL       = 24 * time.Hour
	maxWrongCodes = 5 // of a link, before it is void
)

// admission begins one with the approvals of a proposal; "" begins none.
func (s *State) admission(proposal string) Admission {
	if proposal == "" {
		return Admission{}
	}
	p, _ := s.Proposal(proposal)
	a := Admission{Open: true}
	for _, approval := range p.Approvals {
		a.Readers = append(a.Readers, approval.Person)
	}
	slices.Sort(a.Readers)
	return a
}

// ReadBy says whether somebody reads the release code of an admission: never who gave
// the link, unless nobody else could.
func (a Admission) ReadBy(username string) bool {
	switch {
	case a.Link == "":
		return false
	case len(a.Readers) == 0:
		return username == a.Issuer
	}
	return username != a.Issuer && slices.Contains(a.Readers, username)
}

// LinkOf finds whose an open link is, by the hex of its token's SHA-256.
func (s *State) LinkOf(link string, now time.Time) (Person, bool) {
	for p := range s.People() {
		if p.Admission.counts(link, now) && !p.Disabled {
			return p, true
		}
	}
	return Person{}, false
}

// LinkCounts says whether somebody can still come with the link.
func (a Admission) LinkCounts(now time.Time) bool { return a.counts(a.Link, now) }

func (a Admission) counts(link string, now time.Time) bool {
	return a.Open && a.Link == link && link != "" && now.Before(a.Until) && a.Wrong < maxWrongCodes
}

// IssueLink gives somebody who was approved a link, in the place of one before. By an
// admin, or by an approver other than who alone reads the release code.
type IssueLink struct {
	Person string `json:"person"`
	Link   string `json:"link"` // hex of the SHA-256 of its token
}

var _ = action(IssueLink{})

func (IssueLink) Verb() string      { return "issue_link" }
func (a IssueLink) Subject() string { return a.Person }
func (IssueLink) givers() givers    { return people }

func (a IssueLink) bare(s *State) Action { return IssueLink{s.nameOr(a.Person), hashOr(a.Link)} }

func (a IssueLink) decide(d *decision) error {
	person, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case !person.Admission.issuedBy(d.actor):
		return refuseForbidden(onlyAdminOrApprover)
	case a.Person == d.actor.Username:
		return refuseForbidden(onlyAnother)
	case person.Disabled:
		return refuseDisabled(person)
	case !person.Admission.Open:
		return refuseNoAdmission(person)
	case !tokenHash.MatchString(a.Link):
		return Invalid("link", "session_taken")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(LinkIssued{Person: a.Person, Link: a.Link, Until: d.now.Add(linkTTL)})
	return nil
}

// hashOr gives what is the hash of a token, and nothing in the place of anything else.
func hashOr(link string) string {
	if tokenHash.MatchString(link) {
		return link
	}
	return ""
}

// issuedBy says whether somebody can give the link: an admin, or whoever approves, where
// another reads the code. A sole admin who sets up their log-in anew needs one of these.
func (a Admission) issuedBy(p Person) bool {
	if slices.Contains(a.Readers, p.Username) {
		return len(a.Readers) > 1
	}
	return p.Is(Admin) || len(a.Readers) > 0 && (p.Is(Manager) || p.Is(Director))
}

// LinkIssued: a person has a link to set up their log-in with.
type LinkIssued struct {
	Person string    `json:"person"`
	Link   string    `json:"link"` // hex of the SHA-256 of its token
	Until  time.Time `json:"until"`
}

var _ = fact(LinkIssued{})

func (LinkIssued) Type() string               { return "admission.link_issued" }
func (f LinkIssued) Subject() string          { return f.Person }
func (f LinkIssued) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (LinkIssued) grade() Grade               { return Ordinary }

func (f LinkIssued) by(s *State, _ Event) Who {
	person, _ := s.Person(f.Person)
	who := byRole(Admin, Manager, Director) // which of them, see issuedBy
	for _, name := range person.Admission.Readers {
		who = who.orPerson(name)
	}
	return who.confirmed()
}

func (f LinkIssued) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	actor, _ := s.Person(e.Actor)
	switch {
	case !person.Admission.Open || person.Disabled:
		return e.violates("I10", "a way in for somebody who was not approved")
	case !person.Admission.issuedBy(actor) || e.Actor == f.Person:
		return e.violates("I10", "by the only one who reads the code, or for oneself")
	case !tokenHash.MatchString(f.Link) || !f.Until.Equal(e.Time.Add(linkTTL)):
		return e.violates("I10", "a link without its token, or without its end")
	}
	return nil
}

func (f LinkIssued) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Admission = Admission{Open: true, Readers: p.Admission.Readers, Link: f.Link, Issuer: e.Actor, Until: f.Until}
	})
}

// RefuseLink enters that somebody came with a link and a wrong release code.
type RefuseLink struct {
	Person string `json:"person"`
	Link   string `json:"link"`
}

var _ = action(RefuseLink{})

func (RefuseLink) Verb() string         { return "refuse_link" }
func (a RefuseLink) Subject() string    { return a.Person }
func (RefuseLink) givers() givers       { return theSystem }
func (a RefuseLink) bare(*State) Action { return a }

func (a RefuseLink) decide(d *decision) error {
	person, counts := d.state.LinkOf(a.Link, d.now)
	if !counts || person.Username != a.Person {
		return RefuseLinkVoid()
	}
	d.happen(LinkRefused{Person: a.Person, Wrong: person.Admission.Wrong + 1})
	return nil
}

// LinkRefused: the release code was wrong. With the fifth the link is void.
type LinkRefused struct {
	Person string `json:"person"`
	Wrong  int    `json:"wrong"` // so many until now
}

var _ = fact(LinkRefused{})

func (LinkRefused) Type() string               { return "admission.refused" }
func (f LinkRefused) Subject() string          { return f.Person }
func (f LinkRefused) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (LinkRefused) by(*State, Event) Who       { return bySystem() }

func (f LinkRefused) grade() Grade {
	if f.Wrong >= maxWrongCodes {
		return Serious
	}
	return Ordinary
}

func (f LinkRefused) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if !person.Admission.LinkCounts(e.Time) || f.Wrong != person.Admission.Wrong+1 {
		return e.violates("I10", "a wrong code for a link that there is not, or counted wrong")
	}
	return nil
}

func (f LinkRefused) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Admission.Wrong = f.Wrong })
}

// OpenLink enters that somebody came with a link and its release code, before they are
// shown a seed.
type OpenLink struct {
	Person string `json:"person"`
	Link   string `json:"link"`
}

var _ = action(OpenLink{})

func (OpenLink) Verb() string         { return "open_link" }
func (a OpenLink) Subject() string    { return a.Person }
func (OpenLink) givers() givers       { return theSystem }
func (a OpenLink) bare(*State) Action { return a }

func (a OpenLink) decide(d *decision) error {
	if person, counts := d.state.LinkOf(a.Link, d.now); !counts || person.Username != a.Person {
		return RefuseLinkVoid()
	}
	d.happen(LinkOpened{Person: a.Person})
	return nil
}

// LinkOpened: somebody came with the link and the right release code, and is setting up
// the log-in.
type LinkOpened struct {
	Person string `json:"person"`
}

var _ = fact(LinkOpened{})

func (LinkOpened) Type() string               { return "admission.opened" }
func (f LinkOpened) Subject() string          { return f.Person }
func (f LinkOpened) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (LinkOpened) grade() Grade               { return Ordinary }
func (LinkOpened) by(*State, Event) Who       { return bySystem() }

func (f LinkOpened) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if !person.Admission.LinkCounts(e.Time) {
		return e.violates("I10", "opened with a link that there is not")
	}
	return nil
}

func (f LinkOpened) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Admission.Opened = true })
}

// Join is a person's first code of the authenticator that they set up: from now on they
// can log in.
type Join struct {
	Link    string `json:"link"`
	Account int64  `json:"account"` // version of the account's secrets: their password, and their recovery codes
}

var _ = action(Join{})

func (Join) Verb() string         { return "join" }
func (Join) Subject() string      { return "" }
func (Join) givers() givers       { return people }
func (a Join) bare(*State) Action { return Join{hashOr(a.Link), a.Account} }

func (a Join) decide(d *decision) error {
	if !d.actor.Admission.counts(a.Link, d.now) || !d.actor.Admission.Opened {
		return RefuseLinkVoid()
	}
	if a.Account < 1 {
		return Invalid("account", "account")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(Joined{Person: d.actor.Username, Account: a.Account})
	return nil
}

// Joined: a person has a log-in that they set up themselves.
type Joined struct {
	Person  string `json:"person"`
	Account int64  `json:"account"`
}

var _ = fact(Joined{})

func (Joined) Type() string               { return "admission.joined" }
func (f Joined) Subject() string          { return f.Person }
func (f Joined) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (Joined) grade() Grade               { return Ordinary }
func (f Joined) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f Joined) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if !person.Admission.LinkCounts(e.Time) || !person.Admission.Opened || f.Account < 1 {
		return e.violates("I10", "joined without a link that was opened")
	}
	return nil
}

func (f Joined) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Enrolled, p.Account, p.Admission = true, f.Account, Admission{}
	})
}

func refuseNoAdmission(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "no_admission", Args: Args{"person": p.Username}}
}

// RefuseLinkVoid is for a link that does not count: used, too late, replaced by another,
// or with too many wrong codes.
func RefuseLinkVoid() *Refusal {
	return &Refusal{Code: Unauthenticated, Rule: "3.1", Key: "link_void"}
}

// RefuseReleaseCode is what whoever typed a wrong release code is told.
func RefuseReleaseCode(f LinkRefused) *Refusal {
	if f.Wrong >= maxWrongCodes {
		return RefuseLinkVoid()
	}
	return &Refusal{Code: Forbidden, Rule: "3.1", Field: "release_code", Key: "wrong_release_code", Args: Args{"left": maxWrongCodes - f.Wrong}}
}
