package certificate

import (
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Paper is what the entries of a handover say, proved.
type Paper struct {
	Handover    string    `json:"handover"`
	Reason      string    `json:"reason"`
	From        Party     `json:"from"`
	To          Party     `json:"to"`
	Credentials []Item    `json:"credentials"`
	Expected    time.Time `json:"expected_return,omitzero"`
	Steps       []Step    `json:"steps"` // in the order of the ledger

	Ledger // the acceptance

	zone            *time.Location
	names, accounts map[string]string

	signed, carriedOut [2]int64 // entries in which giver and receiver signed ahead: as they are, as they are named
}

// Item is a credential that was handed over.
type Item struct {
	Name    string `json:"name"`
	Account string `json:"account"`
}

// Check proves every entry with the ledger's key and gives what they say.
func (b Bundle) Check(key string) (Paper, error) {
	p := Paper{Handover: b.Handover, zone: b.zone(), names: map[string]string{}, accounts: map[string]string{}}
	err := b.each(key, func(index int64, e custody.Event, rests Ledger) {
		switch e.Fact.(type) {
		case custody.HandoverAccepted, custody.HandoverCarriedOut:
			if e.Fact.Subject() == b.Handover {
				p.Ledger = rests
			}
		}
		p.add(index, e)
	})
	if err != nil {
		return Paper{}, err
	}
	return p, p.complete()
}

// add takes what an entry says about the handover, its persons or credentials.
// Those of persons and credentials are older than the handover, so they wait.
func (p *Paper) add(index int64, e custody.Event) {
	switch f := e.Fact.(type) {
	case custody.PersonAdded:
		p.names[f.Username] = f.Name
	case custody.CredentialAdded:
		p.accounts[f.Credential] = account(f)
	case custody.HandoverOffered:
		if f.Handover == p.Handover {
			p.Reason, p.Expected = f.Reason.In(redacted()), f.ExpectedReturn
			p.From, p.To = Party{f.From, p.names[f.From]}, Party{f.To, p.names[f.To]}
			p.items(f.Credentials)
		}
	case custody.HandoverPlanned:
		if f.Handover == p.Handover {
			p.Reason, p.Expected = f.Reason.In(redacted()), f.Until
			p.From, p.To = Party{f.From, p.names[f.From]}, Party{f.To, p.names[f.To]}
			p.items(f.Credentials)
			p.signed[0] = index
		}
	case custody.HandoverSigned:
		if f.Handover == p.Handover {
			p.signed[1] = index
		}
	case custody.HandoverCarriedOut:
		if f.Handover == p.Handover { // what passed of what they signed for
			p.items(f.Credentials)
			p.carriedOut = [2]int64{f.Giver, f.Receiver}
		}
	}
	if e.Fact.Subject() == p.Handover {
		p.Steps = append(p.Steps, stepOf(indexed{index, e}, p.zone))
	}
}

func (p *Paper) items(credentials []string) {
	p.Credentials = nil
	for _, name := range credentials {
		p.Credentials = append(p.Credentials, Item{name, p.accounts[name]})
	}
}

// complete says whether both confirmed, and the right ones: when it was offered and
// accepted, or beforehand, in the entries that its carrying out names.
func (p *Paper) complete() error {
	confirmed := func(kind, by string) bool {
		return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Type == kind && s.Actor == by && s.Confirmed != "" })
	}
	offered, accepted := custody.HandoverOffered{}.Type(), custody.HandoverAccepted{}.Type()
	if p.carriedOut != [2]int64{} && p.carriedOut == p.signed {
		offered, accepted = custody.HandoverPlanned{}.Type(), custody.HandoverSigned{}.Type()
	}
	if p.From.Username == "" || !confirmed(offered, p.From.Username) || !confirmed(accepted, p.To.Username) {
		return ErrIncomplete
	}
	return nil
}

// account says where an account is.
func account(f custody.CredentialAdded) string {
	return f.Target.Account.In(redacted()) + " @ " + f.Target.Address.In(redacted())
}

// sheet lays the paper out.
func (p Paper) sheet(say *speaker) sheet {
	s := sheet{
		Title: say.part("title"), Subject: p.Handover, Rests: p.Ledger, Signs: []string{p.From.String(), p.To.String()},
		At: p.Steps[len(p.Steps)-1].Time, Notice: say.part("notice"),
		Head: []line{
			{say.part("handover"), p.Handover}, {say.part("from"), p.From.String()}, {say.part("to"), p.To.String()}, {say.part("reason"), p.Reason},
		},
	}
	if !p.Expected.IsZero() {
		s.Head = append(s.Head, line{say.part("expected"), moment(p.Expected, p.zone)})
	}
	what := table{Head: []label{say.part("credential"), say.part("account")}}
	for _, c := range p.Credentials {
		what.Rows = append(what.Rows, []string{c.Name, c.Account})
	}
	s.Tables = []table{what, say.steps(p.Steps, p.zone)}
	return s
}
