package web

import (
	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type envelopesPage struct {
	desk.Envelopes
	Rows       []envelopeRow
	Superseded []string
	Whole      bool          // the visitor sees all of them, and not only what is theirs
	Tells      bool          // the visitor can say that one was opened
	Openable   []envelopeRow // of which somebody can have opened one: its password was in a file
	People     map[string]custody.Person
}

type envelopeRow struct {
	desk.Enveloped
	State api.EnvelopeState
	File  string // "": none was written
}

// envelopes lists them, says whose drill is due, and takes the word that one was opened.
func (p *Pages) envelopes(v *visit) error {
	all, whole, err := api.SeenEnvelopes(v.r.Context(), p.Desk, v.Person)
	if err != nil {
		return err
	}
	shown := envelopesPage{Envelopes: all, Whole: whole, Tells: whole && !v.Person.Is(custody.Auditor)}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	for _, c := range all.Of {
		row := envelopeRow{Enveloped: c, State: api.EnvelopeStateOf(c)}
		if c.Envelope.Sealed.Number > 0 {
			row.File = desk.EnvelopeFile(c.Name, c.Envelope.Sealed.Number)
		}
		shown.Rows = append(shown.Rows, row)
		if len(c.Envelope.Readers) > 0 || v.sent != nil { // what was typed stays
			shown.Openable = append(shown.Openable, row)
		}
	}
	if whole && p.Closing != nil {
		if shown.Superseded, err = p.Closing.Superseded(v.r.Context()); err != nil { // of a folder that is not there nothing is known
			p.Log.WarnContext(v.r.Context(), "the folder of envelopes could not be listed", "error", err)
		}
	}
	return v.render("envelopes", shown)
}

func (p *Pages) envelopeOpened(v *visit) error {
	action := custody.ReportOpened{
		Credential: v.field("credential"), By: api.Pair([]string{v.field("first"), v.field("second")}), Reason: desk.NewNote(v.field("reason")),
	}
	if _, err := v.do(action); err != nil {
		return v.again(err, p.envelopes)
	}
	return v.redirect("/envelopes", "envelope_opened")
}

// envelopeAlarm is what the start page says of envelopes.
type envelopeAlarm struct {
	desk.Envelopes
	Lacking int              // passwords that are in none
	Due     []desk.Keyholder // whose drill is overdue
}

// envelopeAlarm gives it to who sees all of them; nil where all is well.
func (p *Pages) envelopeAlarm(v *visit) (*envelopeAlarm, error) {
	if (p.Desk.PolicyInForce().Values.Keyholders == custody.Keyholders{}) { // nobody has to look at every credential
		return nil, nil
	}
	all, whole, err := api.SeenEnvelopes(v.r.Context(), p.Desk, v.Person)
	if err != nil || !whole {
		return nil, err
	}
	alarm := envelopeAlarm{Envelopes: all}
	for _, c := range all.Of {
		if c.Lacks {
			alarm.Lacking++
		}
	}
	for _, k := range all.Keyholders {
		if k.Keys.Overdue {
			alarm.Due = append(alarm.Due, k)
		}
	}
	if alarm.Lacking == 0 && len(alarm.Due) == 0 && !all.Few && len(all.Failing) == 0 {
		return nil, nil
	}
	return &alarm, nil
}
