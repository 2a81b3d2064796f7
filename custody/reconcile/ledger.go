package reconcile

import (
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// Ledger gathers from the ledger what the accesses of one audit log need: it
// takes memory for them and for the credentials, not for every entry.
type Ledger struct {
	wanted    map[string]bool            // ids of requests
	entries   map[string][]custody.Event // of these requests
	rotations map[string][]span          // by the id under which each runs
	number    map[string]int64           // of each credential's last rotation

	dependents map[string][]string // of each credential, by its policy
	untold     map[string][]string // of these, which do not have the current password
}

// span is a rotation's time; the end is zero while it lasts. Afterwards its
// dependents are told the new password under its id, until told.
type span struct {
	id               custody.RotationID
	start, end, told time.Time
}

// NewLedger is for these accesses.
func NewLedger(accesses []Access) *Ledger {
	l := &Ledger{
		wanted: map[string]bool{}, entries: map[string][]custody.Event{},
		rotations: map[string][]span{}, number: map[string]int64{},
		dependents: map[string][]string{}, untold: map[string][]string{},
	}
	for _, a := range accesses {
		if a.Request != "" {
			l.wanted[a.Request] = true
		}
	}
	return l
}

// Add takes the next event, of all of them in order.
func (l *Ledger) Add(e custody.Event) {
	if l.wanted[e.Request] {
		l.entries[e.Request] = append(l.entries[e.Request], e)
	}
	if f, is := e.Fact.(custody.CredentialAdded); is {
		l.number[f.Credential], l.dependents[f.Credential] = 0, f.Policy.Dependents
	}
	for _, credential := range custody.Begins(e.Fact) {
		l.start(credential, e.Time)
	}
	switch f := e.Fact.(type) {
	case custody.CredentialPolicyChanged:
		l.dependents[f.Credential] = f.Policy.Dependents
	case custody.RotationPromoted:
		l.end(f.Credential, e.Time)
		l.untold[f.Credential] = slices.Clone(l.dependents[f.Credential])
		l.tell(f.Credential, "", e.Time)
	case custody.DependentUpdated:
		l.tell(f.Credential, f.Dependent, e.Time)
	case custody.CredentialRetired:
		l.leaves(f.Credential, e.Time)
	case custody.CredentialAbandoned:
		l.leaves(f.Credential, e.Time)
	}
}

// leaves says that a credential is in custody no more.
func (l *Ledger) leaves(credential string, at time.Time) {
	l.end(credential, at)
	l.untold[credential] = nil
	l.tell(credential, "", at)
}

func (l *Ledger) start(credential string, at time.Time) {
	l.untold[credential] = nil // what it makes is what they are told next
	l.tell(credential, "", at)
	l.number[credential]++
	id := custody.RotationID{Credential: credential, Number: l.number[credential]}
	if request := rotation.RequestID(id); l.wanted[request] {
		l.rotations[request] = append(l.rotations[request], span{id: id, start: at})
	}
}

func (l *Ledger) end(credential string, at time.Time) {
	if s := l.last(credential); s != nil && s.end.IsZero() {
		s.end = at
	}
}

// tell notes that a dependent knows the password, and when the last one does.
func (l *Ledger) tell(credential, dependent string, at time.Time) {
	l.untold[credential] = slices.DeleteFunc(l.untold[credential], func(name string) bool { return name == dependent })
	if s := l.last(credential); s != nil && s.told.IsZero() && len(l.untold[credential]) == 0 {
		s.told = at
	}
}

// last gives the last rotation of a credential, if it is wanted.
func (l *Ledger) last(credential string) *span {
	request := rotation.RequestID(custody.RotationID{Credential: credential, Number: l.number[credential]})
	if spans := l.rotations[request]; len(spans) > 0 {
		return &spans[len(spans)-1]
	}
	return nil
}
