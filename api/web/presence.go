package web

import (
	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type leavePage struct {
	People  map[string]custody.Person
	Holding []custody.Credential
	Coming  []custody.Credential // being rotated for me: nobody leaves before that is done
	Absent  []custody.Credential // whose other custodian is away: the two may not both be out
	Vacant  []custody.Credential // that nobody else looks after, and that are not parked for it
	Offers  []custody.Handover   // made with leaving, not yet accepted by everybody
}

// leave is "I'm going out": the form, and then how far it has come.
func (p *Pages) leave(v *visit) error {
	shown := leavePage{}
	var err error
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	v.Person = shown.People[v.Person.Username]
	credentials, err := v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{Person: v.Person.Username})
	if err != nil {
		return err
	}
	me := v.Person.Username
	for _, c := range credentials {
		if !c.Active() {
			continue
		}
		switch {
		case c.Holder == me:
			shown.Holding = append(shown.Holding, c)
		case c.Successor() == me:
			shown.Coming = append(shown.Coming, c)
		}
		switch other := shown.People[c.Other(me)]; {
		case other.Username == "" && !c.MayBeLeft():
			shown.Vacant = append(shown.Vacant, c)
		case other.Username != "" && !other.Present():
			shown.Absent = append(shown.Absent, c)
		}
	}
	given, err := api.AllHandovers(v.r.Context(), v.Queries, desk.HandoverQuery{Status: openStatuses, Person: me})
	if err != nil {
		return err
	}
	for _, h := range given {
		if h.From == me && h.Leave && h.Status != custody.Returned {
			shown.Offers = append(shown.Offers, h)
		}
	}
	return v.render("leave", shown)
}

// Waits says that an offer made with leaving still waits for its receiver.
func (l leavePage) Waits() bool {
	for _, h := range l.Offers {
		if h.Status == custody.Offered {
			return true
		}
	}
	return false
}

// goAway offers everything that the visitor holds and leaves when it is
// accepted; who holds nothing leaves at once.
func (p *Pages) goAway(v *visit) error {
	until, err := v.instant("until")
	if err != nil {
		return v.again(err, p.leave)
	}
	holds, err := p.holdsAnything(v)
	if err != nil {
		return err
	}
	if !holds {
		if _, err := v.do(custody.GoAway{Until: until, Reason: desk.NewNote(v.field("reason"))}); err != nil {
			return v.again(err, p.leave)
		}
		return v.redirect("/leave", "away")
	}
	if _, err := v.do(custody.Offer{All: true, Leave: true, Reason: desk.NewNote(v.field("reason")), ExpectedReturn: until}); err != nil {
		return v.again(err, p.leave)
	}
	return v.redirect("/leave", "leaving")
}

func (p *Pages) holdsAnything(v *visit) (bool, error) {
	credentials, err := v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{Person: v.Person.Username})
	if err != nil {
		return false, err
	}
	for _, c := range credentials {
		if c.Holder == v.Person.Username {
			return true, nil
		}
	}
	return false, nil
}

type backPage struct {
	People map[string]custody.Person
	Given  []custody.Handover   // accepted: what can be taken back
	Coming []custody.Credential // being rotated for me
	Mine   []custody.Credential // that I hold
}

// back is "I'm back": the form, and then how far the rotations have come.
func (p *Pages) back(v *visit) error {
	shown := backPage{}
	var err error
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	v.Person = shown.People[v.Person.Username]
	me := v.Person.Username
	given, err := api.AllHandovers(v.r.Context(), v.Queries, desk.HandoverQuery{
		Status: []custody.HandoverStatus{custody.Accepted}, Person: me,
	})
	if err != nil {
		return err
	}
	for _, h := range given {
		if h.From == me {
			shown.Given = append(shown.Given, h)
		}
	}
	credentials, err := v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{Person: v.Person.Username})
	if err != nil {
		return err
	}
	for _, c := range credentials {
		switch me {
		case c.Successor():
			shown.Coming = append(shown.Coming, c)
		case c.Holder:
			shown.Mine = append(shown.Mine, c)
		}
	}
	return v.render("back", shown)
}

func (p *Pages) comeBack(v *visit) error {
	done := "present"
	takeBack := v.field("take_back") == "yes"
	if takeBack {
		done = "returned"
	}
	if _, err := v.do(custody.ComeBack{TakeBack: takeBack}); err != nil {
		return v.again(err, p.back)
	}
	return v.redirect("/back", done)
}
