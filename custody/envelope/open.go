package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/custody"
)

// MaxSize is how large a file may be, in bytes. Ten pairs of keys of plug-ins take a tenth.
const MaxSize = 1 << 20

// Errors of Read and Open.
var (
	ErrNoEnvelope = errors.New("this is no envelope of Tandem's, or was cut short or changed")
	ErrRelabelled = errors.New("the label on the envelope is not the one inside: somebody wrote another on it")
)

// Envelope is one that was read, and is not open.
type Envelope struct {
	Label
	pairs []pair
}

// Read reads the content of a file. Its error is ErrNoEnvelope.
func Read(content []byte) (*Envelope, error) {
	if len(content) > MaxSize {
		return nil, ErrNoEnvelope
	}
	var f file
	if err := json.Unmarshal(content, &f, json.RejectUnknownMembers(true)); err != nil || f.Format != Format || len(f.Pairs) == 0 {
		return nil, ErrNoEnvelope
	}
	for _, p := range f.Pairs {
		if p.Of[0] >= p.Of[1] || p.Of[0] == "" {
			return nil, ErrNoEnvelope
		}
	}
	return &Envelope{f.Label, f.Pairs}, nil
}

// Keyholders gives the names of those of whom any two can open it, in order.
func (e *Envelope) Keyholders() (names []string) {
	for _, p := range e.pairs {
		names = append(names, p.Of[:]...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// LockedError: the keys that were given do not open an envelope.
type LockedError struct {
	Fit   []string // whose key was among them, as far as that shows
	Could []string // with one of whose keys, or with two, it opens
}

func (e *LockedError) Error() string {
	could := strings.Join(e.Could, ", ")
	if len(e.Fit) == 0 {
		return "none of these keys opens it: it takes those of two of " + could
	}
	return fmt.Sprintf("with the key of %s it takes another one's, of: %s", strings.Join(e.Fit, ", "), could)
}

// Open opens it with the keys of two keyholders, and says whose they were. Where they do
// not open it the error is a LockedError; ErrRelabelled where the label was changed,
// ErrNoEnvelope where what is inside was.
func (e *Envelope) Open(identities ...age.Identity) (Letter, [2]string, error) {
	var fit []string
	for _, p := range e.pairs {
		inner, err := decrypted(armor.NewReader(strings.NewReader(p.Age)), identities)
		if fits := err == nil; !fits {
			if err := notTheKey(err); err != nil {
				return Letter{}, p.Of, err
			}
			continue
		}
		fit = append(fit, p.Of[0])
		text, err := decrypted(bytes.NewReader(inner), identities)
		if err != nil {
			if err := notTheKey(err); err != nil {
				return Letter{}, p.Of, err
			}
			continue
		}
		letter, err := e.letter(text)
		return letter, p.Of, err
	}
	fit = slices.Compact(fit)
	return Letter{}, [2]string{}, &LockedError{fit, slices.DeleteFunc(e.Keyholders(), func(name string) bool { return slices.Contains(fit, name) })}
}

// notTheKey gives nil for an error that says that another key is needed. What a plug-in
// says goes to the person; a file that was changed is no envelope any more.
func notTheKey(err error) error {
	if _, is := errors.AsType[*age.NoIdentityMatchError](err); is {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNoEnvelope, err)
}

func decrypted(from io.Reader, identities []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(from, identities...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, MaxSize))
}

func (e *Envelope) letter(text []byte) (Letter, error) {
	var w written
	if err := json.Unmarshal(text, &w, json.RejectUnknownMembers(true)); err != nil {
		return Letter{}, ErrNoEnvelope // err could repeat what is in it
	}
	if w.Label != e.Label {
		return Letter{}, ErrRelabelled
	}
	return Letter{w.Kind, w.Address, w.Account, custody.SecretString(w.Password), custody.SecretString(w.Proof)}, nil
}
