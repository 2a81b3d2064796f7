package audit

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Version is the format version of every entry. Version 1 had no commands;
// version 2 said "held" of a clock that had gone back, which is the word for custody.
const Version = 3

// MaxEntrySize is the greatest length of an encoded entry, in bytes. A
// tlog-tiles entry bundle gives lengths as 16-bit numbers.
const MaxEntrySize = 65535

// ClockStalled marks an entry for which the clock had gone back, so that the time
// of the entry before was used again.
const ClockStalled = "stalled"

// ClockCorrected marks an entry that is earlier than the one before: the clock had
// been ahead, and was set right. No other entry may be.
const ClockCorrected = "corrected"

const timeLayout = "2006-01-02T15:04:05.000Z"

// What Encode and DecodeEntry refuse.
var (
	ErrEntryTooLarge = fmt.Errorf("audit: entry of more than %d bytes", MaxEntrySize)
	ErrMalformed     = errors.New("audit: not a ledger entry")

	// ErrNotCanonical means that a text is JSON, but not in the one form that
	// RFC 8785 gives its value: white space, another order of members, a member
	// twice, a string or a number written in a longer way.
	ErrNotCanonical = errors.New("audit: not in RFC 8785 canonical form")
)

// Entry is one record of the ledger, in the format that the package
// documentation spells out.
type Entry struct {
	V       int            // Version
	Time    time.Time      // UTC, whole milliseconds, not the zero time
	Clock   string         // "", ClockStalled or ClockCorrected
	Type    string         // "handover.accepted"
	Grade   string         // "ordinary", "serious" or "special"
	Actor   string         // username, or "system"
	Subject string         // the credential, handover or person it is about; "" if none
	Command jsontext.Value // an object; nil in all but the first entry of a command
	Data    jsontext.Value // an object; nil counts as {}
	Confirm *Confirm       // nil if nobody had to confirm
	Request string         // request id; "" if none
}

// Confirm says that a person confirmed the request that made the entry. It
// never holds the code.
type Confirm struct {
	Method string `json:"method"` // "totp"
	Person string `json:"person"` // username
	Step   int64  `json:"step"`   // RFC 6238 time step of the code, 0 to 2^53
}

// member is an entry as it is written. What may be left out is a Value, in which
// null is not the same as nothing.
type member struct {
	Actor   string         `json:"actor"`
	Clock   jsontext.Value `json:"clock,omitzero"`
	Command jsontext.Value `json:"command,omitzero"`
	Confirm jsontext.Value `json:"confirm,omitzero"`
	Data    jsontext.Value `json:"data"`
	Grade   string         `json:"grade"`
	Request jsontext.Value `json:"request,omitzero"`
	Subject *string        `json:"subject"`
	Time    string         `json:"time"`
	Type    string         `json:"type"`
	V       int            `json:"v"`
}

// Encode gives the canonical bytes of an entry, which are what the tree
// commits to: DecodeEntry accepts them and nothing else for this entry. White
// space and the order of members in Data and Command do not matter.
//
// The errors are ErrEntryTooLarge, ErrMalformed and ErrNotCanonical; the last
// for a number that RFC 8785 would change, such as an integer beyond 2^53:
// write those as strings.
func (e Entry) Encode() ([]byte, error) {
	if e.Time.Nanosecond()%int(time.Millisecond) != 0 {
		return nil, fmt.Errorf("%w: time is not in whole milliseconds", ErrMalformed)
	}
	m := member{
		Actor: e.Actor, Command: e.Command, Data: e.Data, Grade: e.Grade, Subject: &e.Subject,
		Time: e.Time.UTC().Format(timeLayout), Type: e.Type, V: e.V,
	}
	if m.Data == nil {
		m.Data = jsontext.Value(`{}`)
	}
	var err error
	if e.Clock != "" {
		m.Clock, err = json.Marshal(e.Clock)
	}
	if e.Request != "" && err == nil {
		m.Request, err = json.Marshal(e.Request)
	}
	if e.Confirm != nil && err == nil {
		m.Confirm, err = json.Marshal(e.Confirm)
	}
	if err != nil {
		return nil, malformed(err)
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return nil, malformed(err)
	}
	if err := (*jsontext.Value)(&encoded).Format(jsontext.ReorderRawObjects(true)); err != nil {
		return nil, malformed(err)
	}
	// What enters the ledger stays, so it must be what a verifier accepts.
	if _, err := DecodeEntry(encoded); err != nil {
		return nil, err
	}
	return encoded, nil
}

// DecodeEntry gives the entry that b encodes. Data and Command are copies.
//
// It refuses, with ErrEntryTooLarge, ErrMalformed or ErrNotCanonical, whatever
// Encode does not write: so two different byte strings are never the same entry.
func DecodeEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntrySize {
		return Entry{}, ErrEntryTooLarge
	}
	canonical := jsontext.Value(bytes.Clone(b))
	if err := canonical.Canonicalize(jsontext.AllowDuplicateNames(true)); err != nil {
		return Entry{}, malformed(err)
	}
	if !bytes.Equal(canonical, b) {
		return Entry{}, ErrNotCanonical
	}
	var m member
	if err := json.Unmarshal(b, &m, json.RejectUnknownMembers(true)); err != nil {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return Entry{}, fmt.Errorf("%w: %w", ErrNotCanonical, err)
		}
		return Entry{}, malformed(err)
	}
	return m.entry()
}

// entry checks what the types of the members do not say.
func (m member) entry() (Entry, error) {
	e := Entry{
		V: m.V, Type: m.Type, Grade: m.Grade, Actor: m.Actor, Command: m.Command, Data: m.Data,
	}
	var err error
	switch {
	case m.V != Version:
		return Entry{}, fmt.Errorf("%w: format version %d, this program knows %d", ErrMalformed, m.V, Version)
	case m.Actor == "" || m.Type == "" || m.Subject == nil:
		return Entry{}, fmt.Errorf("%w: a field is missing or empty", ErrMalformed)
	case m.Grade != "ordinary" && m.Grade != "serious" && m.Grade != "special":
		return Entry{}, fmt.Errorf("%w: a grade that is none", ErrMalformed)
	case m.Clock != nil && string(m.Clock) != `"`+ClockStalled+`"` && string(m.Clock) != `"`+ClockCorrected+`"`:
		return Entry{}, fmt.Errorf("%w: a clock that is neither stalled nor corrected", ErrMalformed)
	case m.Data.Kind() != '{' || m.Command != nil && m.Command.Kind() != '{':
		return Entry{}, fmt.Errorf("%w: data or command is no object", ErrMalformed)
	}
	if e.Time, err = parseTime(m.Time); err != nil {
		return Entry{}, err
	}
	e.Subject = *m.Subject
	if m.Clock != nil {
		e.Clock = ClockStalled
		if string(m.Clock) == `"`+ClockCorrected+`"` {
			e.Clock = ClockCorrected
		}
	}
	if m.Request != nil {
		if err := json.Unmarshal(m.Request, &e.Request); err != nil || e.Request == "" {
			return Entry{}, fmt.Errorf("%w: a request without an id", ErrMalformed)
		}
	}
	if m.Confirm != nil {
		if e.Confirm, err = readConfirm(m.Confirm); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}

// parseTime reads a time in timeLayout.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	// Parse is lenient about digits; writing it again is not.
	if err != nil || t.IsZero() || t.Format(timeLayout) != s {
		return time.Time{}, fmt.Errorf("%w: time is not as in %s", ErrMalformed, timeLayout)
	}
	return t, nil
}

func readConfirm(text jsontext.Value) (*Confirm, error) {
	var c struct {
		Method string `json:"method"`
		Person string `json:"person"`
		Step   *int64 `json:"step"`
	}
	if err := json.Unmarshal(text, &c, json.RejectUnknownMembers(true)); err != nil {
		return nil, malformed(err)
	}
	if c.Method == "" || c.Person == "" || c.Step == nil || *c.Step < 0 {
		return nil, fmt.Errorf("%w: confirm is not complete", ErrMalformed)
	}
	return &Confirm{Method: c.Method, Person: c.Person, Step: *c.Step}, nil
}

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }
