package custody

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/audit"
)

// confirmedByTOTP is the only way to confirm that there is so far.
const confirmedByTOTP = "totp"

// Record gives the ledger entry of an event.
func (e Event) Record() (audit.Entry, error) {
	if _, known := registered[e.Fact.Type()]; !known { // it could never be read again
		return audit.Entry{}, fmt.Errorf("custody: %s is not in the registry of facts", e.Fact.Type())
	}
	data, err := json.Marshal(e.Fact)
	if err != nil {
		return audit.Entry{}, fmt.Errorf("custody: record %s: %w", e.Fact.Type(), err)
	}
	entry := audit.Entry{
		V:       1,
		Time:    e.Time,
		Type:    e.Fact.Type(),
		Grade:   string(e.Grade()),
		Actor:   e.Actor,
		Subject: e.Fact.Subject(),
		Data:    data,
		Request: e.Request,
	}
	if e.Held {
		entry.Clock = "held"
	}
	if e.Confirm != nil {
		entry.Confirm = &audit.Confirm{Method: confirmedByTOTP, Person: e.Confirm.Person, Step: e.Confirm.Step}
	}
	return entry, nil
}

// FromRecord gives the event of a ledger entry. It refuses an entry that Record
// would not have written: an unknown type or field, a grade or subject that
// does not follow from the fact.
func FromRecord(entry audit.Entry) (Event, error) {
	fact, err := decodeFact(entry.Type, entry.Data)
	if err != nil {
		return Event{}, err
	}
	e := Event{
		Time:    entry.Time,
		Held:    entry.Clock == "held",
		Actor:   entry.Actor,
		Request: entry.Request,
		Fact:    fact,
	}
	if c := entry.Confirm; c != nil {
		if c.Method != confirmedByTOTP {
			return Event{}, fmt.Errorf("custody: unknown confirmation method")
		}
		e.Confirm = &Confirmation{Person: c.Person, Step: c.Step}
	}
	if fact.Type() != entry.Type || fact.Subject() != entry.Subject || string(e.Grade()) != entry.Grade {
		return Event{}, fmt.Errorf("custody: type, subject or grade of a %s entry contradicts its data", entry.Type)
	}
	return e, nil
}

func decodeFact(kind string, data []byte) (Fact, error) {
	decoder, ok := registered[kind]
	if !ok {
		return nil, fmt.Errorf("custody: unknown entry type")
	}
	return decoder(data)
}

// decoderOf gives a decoder that has a plan for data as it is written, and reads
// any other strictly.
func decoderOf[F Fact]() func([]byte) (Fact, error) {
	plan := planFor(reflect.TypeFor[F]())
	return func(data []byte) (Fact, error) {
		var f F
		if plan.read(data, reflect.ValueOf(&f).Elem()) {
			return f, nil
		}
		return decodeStrictly[F](data)
	}
}

func decodeStrictly[F Fact](data []byte) (Fact, error) {
	var f F
	if err := json.Unmarshal(data, &f, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("custody: data of a %s entry: %w", f.Type(), err)
	}
	return f, nil
}
