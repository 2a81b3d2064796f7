package certificate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Leaving is what the entries of somebody's leaving say, proved: that all they knew was
// changed, and all that was to be done besides is.
type Leaving struct {
	Person Party          `json:"person"`
	Reason string         `json:"reason,omitzero"`
	Steps  []Step         `json:"steps"`           // when they left or changed post, whether a day was not enough, and the end
	Seats  []string       `json:"seats"`           // credentials of which they were custodian without knowing a password
	Items  []LeavingItem  `json:"items"`           // in the order of the ledger's own list
	Voided []string       `json:"voided,omitzero"` // handovers that came to nothing
	Ended  time.Time      `json:"ended"`
	Ledger                // that it ended
	zone   *time.Location // of the times on paper

	accounts map[string]string
	run      []indexed // the entries of one command, so far without a gap
}

// LeavingItem is one thing that was to be done, and the entry that proves it.
type LeavingItem struct {
	Kind       custody.ItemKind `json:"kind"`
	Credential string           `json:"credential,omitzero"`
	Account    string           `json:"account,omitzero"`
	Vacated    int64            `json:"vacated,omitzero"` // index of the entry that asks for it

	Index int64       `json:"index"` // of the entry that proves it; of a password its verified rotation, or the end of its custody
	Type  string      `json:"type"`
	Time  time.Time   `json:"time,omitzero"`
	By    string      `json:"by,omitzero"` // who says so
	How   custody.How `json:"how,omitzero"`
	Told  time.Time   `json:"told,omitzero"`

	Attested bool `json:"attested,omitzero"` // a person says that the password was set; no log-in proved it
}

type indexed struct {
	index int64
	custody.Event
}

// CheckLeaving proves every entry with the ledger's key and gives what they say. Which
// passwords somebody knew is not left to whoever made the certificate: the entries of the
// command that ended their access are all there, or it is refused.
func (b Bundle) CheckLeaving(key string) (Leaving, error) {
	l := Leaving{Person: Party{Username: b.Leaver}, zone: b.zone(), accounts: map[string]string{}}
	var wrong error
	err := b.each(key, func(index int64, e custody.Event, rests Ledger) {
		if wrong == nil {
			wrong = l.add(indexed{index, e}, rests)
		}
	})
	switch {
	case err != nil:
		return l, err
	case wrong != nil:
		return l, wrong
	}
	return l, l.complete()
}

func incomplete(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrIncomplete, fmt.Sprintf(format, args...))
}

func (l *Leaving) add(e indexed, rests Ledger) error {
	switch {
	case e.Cause != nil:
		l.run = []indexed{e}
	case len(l.run) > 0 && l.run[len(l.run)-1].index+1 == e.index:
		l.run = append(l.run, e)
	default:
		l.run = nil
	}
	switch f := e.Fact.(type) {
	case custody.PersonAdded:
		if f.Username == l.Person.Username {
			l.Person.Name = f.Name
		}
	case custody.CredentialAdded:
		l.accounts[f.Credential] = account(f)
	case custody.PersonDisabled:
		if f.Person == l.Person.Username {
			l.Reason = f.Reason.In(redacted())
			return l.left(e)
		}
	case custody.RolesChanged:
		if f.Person == l.Person.Username && f.ChangesPost() {
			return l.left(e)
		}
	case custody.RotationVerified:
		l.proved(f.Credential, e)
	case custody.CredentialRetired:
		l.proved(f.Credential, e)
	case custody.CredentialAbandoned:
		l.proved(f.Credential, e)
	case custody.ItemSettled:
		if f.Person == l.Person.Username {
			return l.settled(f, e)
		}
	case custody.OffboardingOverdue:
		if f.Person == l.Person.Username {
			l.step(e)
		}
	case custody.OffboardingEnded:
		if f.Person == l.Person.Username {
			l.step(e)
			l.Ended, l.Ledger = e.Time.In(l.zone), rests
		}
	}
	return nil
}

func (l *Leaving) step(e indexed) {
	l.Steps = append(l.Steps, stepOf(e, l.zone))
}

// left takes a command that ended somebody's access, or changed their post, apart.
func (l *Leaving) left(e indexed) error {
	if len(l.run) == 0 {
		return incomplete("not all entries of what was decided with entry %d are there", e.index)
	}
	for _, with := range l.run {
		switch f := with.Fact.(type) {
		case custody.SeatVacated:
			if f.Person != l.Person.Username {
				continue
			}
			if !f.Changes {
				l.Seats = append(l.Seats, f.Credential)
				continue
			}
			l.Items = append(l.Items, LeavingItem{Kind: custody.ItemCredential, Credential: f.Credential, Account: l.accounts[f.Credential], Vacated: with.index})
		case custody.HandoverVoided:
			l.Voided = append(l.Voided, f.Handover)
		}
	}
	for _, kind := range custody.Checklist() {
		if !slices.ContainsFunc(l.Items, func(i LeavingItem) bool { return i.Kind == kind && i.Type == "" }) {
			l.Items = append(l.Items, LeavingItem{Kind: kind, Vacated: e.index})
		}
	}
	l.step(e)
	return nil
}

// proved notes the entry that changed what they knew of a credential, or ended its custody.
func (l *Leaving) proved(credential string, e indexed) {
	for i := range l.Items {
		if item := &l.Items[i]; item.Credential == credential && item.Type == "" {
			item.Index, item.Type, item.Time = e.index, e.Fact.Type(), e.Time.In(l.zone)
			verified, is := e.Fact.(custody.RotationVerified)
			item.Attested = is && verified.Attested
		}
	}
}

func (l *Leaving) settled(f custody.ItemSettled, e indexed) error {
	if f.Item < 0 || f.Item >= len(l.Items) || !slices.Contains(l.Items[f.Item].Kind.Ways(), f.How) || l.Items[f.Item].Type != "" {
		return incomplete("entry %d settles what was not to be done", e.index)
	}
	item := &l.Items[f.Item]
	item.Index, item.Type, item.Time, item.By, item.How = e.index, e.Fact.Type(), e.Time.In(l.zone), e.Actor, f.How
	if !f.At.IsZero() {
		item.Told = f.At.In(l.zone)
	}
	return nil
}

// complete says whether they left, nothing is left to do, and the ledger says so too.
func (l *Leaving) complete() error {
	if len(l.Items) == 0 || l.Ended.IsZero() || l.Steps[len(l.Steps)-1].Type != (custody.OffboardingEnded{}).Type() {
		return incomplete("it did not end")
	}
	for _, i := range l.Items {
		if i.Type == "" {
			return incomplete("nothing proves %s", strings.TrimSpace(string(i.Kind)+" "+i.Credential))
		}
	}
	return nil
}

// sheet lays the paper out.
func (l Leaving) sheet(say *speaker) sheet {
	s := sheet{
		Title: say.part("leaving_title"), Subject: l.Person.Username, Rests: l.Ledger, At: l.Ended, Notice: say.part("leaving_notice"),
		Head: []line{
			{say.part("leaver"), l.Person.String()}, {say.part("since"), moment(l.Steps[0].Time, l.zone)}, {say.part("ended"), moment(l.Ended, l.zone)},
		},
		Signs: []string{say.part("leaving_signs").String()},
	}
	more := func(part string, value string) {
		if value != "" {
			s.Head = append(s.Head, line{say.part(part), value})
		}
	}
	more("reason", l.Reason)
	more("seats", strings.Join(l.Seats, ", "))
	more("voided", strings.Join(l.Voided, ", "))

	known := table{Head: []label{say.part("credential"), say.part("account"), say.part("what"), say.part("entry"), say.part("time")}}
	done := table{Head: []label{say.part("todo"), say.part("how"), say.part("by"), say.part("told"), say.part("entry"), say.part("time")}}
	for _, i := range l.Items {
		entry, at := strconv.FormatInt(i.Index, 10), moment(i.Time, l.zone)
		if i.Kind == custody.ItemCredential {
			what := say.fact(i.Type).lines()
			if i.Attested {
				what += "\n" + say.part("attested").lines()
			}
			known.Rows = append(known.Rows, []string{i.Credential, i.Account, what, entry, at})
			continue
		}
		told := ""
		if !i.Told.IsZero() {
			told = moment(i.Told, l.zone)
		}
		done.Rows = append(done.Rows, []string{say.both("term.item." + string(i.Kind)).lines(), say.both("term.how." + string(i.How)).lines(), i.By, told, entry, at})
	}
	s.Tables = []table{known, done, say.steps(l.Steps, l.zone)}
	return s
}
