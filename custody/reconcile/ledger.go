package reconcile

import (
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
}

// span is a rotation's time; the end is zero while it lasts.
type span struct {
	id         custody.RotationID
	start, end time.Time
}

// NewLedger is for these accesses.
func NewLedger(accesses []Access) *Ledger {
	l := &Ledger{
		wanted: map[string]bool{}, entries: map[string][]custody.Event{},
		rotations: map[string][]span{}, number: map[string]int64{},
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
	switch f := e.Fact.(type) {
	case custody.CredentialAdded:
		l.number[f.Credential] = 0
		l.start(f.Credential, e.Time)
	case custody.RotationStarted:
		l.start(f.Credential, e.Time)
	case custody.HandoverReturned:
		for _, name := range f.Credentials {
			l.start(name, e.Time)
		}
	case custody.RotationPromoted:
		l.end(f.Credential, e.Time)
	case custody.CredentialRetired:
		l.end(f.Credential, e.Time)
	}
}

func (l *Ledger) start(credential string, at time.Time) {
	l.number[credential]++
	id := custody.RotationID{Credential: credential, Number: l.number[credential]}
	if request := rotation.RequestID(id); l.wanted[request] {
		l.rotations[request] = append(l.rotations[request], span{id: id, start: at})
	}
}

func (l *Ledger) end(credential string, at time.Time) {
	request := rotation.RequestID(custody.RotationID{Credential: credential, Number: l.number[credential]})
	if spans := l.rotations[request]; len(spans) > 0 && spans[len(spans)-1].end.IsZero() {
		spans[len(spans)-1].end = at
	}
}
