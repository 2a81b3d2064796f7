package custody

import (
	"fmt"
	"slices"
	"time"
)

// Grade is how serious an event is (clause 4.5).
type Grade string

// The grades.
const (
	Ordinary Grade = "ordinary" // no harm, or harm that has stopped spreading
	Serious  Grade = "serious"  // a threat to the information system
	Special  Grade = "special"  // a malicious attack, or another sudden event
)

// Event is something that happened: one event is one entry of the ledger.
type Event struct {
	Time    time.Time // UTC, whole milliseconds
	Stalled bool      // the clock had gone back, so the last entry's time was used again
	Actor   string    // username, or System
	Request string
	Confirm *Confirmation
	Cause   *Cause // in the first event of a command; nil in those that follow it
	Fact    Fact
}

// Cause is the command that led to an event and to those behind it, so that an
// auditor can carry it out again: with every name, never "all", and with what of
// the code was looked at.
type Cause struct {
	Action Action
	Proof  Proof
	Clock  time.Time // what the clock said, where it had gone back behind the ledger; zero: Event.Time

	// Session is the log-in by which the command came, where it matters in which device it
	// was given: hex of the SHA-256 of its token.
	Session string
}

// Confirmation says that a named person gave a TOTP code for exactly this
// request. All events of one request carry the same one.
type Confirmation struct {
	Person string
	Step   int64 // never the code
}

// Fact is one thing that happened. Everything that the program knows of its
// kind is said by these methods, in the file of its subject, and the compiler
// asks for all of them. Its JSON form is the data of a ledger entry, so a field
// is only ever added, with omitzero.
type Fact interface {
	Type() string    // "handover.accepted"
	Subject() string // the credential, handover or person it is about; "": none of them

	concerns(*State) Concerns    // what it is about, in the state that it happened in
	grade() Grade                // how serious it is
	by(*State, Event) Who        // whose it is to bring about
	allowed(*State, Event) error // the law: what must have been true, as a Violation
	apply(s *State, e Event)     // moves the state; cannot refuse
}

// Concerns is what an event is about: what histories, indexes and pictures
// find it by.
type Concerns struct {
	People      []string
	Credentials []string
	Handovers   []string
	Proposals   []string
	Incidents   []string
}

// Concerns gives what the event is about. The state is that before the event, or
// the fork in which it was applied: a root forgets handovers that are over.
func (e Event) Concerns(s *State) Concerns { return e.Fact.concerns(s) }

// Grade says how serious the event is.
func (e Event) Grade() Grade { return e.Fact.grade() }

// Who says whose it is to bring a fact about. The zero value is nobody: what is
// forgotten refuses.
type Who struct {
	System       bool     // nobody commanded it, or nobody can
	Anybody      bool     // any person
	People       []string // these, by username; an empty name is nobody's
	Roles        []Role   // whoever has one of these
	EvenDisabled bool     // also somebody whose account is disabled
	Confirmed    bool     // a person's confirmation must be on it
}

func bySystem() Who                 { return Who{System: true} }
func byPerson(names ...string) Who  { return Who{People: names} }
func byRole(roles ...Role) Who      { return Who{Roles: roles} }
func (w Who) orSystem() Who         { w.System = true; return w }
func (w Who) orPerson(n string) Who { w.People = append(w.People, n); return w }
func (w Who) confirmed() Who        { w.Confirmed = true; return w }

// includes says whether the actor of an event is one of them.
func (w Who) includes(s *State, actor string) bool {
	if actor == System {
		return w.System
	}
	p, known := s.Person(actor)
	if !known || p.Disabled && !w.EvenDisabled {
		return false
	}
	return w.Anybody || slices.Contains(w.People, actor) || slices.ContainsFunc(w.Roles, p.Is)
}

// registered has one fact and one reader for each type that an entry can have.
var registered = map[string]kind{}

type kind struct {
	fact   Fact
	decode func(data []byte) (Fact, error)
}

// fact enters a kind of fact in the registry, under the type that this value of
// it has. Each is one line in the file of its subject.
func fact[F Fact](f F) F {
	if _, twice := registered[f.Type()]; twice {
		panic(fmt.Sprintf("custody: two facts are called %s", f.Type()))
	}
	registered[f.Type()] = kind{f, decoderOf[F]()}
	return f
}

// EntryTypes lists every type that an entry can have, sorted.
func EntryTypes() []string { return keys(registered) }

// FactOf gives a fact of a type, with nothing in it: for catalogues that have
// something to say of every type. nil: there is none.
func FactOf(entryType string) Fact { return registered[entryType].fact }

func (e Event) violates(invariant, detail string) error {
	return &Violation{Invariant: invariant, Subject: e.Fact.Subject(), Detail: e.Fact.Type() + ": " + detail}
}
