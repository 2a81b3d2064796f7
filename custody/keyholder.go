package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Envelopes (密码信封) are for when Tandem itself is down: a file for each password, which
// any two of the keyholders open together and none of them alone. Who they are is policy,
// so nobody makes themselves one.

// A single keyholder could neither open one nor be replaced, and of many nobody keeps
// count: of five there are ten pairs already.
const (
	minKeyholders = 2
	maxKeyholders = 5
)

// Keyholder is somebody with one of two keys.
type Keyholder struct {
	Person    string `json:"person"`
	Recipient string `json:"recipient"` // the public key, as age writes it: age1…, or age1name1… of a plug-in
}

// Keyholders are those of a policy, by name; the places that nobody has come last.
type Keyholders [maxKeyholders]Keyholder

// List gives those that there are.
func (k Keyholders) List() []Keyholder {
	return slices.DeleteFunc(slices.Clone(k[:]), func(one Keyholder) bool { return one == Keyholder{} })
}

// KeyholdersOf puts them in order. Those that have no place are the last ones.
func KeyholdersOf(all []Keyholder) (k Keyholders, fit bool) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Keyholder) int { return strings.Compare(a.Person, b.Person) })
	return k, copy(k[:], all) == len(all)
}

// said gives each with their key, as a Difference has it.
func (k Keyholders) said() (all []string) {
	for _, one := range k.List() {
		all = append(all, one.Person+" "+one.Recipient)
	}
	return all
}

// validRecipient is the form of a public key. Whether it is one is looked at where it comes
// in: that takes age itself. A post-quantum one has about two thousand characters.
var validRecipient = regexp.MustCompile(`^age1[0-9a-z]{8,1000}[0-9a-z]{0,1000}[0-9a-z]{0,400}$`)

// check accepts nobody, and two to five of different names and keys, by name.
func (k Keyholders) check() *Refusal {
	all := k.List()
	if n := len(all); n > 0 && n < minKeyholders {
		return Invalid("policy.keyholders", "keyholders_few")
	}
	for i, one := range all {
		switch {
		case k[i] != one || i > 0 && all[i-1].Person >= one.Person:
			return Invalid("policy.keyholders", "keyholders_twice")
		case !validRecipient.MatchString(one.Recipient):
			return Invalid("policy.keyholders", "recipient")
		case slices.ContainsFunc(all[:i], func(other Keyholder) bool { return other.Recipient == one.Recipient }):
			return Invalid("policy.keyholders", "keyholders_twice")
		}
	}
	return nil
}

// bare keeps who exists, and what can be a public key.
func (k Keyholders) bare(s *State) (b Keyholders) {
	for i, one := range k.List() {
		b[i] = Keyholder{Person: s.nameOr(one.Person)}
		if validRecipient.MatchString(one.Recipient) {
			b[i].Recipient = one.Recipient
		}
	}
	return b
}

// canHoldKeys refuses keyholders of whom one has no access, and two accounts that are one
// person's: nobody opens an envelope alone.
func (s *State) canHoldKeys(k Keyholders) error {
	var usernames []string
	for _, one := range k.List() {
		p, ok := s.Person(one.Person)
		switch other := s.another(p, usernames); {
		case !ok:
			return refuseNotFound(aPerson)
		case p.Disabled:
			return refuseDisabled(p)
		case other != "":
			return refuseKeyholdersSame(p, other)
		}
		usernames = append(usernames, one.Person)
	}
	return nil
}

// Keyholders gives those who can open what is sealed now, by name: those of the policy
// whose access has not ended.
func (s *State) Keyholders() (able []Keyholder) {
	for _, k := range s.Policy().Values.Keyholders.List() {
		if p, _ := s.Person(k.Person); !p.Disabled {
			able = append(able, k)
		}
	}
	return able
}

// keyholding gives what an envelope that is made now is made for: who can open it, and the
// digest of them with their keys. Fewer than two: none can be made.
func (s *State) keyholding() (names []string, set string) {
	able := s.Keyholders()
	if len(able) < minKeyholders {
		return nil, ""
	}
	text, err := json.Marshal(able)
	if err != nil { // names and keys can be written
		panic("custody: digest of keyholders: " + err.Error())
	}
	for _, k := range able {
		names = append(names, k.Person)
	}
	sum := sha256.Sum256(text)
	return names, hex.EncodeToString(sum[:])
}

// KeysOf is what is known of somebody's key: since when they have it, and when it last
// opened something. A key that is lost shows only where it is used.
type KeysOf struct {
	Since   time.Time `json:"since,omitzero"`   // when they became keyholder, or changed their key; zero: they are none
	Drilled time.Time `json:"drilled,omitzero"` // when they last opened an envelope in a drill; zero: never with this key
	Overdue bool      `json:"overdue,omitzero"` // a drill of theirs is, and that is on record
}

// DrillDue says when somebody has to have taken part in a drill again; zero: never.
func (s *State) DrillDue(p Person) time.Time {
	every := s.Policy().Values.DrillEvery
	if p.Keys.Since.IsZero() || p.Disabled || every <= 0 {
		return time.Time{}
	}
	if p.Keys.Drilled.After(p.Keys.Since) {
		return p.Keys.Drilled.Add(every)
	}
	return p.Keys.Since.Add(every)
}

func (s *State) expectDrill(p Person) {
	if due := s.DrillDue(p); !due.IsZero() && !p.Keys.Overdue {
		s.expect(due)
	}
}

// rekeyed notes whose keys another policy brings, changes or takes.
func (s *State) rekeyed(was, is Keyholders, now time.Time) {
	for _, k := range was.List() {
		if !slices.ContainsFunc(is.List(), func(other Keyholder) bool { return other.Person == k.Person }) {
			s.editPerson(k.Person, func(p *Person) { p.Keys = KeysOf{} })
		}
	}
	for _, k := range is.List() {
		if !slices.Contains(was.List(), k) {
			s.editPerson(k.Person, func(p *Person) { p.Keys = KeysOf{Since: now} })
		}
	}
	for _, k := range is.List() {
		p, _ := s.Person(k.Person)
		s.expectDrill(p)
	}
	s.countKeyholders()
}

// countKeyholders has time look whether there are enough, and forgets that there were not.
func (s *State) countKeyholders() {
	few := s.fewKeyholders()
	if known := s.Envelopes(); known.Few && !few {
		known.Few = false
		s.envelopes = &known
	} else if few && !known.Few {
		s.expect(s.Time)
	}
}

// fewKeyholders says that the policy has keyholders, and no two of them have access.
func (s *State) fewKeyholders() bool {
	return len(s.Policy().Values.Keyholders.List()) > 0 && len(s.Keyholders()) < minKeyholders
}

// tickKeyholders lets time act on drills that nobody held, and says once that there are too
// few keyholders.
func (d *decision) tickKeyholders() {
	if d.state.fewKeyholders() && !d.state.Envelopes().Few {
		d.happen(KeyholdersFew{Able: d.state.ableKeyholders()})
	}
	for _, k := range d.state.Keyholders() {
		p, _ := d.state.Person(k.Person)
		if due := d.state.DrillDue(p); !due.IsZero() && !p.Keys.Overdue && !d.now.Before(due) {
			d.happen(DrillOverdue{Person: p.Username})
		}
	}
}

func (s *State) ableKeyholders() (names []string) {
	for _, k := range s.Keyholders() {
		names = append(names, k.Person)
	}
	return names
}

// KeyholdersFew: no envelope can be made until a policy names others.
type KeyholdersFew struct {
	Able []string `json:"able,omitzero"` // who is left, by username
}

var _ = fact(KeyholdersFew{})

func (KeyholdersFew) Type() string               { return "envelope.keyholders_few" }
func (KeyholdersFew) Subject() string            { return "" }
func (f KeyholdersFew) concerns(*State) Concerns { return Concerns{People: f.Able} }
func (KeyholdersFew) grade() Grade               { return Serious }
func (KeyholdersFew) by(*State, Event) Who       { return bySystem() }

func (f KeyholdersFew) allowed(s *State, e Event) error {
	if !s.fewKeyholders() || s.Envelopes().Few || !slices.Equal(f.Able, s.ableKeyholders()) {
		return e.violates("I12", "too few keyholders, though there are enough, twice, or others")
	}
	return nil
}

func (KeyholdersFew) apply(s *State, _ Event) {
	known := s.Envelopes()
	known.Few = true
	s.envelopes = &known
}

// DrillOverdue: whether somebody still has their key has not been tried for too long.
type DrillOverdue struct {
	Person string `json:"person"`
}

var _ = fact(DrillOverdue{})

func (DrillOverdue) Type() string               { return "envelope.drill_overdue" }
func (f DrillOverdue) Subject() string          { return f.Person }
func (f DrillOverdue) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (DrillOverdue) grade() Grade               { return Serious }
func (DrillOverdue) by(*State, Event) Who       { return bySystem() }

func (f DrillOverdue) allowed(s *State, e Event) error {
	p, _ := s.Person(f.Person)
	if due := s.DrillDue(p); due.IsZero() || p.Keys.Overdue || e.Time.Before(due) {
		return e.violates("I12", "a drill that is overdue before its time, twice, or of no keyholder")
	}
	return nil
}

func (f DrillOverdue) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Keys.Overdue = true })
}

func refuseKeyholdersSame(p Person, other string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Field: "policy.keyholders", Key: "keyholders_same", Args: Args{"person": p.Username, "other": other}}
}
