package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"
	"filippo.io/age/tag"
	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/custody"
)

// Format is what a file of this version of the format says that it is.
const Format = "tandem-envelope-1"

// Of two opens it, and of more than five nobody keeps count.
const (
	minKeyholders = 2
	maxKeyholders = 5
)

// filling is what the length of a letter is a multiple of, in bytes.
const filling = 256

// ErrRecipient: a keyholder's key cannot be encrypted to.
var ErrRecipient = errors.New("a keyholder's key cannot be used")

// Label says what an envelope holds. It can be read without opening it.
type Label struct {
	Origin     string    `json:"origin"` // of the ledger
	Credential string    `json:"credential"`
	Version    int64     `json:"version"` // of the password
	Number     int64     `json:"number"`  // which of the credential's envelopes it is
	Made       time.Time `json:"made"`    // UTC, whole seconds
}

// Letter is what is inside.
type Letter struct {
	Kind     string // of the target
	Address  string
	Account  string
	Password custody.Secret
	Proof    custody.Secret // a random token: who has it has opened the envelope
}

// Keyholder is one of those of whom any two can open it.
type Keyholder struct {
	Name      string
	Recipient string // age1…, or age1name1… of a plug-in
}

// file is an envelope as it is written.
type file struct {
	Format string `json:"format"`
	Label
	Pairs []pair `json:"pairs"`
}

type pair struct {
	Of  [2]string `json:"of"`
	Age string    `json:"age"`
}

// written is a letter as it is written.
type written struct {
	Label
	Kind     string `json:"kind"`
	Address  string `json:"address"`
	Account  string `json:"account"`
	Password string `json:"password"`
	Proof    string `json:"proof"`
}

// CheckRecipient says whether a text is a key that can be encrypted to, without asking the
// plug-in of one that has one. The error does not repeat the text: it might be a private
// key, which somebody mistook for the public one.
func CheckRecipient(text string) error {
	_, err := recipientOf(text)
	return err
}

func recipientOf(text string) (age.Recipient, error) {
	switch name, _, err := plugin.ParseRecipient(text); {
	case err != nil, name == "pq": // which are of age itself
	case name == "tag", name == "tagpq": // of hardware, and encrypted to without its plug-in
		if r, err := tag.ParseRecipient(text); err == nil {
			return r, nil
		}
		return nil, ErrRecipient
	default:
		return plugin.NewRecipient(text, silent())
	}
	all, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(all) != 1 || strings.TrimSpace(text) != text {
		return nil, ErrRecipient
	}
	return all[0], nil
}

// silent answers a plug-in for which nobody is there: a server encrypts, and asks no one.
func silent() *plugin.ClientUI {
	nobody := errors.New("nobody is there to answer")
	return &plugin.ClientUI{
		DisplayMessage: func(string, string) error { return nil },
		RequestValue:   func(string, string, bool) (string, error) { return "", nobody },
		Confirm:        func(string, string, string, string) (bool, error) { return false, nobody },
	}
}

// Seal gives the content of a file that any two of the keyholders open. They are two to
// five of different names and keys. Where one's key cannot be used the error is
// ErrRecipient and says whose.
func Seal(label Label, letter Letter, keyholders []Keyholder) ([]byte, error) {
	if len(keyholders) < minKeyholders || len(keyholders) > maxKeyholders {
		return nil, fmt.Errorf("an envelope has two to five keyholders, not %d", len(keyholders))
	}
	keyholders = slices.Clone(keyholders)
	slices.SortFunc(keyholders, func(a, b Keyholder) int { return strings.Compare(a.Name, b.Name) })
	recipients := make([]age.Recipient, len(keyholders))
	for i, k := range keyholders {
		for _, other := range keyholders[:i] {
			if k.Name == other.Name || k.Recipient == other.Recipient {
				return nil, fmt.Errorf("%w: %s has that of %s", ErrRecipient, k.Name, other.Name)
			}
		}
		var err error
		if recipients[i], err = recipientOf(k.Recipient); err != nil {
			return nil, fmt.Errorf("%w: that of %s", ErrRecipient, k.Name)
		}
	}
	label.Made = label.Made.UTC().Truncate(time.Second)
	text, err := json.Marshal(written{label, letter.Kind, letter.Address, letter.Account, letter.Password.Reveal(), letter.Proof.Reveal()})
	if err != nil {
		return nil, errors.New("the letter of an envelope cannot be written") // err could repeat it
	}
	text = append(text, bytes.Repeat([]byte(" "), filling-len(text)%filling)...)
	out := file{Format: Format, Label: label}
	for i, first := range keyholders {
		for j, second := range keyholders[i+1:] {
			inner, err := encrypted(text, recipients[i+1+j], second.Name)
			if err != nil {
				return nil, err
			}
			outer, err := encrypted(inner, recipients[i], first.Name)
			if err != nil {
				return nil, err
			}
			armored, err := armoredText(outer)
			if err != nil {
				return nil, err
			}
			out.Pairs = append(out.Pairs, pair{[2]string{first.Name, second.Name}, armored})
		}
	}
	content, err := json.Marshal(out)
	return append(content, '\n'), err
}

func encrypted(text []byte, to age.Recipient, whose string) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("%w: that of %s: %w", ErrRecipient, whose, err)
	}
	_, err = w.Write(text)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

func armoredText(content []byte) (string, error) {
	var out strings.Builder
	w := armor.NewWriter(&out)
	_, err := io.Copy(w, bytes.NewReader(content))
	err = errors.Join(err, w.Close())
	return out.String(), err
}
