package custody

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every printed form of a Secret shows.
const redacted = "[secret]"

// Secret is a password, a TOTP seed or a private key. Every way of printing or
// encoding one gives "[secret]": only Reveal and Bytes give the value, so a
// search for those two names finds every place where a secret leaves Tandem
// (invariant I8).
type Secret struct {
	_ [0]func() // == would compare, and not in constant time

	// A pointer, because fmt prints the unexported fields of other structs
	// without asking Format: it then shows an address and no bytes.
	value *[]byte
}

// NewSecret takes a copy of value.
func NewSecret(value []byte) Secret {
	value = append([]byte(nil), value...)
	return Secret{value: &value}
}

// SecretString is NewSecret for a value that already is a string.
func SecretString(value string) Secret { return NewSecret([]byte(value)) }

// Reveal gives the value in clear.
func (s Secret) Reveal() string { return string(s.bytes()) }

// Bytes gives a copy of the value in clear.
func (s Secret) Bytes() []byte { return append([]byte(nil), s.bytes()...) }

// IsZero says that there is no value.
func (s Secret) IsZero() bool { return len(s.bytes()) == 0 }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.bytes(), o.bytes()) == 1 }

func (s Secret) bytes() []byte {
	if s.value == nil {
		return nil
	}
	return *s.value
}

// Format covers every fmt verb, %x and %#v included, which String alone would not.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (s Secret) String() string               { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
