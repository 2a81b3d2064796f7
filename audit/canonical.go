package audit

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrNotCanonical means that a text is JSON, but not in the one form that
// RFC 8785 gives its value: white space, another order of members, a member
// twice, a string or a number written in a longer way.
var ErrNotCanonical = errors.New("audit: not in RFC 8785 canonical form")

// canonicalReader reads the tokens of one JSON text, once, and refuses whatever
// RFC 8785 would have written in another way. That proves the canonical form
// without writing the text again, which would take three times as long:
//
//   - jsontext proves the grammar, the UTF-8 and the escapes;
//   - a token that starts right behind its separator has no white space before it;
//   - names that strictly rise prove order and uniqueness at once;
//   - a string without a backslash has only one form; any other, and a number,
//     is compared with what jsontext would write.
type canonicalReader struct {
	dec     jsontext.Decoder
	input   bytes.Buffer
	text    []byte
	escapes bool // whether text has a backslash at all
	scratch []byte
	words   [256]string // strings of earlier texts, each where word looks for it
}

// reset makes the reader start at text, which it reads in place.
func (r *canonicalReader) reset(text []byte) {
	r.text = text
	r.escapes = bytes.IndexByte(text, '\\') >= 0
	r.input = *bytes.NewBuffer(text)
	// Rising names leave the decoder's own search for duplicates without work.
	r.dec.Reset(&r.input, jsontext.AllowDuplicateNames(true))
}

// end checks that the text ends here.
func (r *canonicalReader) end() error {
	if r.offset() != len(r.text) {
		return fmt.Errorf("%w: more bytes behind the value", ErrNotCanonical)
	}
	return nil
}

// offset is the end of the last token.
func (r *canonicalReader) offset() int { return int(r.dec.InputOffset()) }

// token reads one token and gives its bytes in the text. A string may still be
// longer than it must be, and so may a number.
func (r *canonicalReader) token() ([]byte, error) {
	start := r.offset()
	if start < len(r.text) && (r.text[start] == ',' || r.text[start] == ':') {
		start++
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, malformed(err)
	}
	raw := r.text[start:r.offset()]
	if raw[0] <= ' ' {
		return nil, fmt.Errorf("%w: white space", ErrNotCanonical)
	}
	return raw, nil
}

// open reads the start of an object.
func (r *canonicalReader) open() error {
	raw, err := r.token()
	if err != nil {
		return err
	}
	if raw[0] != '{' {
		return fmt.Errorf("%w: no object where one must be", ErrMalformed)
	}
	return nil
}

// members reads the rest of an object. It calls member after each name, which
// it gives in quotes; member must read the value.
func (r *canonicalReader) members(member func(name []byte) error) error {
	var previous []byte
	for {
		name, err := r.token()
		if err != nil {
			return err
		}
		if name[0] == '}' {
			return nil
		}
		if err := r.checkString(name); err != nil {
			return err
		}
		if previous != nil && !r.rises(previous, name) {
			return fmt.Errorf("%w: member names out of order", ErrNotCanonical)
		}
		previous = name
		if err := member(name); err != nil {
			return err
		}
	}
}

// value reads one value of any kind.
func (r *canonicalReader) value() error {
	first, err := r.token()
	if err != nil {
		return err
	}
	return r.complete(first)
}

// complete reads the rest of the value that starts with the token first.
func (r *canonicalReader) complete(first []byte) error {
	switch first[0] {
	case '{':
		return r.members(func([]byte) error { return r.value() })
	case '[':
		for {
			next, err := r.token()
			if err != nil || next[0] == ']' {
				return err
			}
			if err := r.complete(next); err != nil {
				return err
			}
		}
	case '"':
		return r.checkString(first)
	case 'n', 't', 'f':
		return nil
	default:
		return r.checkNumber(first)
	}
}

// str reads a string and gives its bytes without quotes.
func (r *canonicalReader) str() ([]byte, error) {
	raw, err := r.token()
	if err != nil {
		return nil, err
	}
	if raw[0] != '"' {
		return nil, fmt.Errorf("%w: no string where one must be", ErrMalformed)
	}
	if err := r.checkString(raw); err != nil {
		return nil, err
	}
	return r.unquote(raw), nil
}

// integer reads a number without fraction.
func (r *canonicalReader) integer() (int64, error) {
	raw, err := r.token()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: no integer where one must be", ErrMalformed)
	}
	return n, r.checkNumber(raw)
}

func (r *canonicalReader) word(b []byte) string { return wordIn(r.words[:], b) }

// wordIn gives a string that has most likely come before, without a copy if it has:
// a log has few actors and types, and a copy of each for each entry was a third of
// all that a verification had to allocate. A long one is not kept: a log of them
// would fill the memory.
func wordIn(words []string, b []byte) string {
	if len(b) > 64 {
		return string(b)
	}
	kept := &words[maphash.Bytes(wordSeed, b)%uint64(len(words))]
	if *kept != string(b) {
		*kept = string(b)
	}
	return *kept
}

var wordSeed = maphash.MakeSeed()

// checkString refuses a string with an escape that it does not need.
func (r *canonicalReader) checkString(raw []byte) error {
	if !r.escapes {
		return nil
	}
	var err error
	r.scratch, err = jsontext.AppendQuote(r.scratch[:0], r.unquote(raw))
	if err != nil {
		return malformed(err)
	}
	if !bytes.Equal(r.scratch, raw) {
		return fmt.Errorf("%w: a needless escape", ErrNotCanonical)
	}
	return nil
}

// checkNumber refuses a number that is not as ECMAScript writes its nearest
// float64: RFC 8785, section 3.2.2.3.
func (r *canonicalReader) checkNumber(raw []byte) error {
	if isShortInteger(raw) {
		return nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return malformed(err)
	}
	r.scratch = jsontext.AppendFloat(r.scratch[:0], f, 64)
	// jsontext writes minus zero as -0, ECMAScript as 0.
	if !bytes.Equal(r.scratch, raw) || f == 0 && raw[0] == '-' {
		return fmt.Errorf("%w: a number that has another form", ErrNotCanonical)
	}
	return nil
}

// isShortInteger reports whether a valid JSON number is a whole number of so
// few digits that a float64 holds it exactly: then it is canonical as it stands.
func isShortInteger(raw []byte) bool {
	if len(raw) > 15 || string(raw) == "-0" {
		return false
	}
	for _, c := range raw {
		if c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// rises reports whether the name a, in quotes, comes before b in the order of
// RFC 8785, section 3.2.3: that of the UTF-16 code units. UTF-8 has the same
// order but for U+E000 to U+FFFF, lead bytes EE and EF: these come behind the
// surrogates, with which UTF-16 writes what has a greater lead byte.
func (r *canonicalReader) rises(a, b []byte) bool {
	a, b = r.unquote(a), r.unquote(b)
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xEE && y >= 0xEE && (x <= 0xEF) != (y <= 0xEF) {
				return x > y
			}
			return x < y
		}
	}
	return len(a) < len(b)
}

// unquote gives the value of a quoted string that the decoder has let pass.
func (r *canonicalReader) unquote(raw []byte) []byte {
	if !r.escapes {
		return raw[1 : len(raw)-1]
	}
	value, _ := jsontext.AppendUnquote(nil, raw)
	return value
}

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }
