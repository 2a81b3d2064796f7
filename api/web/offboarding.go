package web

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
)

// disablePage says what would become of everything if somebody's access ended now.
type disablePage struct {
	Person   custody.Person
	People   map[string]custody.Person
	Prospect custody.Prospect
	Looks    bool               // the visitor may see that
	Ends     bool               // and end it alone, with a code
	Few      []custody.Shortage // where fewer than two could approve then
}

func (p *Pages) disableForm(v *visit) (err error) {
	shown := disablePage{Ends: v.Person.EndsAccess(), Looks: v.Person.LooksAtLeavings() == nil}
	if shown.Person, err = p.Queries.Person(v.r.Context(), v.r.PathValue("username")); err != nil {
		return err
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.Few, err = p.fewWithout(v, shown.Person); err != nil {
		return err
	}
	if shown.Looks && !shown.Person.Disabled {
		if shown.Prospect, err = p.Desk.Prospect(v.r.Context(), shown.Person.Username); err != nil {
			return err
		}
	}
	return v.render("person_disable", shown)
}

// disable ends somebody's access, or proposes it.
func (p *Pages) disable(v *visit) error {
	action := custody.Disable{Person: v.r.PathValue("username"), Reason: desk.NewNote(v.field("reason"))}
	if v.field("propose") != "" {
		return p.propose(v, action, p.disableForm)
	}
	if _, err := v.do(action); err != nil {
		return v.again(err, p.disableForm)
	}
	return v.redirect("/offboardings/"+action.Person, "disabled")
}

func (p *Pages) reinstate(v *visit) error {
	return p.propose(v, custody.Reinstate{Person: v.r.PathValue("username")}, p.aboutPerson("person_reinstate"))
}

func (p *Pages) take(v *visit) error {
	if _, err := v.do(custody.Take{Credential: v.r.PathValue("name")}); err != nil {
		return v.again(err, p.credential)
	}
	return v.redirect("/credentials/"+v.r.PathValue("name"), "taken")
}

func (p *Pages) park(v *visit) error {
	return p.propose(v, custody.Park{Credential: v.r.PathValue("name")}, p.credential)
}

type offboardingsPage struct{ Rows []custody.Person }

// offboardings lists who left or changed post.
func (p *Pages) offboardings(v *visit) error {
	if err := v.Person.LooksAtLeavings(); err != nil {
		return err
	}
	people, err := p.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	return v.render("offboardings", offboardingsPage{api.Leavings(people, false)})
}

// openLeavings gives those that the visitor looks after.
func (v *visit) openLeavings(people map[string]custody.Person) []custody.Person {
	if v.Person.LooksAtLeavings() != nil {
		return nil
	}
	all := make([]custody.Person, 0, len(people))
	for _, person := range people {
		all = append(all, person)
	}
	return api.Leavings(all, true)
}

// leftItem is an item as the page shows it.
type leftItem struct {
	custody.Item
	N   int
	Now custody.Credential // of a password
}

type offboardingPage struct {
	Person  custody.Person
	People  map[string]custody.Person
	Known   []leftItem // passwords that they knew or held
	Rest    []leftItem // what is outside
	Settles bool       // the visitor may say that something was done
	Whole   bool       // and may have the certificate, which has whole entries
	History []entryRow // newest first
}

// offboarding shows what is to be done for somebody who left, and follows it.
func (p *Pages) offboarding(v *visit) (err error) {
	if err := v.Person.LooksAtLeavings(); err != nil {
		return err
	}
	ctx, shown := v.r.Context(), offboardingPage{Settles: v.Person.EndsAccess(), Whole: api.WholeLedger(v.Person) == nil}
	if shown.Person, err = p.Queries.Person(ctx, v.r.PathValue("username")); err != nil {
		return err
	}
	if shown.Person.Leaving.Since.IsZero() {
		return desk.ErrNotFound
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	credentials, err := api.LeftCredentials(ctx, p.Queries, shown.Person)
	if err != nil {
		return err
	}
	for n, i := range shown.Person.Leaving.Items {
		if item := (leftItem{i, n, credentials[i.Credential]}); i.Kind == custody.ItemCredential {
			shown.Known = append(shown.Known, item)
		} else {
			shown.Rest = append(shown.Rest, item)
		}
	}
	shown.Settles = shown.Settles && shown.Person.Username != v.Person.Username
	shown.History, err = v.entries(desk.EntryQuery{Subject: shown.Person.Username, Newest: true, Limit: historyRows})
	if err != nil {
		return err
	}
	return v.render("offboarding", shown)
}

func (p *Pages) settle(v *visit) error {
	n, err := strconv.Atoi(v.r.PathValue("n"))
	if err != nil {
		return desk.ErrNotFound
	}
	at, err := v.instant("at")
	if err != nil {
		return v.again(err, p.offboarding)
	}
	person := v.r.PathValue("username")
	if _, err := v.do(custody.SettleItem{Person: person, Item: n, How: custody.How(v.field("how")), At: at}); err != nil {
		return v.again(err, p.offboarding)
	}
	return v.redirect("/offboardings/"+person, "settled")
}

// leavingCertificate gives the certificate of a leaving, which proves that what somebody
// knew was changed: complete in itself, to keep and check without a server. It has whole
// entries, and is for those who may read the whole ledger.
func (p *Pages) leavingCertificate(v *visit) error {
	if err := api.WholeLedger(v.Person); err != nil {
		return err
	}
	ctx := v.r.Context()
	person, err := p.Queries.Person(ctx, v.r.PathValue("username"))
	if err != nil {
		return err
	}
	if person.Leaving.Ended.IsZero() {
		return desk.ErrNotFound
	}
	left := auditor.Left{Person: person.Username, Ended: person.Leaving.Ended.In(v.zone)}
	for _, i := range person.Leaving.Items {
		if i.Kind == custody.ItemCredential {
			left.Proofs = append(left.Proofs, i.Entry)
		}
	}
	head, err := p.Desk.Checkpoint(ctx)
	if err != nil {
		return err
	}
	key, err := p.Desk.LedgerKey(ctx)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := auditor.LeavingPage(ctx, &page, prover{v, head}, left, key); err != nil {
		return err
	}
	return v.download("text/html; charset=utf-8", "tandem-leaving-"+person.Username+".html", page.Bytes())
}

// prover proves entries by one checkpoint.
type prover struct {
	*visit
	head audit.Checkpoint
}

// About implements auditor.Prover.
func (p prover) About(ctx context.Context, subject, only string) iter.Seq2[auditor.Entry, error] {
	return p.pages(ctx, desk.EntryQuery{Subject: subject, Type: only, Limit: desk.MaxPage}, func(q *desk.EntryQuery, last int64) { q.From = last + 1 })
}

// Below implements auditor.Prover.
func (p prover) Below(ctx context.Context, index int64) iter.Seq2[auditor.Entry, error] {
	return p.pages(ctx, desk.EntryQuery{Newest: true, Before: index, Limit: 50}, func(q *desk.EntryQuery, last int64) { q.Before = last })
}

func (p prover) pages(ctx context.Context, q desk.EntryQuery, next func(q *desk.EntryQuery, last int64)) iter.Seq2[auditor.Entry, error] {
	return func(yield func(auditor.Entry, error) bool) {
		for {
			stored, err := p.Queries.Entries(ctx, q)
			if err != nil {
				yield(auditor.Entry{}, err)
				return
			}
			for _, s := range stored {
				e, err := audit.DecodeEntry(s.Record)
				if !yield(auditor.Entry{Index: s.Index, Time: e.Time, Type: e.Type, Record: s.Record, Texts: s.Texts}, err) || err != nil {
					return
				}
			}
			if len(stored) < q.Limit || stored[len(stored)-1].Index == 0 {
				return
			}
			next(&q, stored[len(stored)-1].Index)
		}
	}
}

// EntryProofText implements auditor.Prover.
func (p prover) EntryProofText(ctx context.Context, index int64) ([]byte, error) {
	if index >= p.head.Size {
		return nil, errors.New("an entry that came after the checkpoint")
	}
	proof, err := api.ProveBy(ctx, p.Queries, p.head, index)
	if err != nil {
		return nil, err
	}
	return audit.FormatProof(proof)
}
