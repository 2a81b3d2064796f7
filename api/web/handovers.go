package web

import (
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type handoversPage struct {
	People map[string]custody.Person
	Rows   []custody.Handover
	Query  string
	Next   string // id: the next page has older ones
}

type inboxPage struct {
	People map[string]custody.Person
	Offers []custody.Handover
	ToSet  []custody.Credential // whose new password the visitor is to set by hand

	// What one code can confirm together, where that is more than one: handovers on
	// offer, and credentials whose new password was shown. Chosen is what is ticked.
	Together, Shown []confirmable
	Chosen          []string
}

// confirmable is one of several that one code can confirm.
type confirmable struct {
	Name        string
	From        string   // whose custody it is; "": the visitor's
	Credentials []string // that pass on
}

func namesOf(several []confirmable) (names []string) {
	for _, one := range several {
		names = append(names, one.Name)
	}
	return names
}

// inbox is what waits for the visitor.
func (p *Pages) inbox(v *visit) error {
	shown := inboxPage{}
	var err error
	if shown.Offers, err = v.offered(); err != nil {
		return err
	}
	if shown.ToSet, err = v.toSetByHand(); err != nil {
		return err
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	for _, h := range shown.Offers {
		if h.Status == custody.Offered {
			shown.Together = append(shown.Together, confirmable{h.ID, h.From, h.Credentials})
		}
	}
	for _, c := range shown.ToSet {
		if slices.Contains(c.Rotation.ShownTo, v.Person.Username) {
			shown.Shown = append(shown.Shown, confirmable{Name: c.Name})
		}
	}
	shown.Chosen = namesOf(slices.Concat(shown.Together, shown.Shown))
	if v.sent != nil {
		shown.Chosen = slices.Concat(v.r.PostForm["handover"], v.r.PostForm["credential"])
	}
	return v.render("inbox", shown)
}

// handovers lists all of them, the newest first.
func (p *Pages) handovers(v *visit) error {
	query := v.r.URL.Query()
	list := handoversPage{Query: query.Get("q")}
	var err error
	if list.People, err = v.directory(); err != nil {
		return err
	}
	list.Rows, err = v.Queries.Handovers(v.r.Context(), desk.HandoverQuery{
		Text: list.Query, Before: query.Get("before"), Limit: pageSize + 1,
	})
	if len(list.Rows) > pageSize {
		list.Rows = list.Rows[:pageSize]
		list.Next = list.Rows[pageSize-1].ID
	}
	if err != nil {
		return err
	}
	return v.render("handovers", list)
}

type handoverPage struct {
	custody.Handover
	People      map[string]custody.Person
	Credentials []custody.Credential
	Giver       bool // the visitor
	Receiver    bool
	Whole       bool       // the visitor may know all of it
	History     []entryRow // newest first
}

func (p *Pages) handover(v *visit) error {
	ctx := v.r.Context()
	h, err := v.Queries.Handover(ctx, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := handoverPage{Handover: h, Giver: h.From == v.Person.Username, Receiver: h.To == v.Person.Username, Whole: v.Person.SightOfHandover(h) == custody.SeesAll}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.Credentials, err = v.Queries.FindCredentials(ctx, desk.CredentialQuery{Names: h.Credentials}); err != nil {
		return err
	}
	if shown.History, err = v.entries(desk.EntryQuery{Subject: h.ID, Newest: true, Limit: historyRows}); err != nil {
		return err
	}
	return v.render("handover", shown)
}

func (p *Pages) accept(v *visit) error {
	return p.changeHandover(v, custody.Accept{Handover: v.r.PathValue("id")}, "accepted")
}

func (p *Pages) acceptAll(v *visit) error {
	if _, err := v.do(custody.AcceptAll{Handovers: v.r.PostForm["handover"]}); err != nil {
		return v.again(err, p.inbox)
	}
	return v.redirect("/inbox", "accepted_all")
}

func (p *Pages) decline(v *visit) error {
	return p.changeHandover(v, custody.Decline{Handover: v.r.PathValue("id"), Reason: desk.NewNote(v.field("reason"))}, "declined")
}

func (p *Pages) cancel(v *visit) error {
	return p.changeHandover(v, custody.Cancel{Handover: v.r.PathValue("id"), Reason: desk.NewNote(v.field("reason"))}, "cancelled")
}

func (p *Pages) giveBack(v *visit) error {
	return p.changeHandover(v, custody.GiveBack{Handover: v.r.PathValue("id")}, "returned")
}

func (p *Pages) changeHandover(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.handover)
	}
	return v.redirect("/handovers/"+v.r.PathValue("id"), done)
}
