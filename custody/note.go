package custody

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
)

// Note is what a person wrote: a purpose, a reason, an address. An entry of the
// ledger, and a State, have only the commitment to it, SHA-256(salt ‖ text), so that
// the ledger can be shown to anybody, and a text can be taken out of it for good
// without breaking a hash. The text is beside the ledger, with the salt that keeps
// it from being guessed. The zero Note says that nothing was written.
//
// The rules look at a text where it is known, which is before its entry is
// committed. Whoever carries the entry out again later decides the same without it.
type Note struct {
	commitment string // base64url without padding; or absent
	words      *Words // nil: they are not known here
}

// Words are a text and what it was committed to with.
type Words struct {
	Salt Salt   `json:"salt"`
	Text string `json:"text"`
}

// Salt is 16 random bytes; as text they are base64url without padding.
type Salt [16]byte

// ErrNote: something in the place of a commitment is none.
var ErrNote = errors.New("custody: not the commitment to a text")

// NoteOf commits to what somebody wrote, which becomes one line (see OneLine). The
// salt must be random and used once.
func NoteOf(salt Salt, text string) Note {
	return ExactNoteOf(salt, OneLine(text))
}

// ExactNoteOf is NoteOf for what a program reads, not only people: an address. It is
// taken, or refused, as it stands.
func ExactNoteOf(salt Salt, text string) Note {
	if text == "" {
		return Note{}
	}
	w := Words{salt, text}
	return Note{w.commitment(), &w}
}

// absentNote stands for a text in a command that was refused. It is no commitment:
// whatever was typed there is not kept anywhere.
var absentNote = Note{commitment: absent}

func (w Words) commitment() string {
	sum := sha256.Sum256(append(w.Salt[:], w.Text...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// IsZero says that nothing was written.
func (n Note) IsZero() bool { return n.commitment == "" }

// Commitment gives what stands in the ledger for the text; "": nothing does.
func (n Note) Commitment() string { return n.commitment }

// Words gives the text and its salt, where they are known.
func (n Note) Words() (w Words, known bool) {
	if n.words == nil {
		return Words{}, false
	}
	return *n.words, true
}

// Redacted stands in the place of a text that is not there any more, for machines;
// what people read there is in package words.
const Redacted = "[redacted]"

// String gives the text, or Redacted.
func (n Note) String() string { return n.In(Redacted) }

// In gives the text, or what is to be said in its place where it is not there.
func (n Note) In(redacted string) string {
	switch {
	case n.words != nil:
		return n.words.Text
	case n.commitment == absent:
		return absent
	case n.IsZero():
		return ""
	}
	return redacted
}

// Same says whether two notes have one commitment. It is what the rules compare:
// they decide alike whoever knows the texts.
func (n Note) Same(other Note) bool { return n.commitment == other.commitment }

// bare is the note as the ledger and a State have it: without the text.
func (n Note) bare() Note { return Note{commitment: n.commitment} }

// Is says whether these are the words of the note.
func (n Note) Is(w Words) bool {
	return subtle.ConstantTimeCompare([]byte(w.commitment()), []byte(n.commitment)) == 1
}

// Known gives the note with its text. What does not match the commitment is not its
// text.
func (n Note) Known(w Words) (Note, error) {
	if !n.Is(w) {
		return n, fmt.Errorf("%w: a text does not match what is committed to", ErrNote)
	}
	return Note{n.commitment, &w}, nil
}

// MarshalText writes the commitment.
func (n Note) MarshalText() ([]byte, error) { return []byte(n.commitment), nil }

// UnmarshalText reads a commitment, and refuses anything else, so that no entry has
// a text in its place.
func (n *Note) UnmarshalText(text []byte) error {
	if len(text) > 0 && string(text) != absent {
		var sum [sha256.Size]byte
		if read, err := base64.RawURLEncoding.Strict().Decode(sum[:], text[:min(len(text), 43)]); err != nil || read != len(sum) || len(text) != 43 {
			return ErrNote
		}
	}
	*n = Note{commitment: string(text)}
	return nil
}

// MarshalText writes a salt.
func (s Salt) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(s[:])), nil
}

// UnmarshalText reads a salt.
func (s *Salt) UnmarshalText(text []byte) error {
	salt, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(salt) != len(s) {
		return errors.New("custody: not a salt of 16 bytes")
	}
	copy(s[:], salt)
	return nil
}

// checkNote is CheckText for a note: without its text only whether there is one.
func checkNote(field string, n Note) *Refusal {
	if w, known := n.Words(); known {
		return CheckText(field, w.Text)
	}
	if n.IsZero() {
		return CheckText(field, "")
	}
	return nil
}

func checkOptionalNote(field string, n Note) *Refusal {
	w, _ := n.Words()
	return checkOptionalText(field, w.Text)
}
