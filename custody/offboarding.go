package custody

import (
	"slices"
	"time"
)

// Item is one thing to be done when somebody left.
type Item struct {
	Kind       ItemKind  `json:"kind"`
	Credential string    `json:"credential,omitzero"` // whose password they knew, held, or were to hold
	Version    int64     `json:"version,omitzero"`    // of that, when they left
	Done       time.Time `json:"done,omitzero"`
	By         string    `json:"by,omitzero"`    // who says so; "": a rotation does
	How        How       `json:"how,omitzero"`   // "" until it is done
	At         time.Time `json:"at,omitzero"`    // when they were told
	Entry      int64     `json:"entry,omitzero"` // index of what proves it: the rotation.verified, the credential's end, or the word of who says so
}

// ItemKind is what kind of thing is to be done.
type ItemKind string

// The kinds. A credential's is done by a rotation, or by the end of its custody; the others
// by somebody's word: what is known outside Tandem, and that the person was told (4.3).
const (
	ItemCredential ItemKind = "credential"
	ItemUnseal     ItemKind = "unseal_share"
	ItemBackup     ItemKind = "backup_key"
	ItemWitness    ItemKind = "witness_key"
	ItemTold       ItemKind = "told"

	// ItemEnvelopes is of a keyholder: done when every envelope was made anew without them.
	// Where none can be, somebody says that the files are destroyed.
	ItemEnvelopes ItemKind = "envelopes"
)

// checklist is what is asked of everybody who leaves.
var checklist = []ItemKind{ItemUnseal, ItemBackup, ItemWitness, ItemTold}

// Checklist gives the kinds of what is asked of everybody who leaves.
func Checklist() []ItemKind { return slices.Clone(checklist) }

// How is how an item was done.
type How string

// Of a credential; of what is known outside; of who was told.
const (
	HowRotated How = "rotated"
	HowRetired How = "retired"

	HowChanged How = "changed"
	HowNone    How = "none" // they never had any

	HowRewritten How = "rewritten" // of envelopes
	HowDestroyed How = "destroyed"

	HowEmail     How = "email"
	HowTelephone How = "telephone"
	HowInPerson  How = "in_person"
)

// Ways are how each kind of item can be done by somebody's word.
func (k ItemKind) Ways() []How {
	switch k {
	case ItemUnseal, ItemBackup, ItemWitness:
		return []How{HowChanged, HowNone}
	case ItemEnvelopes:
		return []How{HowDestroyed}
	case ItemTold:
		return []How{HowEmail, HowTelephone, HowInPerson}
	}
	return nil
}

// SettleItem says that something was done outside Tandem for somebody who left.
type SettleItem struct {
	Person string    `json:"person"`
	Item   int       `json:"item"` // its place in the list, from 0
	How    How       `json:"how"`
	At     time.Time `json:"at,omitzero"` // when they were told; zero: now
}

var _ = action(SettleItem{})

func (SettleItem) Verb() string      { return "settle_item" }
func (a SettleItem) Subject() string { return a.Person }
func (SettleItem) givers() givers    { return people }

func (a SettleItem) bare(s *State) Action {
	b := SettleItem{Person: s.nameOr(a.Person), Item: a.Item}
	if slices.Contains([]How{HowRotated, HowRetired, HowChanged, HowNone, HowRewritten, HowDestroyed, HowEmail, HowTelephone, HowInPerson}, a.How) {
		b.How = a.How
	}
	return b
}

func (a SettleItem) decide(d *decision) error {
	person, ok := d.state.Person(a.Person)
	switch {
	case !d.actor.EndsAccess():
		return refuseForbidden(onlyAdminManagerOrDirector)
	case a.Person == d.actor.Username:
		return refuseForbidden(onlyAnother)
	case !ok:
		return refuseNotFound(aPerson)
	case !person.Leaving.Open():
		return refuseNothingToSettle(person)
	case a.Item < 0 || a.Item >= len(person.Leaving.Items):
		return refuseNotFound(anItem)
	}
	item := person.Leaving.Items[a.Item]
	switch {
	case !item.Done.IsZero():
		return refuseNothingToSettle(person)
	case item.Kind == ItemCredential:
		return refuseSettledByRotation(item)
	case !slices.Contains(item.Kind.Ways(), a.How):
		return Invalid("how", "how")
	}
	if a.At = instantOrZero(a.At); a.At.After(d.now) {
		return Invalid("at", "in_the_future")
	}
	d.named = a
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ItemSettled(a))
	return nil
}

// ItemSettled: somebody says that it was done.
type ItemSettled struct {
	Person string    `json:"person"`
	Item   int       `json:"item"`
	How    How       `json:"how"`
	At     time.Time `json:"at,omitzero"`
}

var _ = fact(ItemSettled{})

func (ItemSettled) Type() string               { return "offboarding.settled" }
func (f ItemSettled) Subject() string          { return f.Person }
func (f ItemSettled) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (ItemSettled) grade() Grade               { return Ordinary }
func (ItemSettled) by(*State, Event) Who       { return byRole(accessEnders...).confirmed() }

func (f ItemSettled) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if !person.Leaving.Open() || f.Item < 0 || f.Item >= len(person.Leaving.Items) || e.Actor == f.Person {
		return e.violates("I13", "done for who has not left, or by themselves")
	}
	if item := person.Leaving.Items[f.Item]; !item.Done.IsZero() || !slices.Contains(item.Kind.Ways(), f.How) || f.At.After(e.Time) {
		return e.violates("I13", "done twice, before it could be, or by word where only a rotation does")
	}
	return nil
}

func (f ItemSettled) apply(s *State, e Event) {
	s.settle(f.Person, f.Item, Item{Done: e.Time, By: e.Actor, How: f.How, At: f.At, Entry: s.Size - 1})
}

// settle notes that an item is done. When it was the last one, time ends the leaving.
func (s *State) settle(person string, at int, done Item) {
	s.editPerson(person, func(p *Person) {
		if at < 0 || at >= len(p.Leaving.Items) {
			return
		}
		p.Leaving.Items = slices.Clone(p.Leaving.Items)
		item := &p.Leaving.Items[at]
		done.Kind, done.Credential, done.Version = item.Kind, item.Credential, item.Version
		*item = done
		s.expectLeaving(*p)
	})
}

// settleCredential notes for everybody who left, and does not know the credential's
// password any more, that they do not.
func (s *State) settleCredential(c *Credential, how How, entry int64, now time.Time) {
	leavers := c.Leavers
	c.Leavers = nil
	for _, person := range leavers {
		if c.Active() && c.knownTo(person) {
			c.Leavers = append(c.Leavers, person)
			continue
		}
		p, _ := s.Person(person)
		for at, item := range p.Leaving.Items {
			if item.Credential == c.Name && item.Done.IsZero() {
				s.settle(person, at, Item{Done: now, How: how, Entry: entry})
			}
		}
	}
}

// settleEnvelopes notes for everybody who left that no envelope is theirs to open any more.
func (s *State) settleEnvelopes(entry int64, now time.Time) {
	for _, p := range s.leavings() {
		for at, item := range p.Leaving.Items {
			if item.Kind == ItemEnvelopes && item.Done.IsZero() && !s.namedInEnvelopes(p.Username) {
				s.settle(p.Username, at, Item{Done: now, How: HowRewritten, Entry: entry})
			}
		}
	}
}

// leavings gives those whose leaving is open, by name.
func (s *State) leavings() (all []Person) {
	for p := range s.People() {
		if p.Leaving.Open() {
			all = append(all, p)
		}
	}
	return all
}

// OffboardingOverdue: a day has passed, and something is still to be done.
type OffboardingOverdue struct {
	Person string `json:"person"`
}

var _ = fact(OffboardingOverdue{})

func (OffboardingOverdue) Type() string               { return "offboarding.overdue" }
func (f OffboardingOverdue) Subject() string          { return f.Person }
func (f OffboardingOverdue) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (OffboardingOverdue) grade() Grade               { return Serious }
func (OffboardingOverdue) by(*State, Event) Who       { return bySystem() }

func (f OffboardingOverdue) allowed(s *State, e Event) error {
	if p, _ := s.Person(f.Person); !p.Leaving.Open() || p.Leaving.Done() || p.Leaving.Overdue || e.Time.Before(p.Leaving.Due) {
		return e.violates("I13", "overdue before its time, or twice")
	}
	return nil
}

func (f OffboardingOverdue) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Leaving.Overdue = true })
}

// OffboardingEnded: everything is done.
type OffboardingEnded struct {
	Person string `json:"person"`
}

var _ = fact(OffboardingEnded{})

func (OffboardingEnded) Type() string               { return "offboarding.ended" }
func (f OffboardingEnded) Subject() string          { return f.Person }
func (f OffboardingEnded) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (OffboardingEnded) grade() Grade               { return Ordinary }
func (OffboardingEnded) by(*State, Event) Who       { return bySystem() }

func (f OffboardingEnded) allowed(s *State, e Event) error {
	if p, _ := s.Person(f.Person); !p.Leaving.Open() || !p.Leaving.Done() {
		return e.violates("I13", "ended with something left to do")
	}
	return nil
}

func (f OffboardingEnded) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) { p.Leaving.Ended = e.Time })
}

func refuseNothingToSettle(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Key: "nothing_to_settle", Args: Args{"person": p.Username}}
}

func refuseSettledByRotation(i Item) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Key: "settled_by_rotation", Args: Args{"credential": i.Credential}}
}

// waitsFor says whether somebody's leaving waits for a credential.
func (s *State) waitsFor(person, credential string) bool {
	p, _ := s.Person(person)
	return slices.ContainsFunc(p.Leaving.Items, func(i Item) bool { return i.Credential == credential && i.Done.IsZero() })
}
