package custody

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
		V:       audit.Version,
		Time:    e.Time,
		Type:    e.Fact.Type(),
		Grade:   string(e.Grade()),
		Actor:   e.Actor,
		Subject: e.Fact.Subject(),
		Data:    data,
		Request: e.Request,
	}
	switch {
	case e.Stalled:
		entry.Clock = audit.ClockStalled
	case e.correctsClock():
		entry.Clock = audit.ClockCorrected
	}
	if e.Cause != nil {
		if entry.Command, err = e.Cause.record(); err != nil {
			return audit.Entry{}, fmt.Errorf("custody: record the command of %s: %w", e.Fact.Type(), err)
		}
	}
	if e.Confirm != nil {
		entry.Confirm = &audit.Confirm{Method: confirmedByTOTP, Person: e.Confirm.Person, Step: e.Confirm.Step}
	}
	return entry, nil
}

// Encode gives the canonical bytes of the event's entry.
func (e Event) Encode() ([]byte, error) {
	entry, err := e.Record()
	if err != nil {
		return nil, err
	}
	return entry.Encode()
}

// ReadRecord gives the event of an entry's canonical bytes. Its errors are those of
// audit.DecodeEntry and of FromRecord.
func ReadRecord(record []byte) (Event, error) {
	entry, err := audit.DecodeEntry(record)
	if err != nil {
		return Event{}, err
	}
	return FromRecord(entry)
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
		Stalled: entry.Clock == audit.ClockStalled,
		Actor:   entry.Actor,
		Request: entry.Request,
		Fact:    fact,
	}
	if entry.Command != nil {
		if e.Cause, err = causeFromRecord(entry.Command); err != nil {
			return Event{}, err
		}
	}
	if c := entry.Confirm; c != nil {
		if c.Method != confirmedByTOTP {
			return Event{}, fmt.Errorf("custody: unknown confirmation method")
		}
		e.Confirm = &Confirmation{Person: c.Person, Step: c.Step}
	}
	if (entry.Clock == audit.ClockCorrected) != e.correctsClock() {
		return Event{}, fmt.Errorf("custody: a corrected clock without its entry, or its entry without one")
	}
	if fact.Type() != entry.Type || fact.Subject() != entry.Subject || string(e.Grade()) != entry.Grade {
		return Event{}, fmt.Errorf("custody: type, subject or grade of a %s entry contradicts its data", entry.Type)
	}
	return e, nil
}

func decodeFact(kind string, data []byte) (Fact, error) {
	known, ok := registered[kind]
	if !ok {
		return nil, fmt.Errorf("custody: unknown entry type")
	}
	return known.decode(data)
}

// decoderOf gives a decoder that refuses data which the fact would have written
// in another way: one event has one entry.
func decoderOf[F Fact]() func([]byte) (Fact, error) {
	return func(data []byte) (Fact, error) {
		var f F
		if err := json.Unmarshal(data, &f, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("custody: data of a %s entry: %w", f.Type(), err)
		}
		if err := writtenAs(f, data); err != nil {
			return nil, fmt.Errorf("custody: data of a %s entry: %w", f.Type(), err)
		}
		return f, nil
	}
}

// writtenAs says whether a canonical text is how a value is written.
func writtenAs(value any, text []byte) error {
	again, err := json.Marshal(value)
	if err != nil || bytes.Equal(again, text) { // most are written in canonical order
		return err
	}
	if err := (*jsontext.Value)(&again).Canonicalize(); err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return fmt.Errorf("it is not written as Tandem writes it")
	}
	return nil
}

// command is a Cause as it is written.
type command struct {
	Args      jsontext.Value `json:"args"`
	Clock     time.Time      `json:"clock,omitzero"`
	Enrolment int64          `json:"enrolment,omitzero"`
	Proof     string         `json:"proof,omitzero"`   // "": none was looked at
	Session   string         `json:"session,omitzero"` // "": it was not looked at
	Step      int64          `json:"step,omitzero"`
	Verb      string         `json:"verb"`
}

const (
	proofRight = "totp"
	proofWrong = "wrong"
)

func (c Cause) record() (jsontext.Value, error) {
	args, err := json.Marshal(c.Action)
	if err != nil {
		return nil, err
	}
	w := command{Args: args, Clock: c.Clock, Session: c.Session, Verb: c.Action.Verb()}
	if c.Proof.Given {
		w.Proof, w.Enrolment = proofWrong, c.Proof.Enrolment
		if len(c.Proof.Steps) > 0 {
			w.Proof, w.Step = proofRight, c.Proof.Steps[0]
		}
	}
	return json.Marshal(w)
}

func causeFromRecord(text jsontext.Value) (*Cause, error) {
	var w command
	if err := json.Unmarshal(text, &w, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("custody: the command of an entry: %w", err)
	}
	read, known := commands[w.Verb]
	if !known {
		return nil, fmt.Errorf("custody: unknown command")
	}
	a, err := read(w.Args)
	if err != nil {
		return nil, err
	}
	c := &Cause{Action: a, Clock: w.Clock, Session: w.Session}
	switch w.Proof {
	case proofRight:
		c.Proof = Proof{Given: true, Steps: []int64{w.Step}, Enrolment: w.Enrolment}
	case proofWrong:
		c.Proof = Proof{Given: true, Enrolment: w.Enrolment}
	}
	// What is left out, or there twice over, shows here.
	again, err := c.record()
	if err != nil {
		return nil, err
	}
	if bytes.Equal(again, text) {
		return c, nil
	}
	if err := again.Canonicalize(); err != nil || !bytes.Equal(again, text) {
		return nil, fmt.Errorf("custody: the command of an entry is not written as Tandem writes it")
	}
	return c, nil
}
