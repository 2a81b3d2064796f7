package audit

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Version is the format version of every entry.
const Version = 1

// MaxEntrySize is the greatest length of an encoded entry, in bytes. A
// tlog-tiles entry bundle gives lengths as 16-bit numbers.
const MaxEntrySize = 65535

// ClockHeld marks an entry for which the clock had gone back, so that the time
// of the entry before was used again.
const ClockHeld = "held"

const timeLayout = "2006-01-02T15:04:05.000Z"

// What Encode and DecodeEntry refuse; see also ErrNotCanonical.
var (
	ErrEntryTooLarge = fmt.Errorf("audit: entry of more than %d bytes", MaxEntrySize)
	ErrMalformed     = errors.New("audit: not a ledger entry")
)

// Entry is one record of the ledger, in the format that the package
// documentation spells out.
type Entry struct {
	V       int       // Version
	Time    time.Time // UTC, whole milliseconds, not the zero time
	Clock   string    // "" or ClockHeld
	Type    string    // "handover.accepted"
	Grade   string    // "ordinary", "serious" or "special"
	Actor   string    // username, or "system"
	Subject string    // the credential, handover or person it is about; "" if none
	Data    jsontext.Value
	Confirm *Confirm // nil if nobody had to confirm
	Request string   // request id; "" if none
}

// Confirm says that a person confirmed the request that made the entry. It
// never holds the code.
type Confirm struct {
	Method string `json:"method"` // "totp"
	Person string `json:"person"` // username
	Step   int64  `json:"step"`   // RFC 6238 time step of the code
}

// Encode gives the canonical bytes of an entry, which are what the tree
// commits to: DecodeEntry accepts them and nothing else for this entry. White
// space and the order of members in Data do not matter; nil counts as {}.
//
// The errors are ErrEntryTooLarge, ErrMalformed and ErrNotCanonical; the last
// for a number that RFC 8785 would change, such as an integer beyond 2^53:
// write those as strings.
func (e Entry) Encode() ([]byte, error) {
	if e.Time.Nanosecond()%int(time.Millisecond) != 0 {
		return nil, fmt.Errorf("%w: time is not in whole milliseconds", ErrMalformed)
	}
	if e.Data == nil {
		e.Data = jsontext.Value(`{}`)
	}
	encoded, err := json.Marshal(struct {
		Actor   string         `json:"actor"`
		Clock   string         `json:"clock,omitzero"`
		Confirm *Confirm       `json:"confirm,omitzero"`
		Data    jsontext.Value `json:"data"`
		Grade   string         `json:"grade"`
		Request string         `json:"request,omitzero"`
		Subject string         `json:"subject"`
		Time    string         `json:"time"`
		Type    string         `json:"type"`
		V       int            `json:"v"`
	}{
		e.Actor, e.Clock, e.Confirm, e.Data, e.Grade, e.Request, e.Subject,
		e.Time.UTC().Format(timeLayout), e.Type, e.V,
	})
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

// DecodeEntry gives the entry that b encodes. Data is a part of b, not a copy.
//
// It refuses, with ErrEntryTooLarge, ErrMalformed or ErrNotCanonical, whatever
// Encode does not write: so two different byte strings are never the same entry.
func DecodeEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntrySize {
		return Entry{}, ErrEntryTooLarge
	}
	plain := plainReaders.Get().(*PlainReader)
	e, ok := plain.entry(b)
	plainReaders.Put(plain)
	if ok {
		return e, nil
	}
	return decodeStrictly(b)
}

// decodeStrictly is DecodeEntry for any text at all.
func decodeStrictly(b []byte) (Entry, error) {
	r := readers.Get().(*canonicalReader)
	defer readers.Put(r)
	r.reset(b)

	var e Entry
	hasSubject := false
	if err := r.open(); err != nil {
		return Entry{}, err
	}
	err := r.members(func(name []byte) (err error) {
		switch string(name) {
		case `"actor"`:
			e.Actor, err = r.nonEmptyWord()
		case `"clock"`:
			e.Clock, err = r.oneOf(ClockHeld)
		case `"confirm"`:
			e.Confirm, err = r.confirm()
		case `"data"`:
			e.Data, err = r.data()
		case `"grade"`:
			e.Grade, err = r.oneOf("ordinary", "serious", "special")
		case `"request"`:
			var request []byte // a new one each time
			request, err = r.nonEmpty()
			e.Request = string(request)
		case `"subject"`:
			hasSubject = true
			e.Subject, err = r.anyWord()
		case `"time"`:
			e.Time, err = r.time()
		case `"type"`:
			e.Type, err = r.nonEmptyWord()
		case `"v"`:
			e.V, err = r.version()
		default:
			return fmt.Errorf("%w: unknown field", ErrMalformed)
		}
		return err
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Entry{}, err
	}
	if e.Actor == "" || e.Data == nil || e.Grade == "" || !hasSubject || e.Time.IsZero() || e.Type == "" || e.V == 0 {
		return Entry{}, fmt.Errorf("%w: a field is missing", ErrMalformed)
	}
	return e, nil
}

var (
	plainReaders = sync.Pool{New: func() any { return new(PlainReader) }}
	readers      = sync.Pool{New: func() any { return new(canonicalReader) }}
)

func (r *canonicalReader) anyWord() (string, error) {
	s, err := r.str()
	return r.word(s), err
}

func (r *canonicalReader) nonEmptyWord() (string, error) {
	s, err := r.nonEmpty()
	return r.word(s), err
}

func (r *canonicalReader) nonEmpty() ([]byte, error) {
	s, err := r.str()
	if err == nil && len(s) == 0 {
		err = fmt.Errorf("%w: an empty field", ErrMalformed)
	}
	return s, err
}

// oneOf reads one of the given words, which costs no memory.
func (r *canonicalReader) oneOf(words ...string) (string, error) {
	s, err := r.str()
	if err != nil {
		return "", err
	}
	for _, word := range words {
		if string(s) == word {
			return word, nil
		}
	}
	return "", fmt.Errorf("%w: a word that is not in its list", ErrMalformed)
}

func (r *canonicalReader) version() (int, error) {
	v, err := r.integer()
	if err == nil && v != Version {
		err = fmt.Errorf("%w: format version %d, this program knows %d", ErrMalformed, v, Version)
	}
	return int(v), err
}

func (r *canonicalReader) time() (t time.Time, err error) {
	s, err := r.str()
	if err != nil {
		return t, err
	}
	err = parseTime(&t, s)
	return t, err
}

// parseTime reads a time in timeLayout.
func parseTime(t *time.Time, s []byte) error {
	// UnmarshalText is strict about RFC 3339; with the length, the point and the
	// zone fixed, timeLayout is all that it can still accept.
	if len(s) != len(timeLayout) || s[19] != '.' || s[23] != 'Z' || t.UnmarshalText(s) != nil {
		return fmt.Errorf("%w: time is not as in %s", ErrMalformed, timeLayout)
	}
	return nil
}

func (r *canonicalReader) data() (jsontext.Value, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	start := r.offset() - len(`{`)
	if err := r.complete(r.text[start:]); err != nil {
		return nil, err
	}
	end := r.offset()
	return jsontext.Value(r.text[start:end:end]), nil
}

func (r *canonicalReader) confirm() (*Confirm, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	var c Confirm
	hasStep := false
	err := r.members(func(name []byte) (err error) {
		switch string(name) {
		case `"method"`:
			c.Method, err = r.nonEmptyWord()
		case `"person"`:
			c.Person, err = r.nonEmptyWord()
		case `"step"`:
			hasStep = true
			c.Step, err = r.integer()
		default:
			return fmt.Errorf("%w: unknown field in confirm", ErrMalformed)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if c.Method == "" || c.Person == "" || !hasStep || c.Step < 0 {
		return nil, fmt.Errorf("%w: confirm is not complete", ErrMalformed)
	}
	return &c, nil
}
