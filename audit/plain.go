package audit

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// PlainReader reads JSON as Encode writes it when nothing in it needs an escape or
// a fraction, which is almost every entry there is. It refuses nothing: where a
// text is not what its user looks for, that user gives up, and has a strict reader
// read it anew and say what is wrong. So it need not be a parser of JSON; but it
// must accept nothing that the strict reader would not have accepted, with the same
// result: FuzzPlainReader holds the two against each other for entries.
//
// It is several times as fast: the names are looked for in the one order that
// they can have, and what jsontext asks of each string is asked once, of the text.
//
// The zero value is ready for Reset. It is not safe for use by several goroutines
// at once; one that is used again remembers strings, instead of copying them.
type PlainReader struct {
	rest  []byte // not yet read
	words [1024]string
}

// Reset makes the reader start at text, which it reads in place, and reports
// whether it can: every quote in it then begins or ends a string, and whatever
// stands between two of them is a string as RFC 8785 writes it, with no escape, no
// control character, and valid UTF-8.
func (r *PlainReader) Reset(text []byte) bool {
	r.rest = text
	return isPlain(text)
}

// AtEnd reports whether all has been read.
func (r *PlainReader) AtEnd() bool { return len(r.rest) == 0 }

// Skip reads what must come next, if it does.
func (r *PlainReader) Skip(next string) bool {
	if len(r.rest) < len(next) || string(r.rest[:len(next)]) != next {
		return false
	}
	r.rest = r.rest[len(next):]
	return true
}

// Text reads a string from behind its opening quote, in place.
func (r *PlainReader) Text(to *[]byte) bool {
	end := bytes.IndexByte(r.rest, '"')
	if end < 0 {
		return false
	}
	*to, r.rest = r.rest[:end], r.rest[end+1:]
	return true
}

// Word is Text for what most likely has come before.
func (r *PlainReader) Word(to *string) bool {
	var text []byte
	ok := r.Text(&text)
	*to = wordIn(r.words[:], text)
	return ok
}

// Natural reads a number from 0 to 10^15-1, which a float64 holds.
func (r *PlainReader) Natural(to *int64) bool {
	n := 0
	*to = 0
	for ; n < len(r.rest) && n <= 15 && r.rest[n]-'0' <= 9; n++ {
		*to = *to*10 + int64(r.rest[n]-'0')
	}
	if n == 0 || n > 15 || n > 1 && r.rest[0] == '0' {
		return false
	}
	r.rest = r.rest[n:]
	return true
}

// plainDepth bounds the nesting that a PlainReader follows.
const plainDepth = 8

// entry reads an entry, or gives up.
func (r *PlainReader) entry(text []byte) (e Entry, ok bool) {
	if !r.Reset(text) {
		return e, false
	}
	var v, at []byte
	ok = r.Skip(`{"actor":"`) && r.Word(&e.Actor) &&
		(!r.Skip(`,"clock":"held"`) || set(&e.Clock, ClockHeld)) &&
		(!r.Skip(`,"confirm":{"method":"`) || r.confirm(&e)) &&
		r.Skip(`,"data":`) && r.data(&e.Data) &&
		r.Skip(`,"grade":"`) && r.grade(&e.Grade) &&
		(!r.Skip(`,"request":"`) || r.Text(&v) && set(&e.Request, string(v)) && e.Request != "") &&
		r.Skip(`,"subject":"`) && r.Word(&e.Subject) &&
		r.Skip(`,"time":"`) && r.Text(&at) &&
		r.Skip(`,"type":"`) && r.Word(&e.Type) &&
		string(r.rest) == `,"v":1}`
	if !ok || e.Actor == "" || e.Type == "" || parseTime(&e.Time, at) != nil || e.Time.IsZero() {
		return e, false
	}
	e.V = Version
	return e, true
}

func set(to *string, value string) bool {
	*to = value
	return true
}

func (r *PlainReader) grade(to *string) bool {
	return r.Skip(`ordinary"`) && set(to, "ordinary") || r.Skip(`serious"`) && set(to, "serious") || r.Skip(`special"`) && set(to, "special")
}

// confirm reads what is behind the name of the method.
func (r *PlainReader) confirm(e *Entry) bool {
	e.Confirm = new(Confirm)
	c := e.Confirm
	return r.Word(&c.Method) && r.Skip(`,"person":"`) && r.Word(&c.Person) && r.Skip(`,"step":`) && r.Natural(&c.Step) &&
		r.Skip(`}`) && c.Method != "" && c.Person != ""
}

func (r *PlainReader) data(to *jsontext.Value) bool {
	text := r.rest
	if !r.Skip(`{`) || !r.members(plainDepth) {
		return false
	}
	end := len(text) - len(r.rest)
	*to = jsontext.Value(text[:end:end])
	return true
}

// members reads an object from behind its brace.
func (r *PlainReader) members(depth int) bool {
	if r.Skip(`}`) {
		return true
	}
	var name, previous []byte
	for first := true; ; first = false {
		if !r.Skip(`"`) || !r.Text(&name) || !r.Skip(`:`) || !isASCII(name) {
			return false
		}
		if !first && bytes.Compare(previous, name) >= 0 {
			return false
		}
		previous = name
		if !r.value(depth - 1) {
			return false
		}
		if !r.Skip(`,`) {
			return r.Skip(`}`)
		}
	}
}

func (r *PlainReader) value(depth int) bool {
	if len(r.rest) == 0 || depth == 0 {
		return false
	}
	switch c := r.rest[0]; c {
	case '"':
		r.rest = r.rest[1:]
		return r.Text(new([]byte))
	case '{':
		r.rest = r.rest[1:]
		return r.members(depth)
	case '[':
		r.rest = r.rest[1:]
		return r.elements(depth)
	case 't':
		return r.Skip(`true`)
	case 'f':
		return r.Skip(`false`)
	case 'n':
		return r.Skip(`null`)
	}
	return r.Natural(new(int64))
}

// elements reads an array from behind its bracket.
func (r *PlainReader) elements(depth int) bool {
	if r.Skip(`]`) {
		return true
	}
	for {
		if !r.value(depth - 1) {
			return false
		}
		if !r.Skip(`,`) {
			return r.Skip(`]`)
		}
	}
}

func isPlain(text []byte) bool {
	if bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
		return false
	}
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] { // of eight bytes, is any less than a space?
		if w := binary.LittleEndian.Uint64(text); (w-ones*' ')&^w&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if c < ' ' {
			return false
		}
	}
	return true
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
