package custody

import (
	"bytes"
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
	// A closure, because fmt prints the unexported fields of other structs
	// without asking Format: of a function it knows no more than the address.
	// It also keeps == from compiling, which would take a telling time.
	value func() []byte
}

// NewSecret takes a copy of value.
func NewSecret(value []byte) Secret {
	value = bytes.Clone(value)
	return Secret{value: func() []byte { return value }}
}

// SecretString is NewSecret for a value that already is a string.
func SecretString(value string) Secret { return NewSecret([]byte(value)) }

// Reveal gives the value in clear.
func (s Secret) Reveal() string { return string(s.inClear()) }

// Bytes gives a copy of the value in clear.
func (s Secret) Bytes() []byte { return bytes.Clone(s.inClear()) }

// IsZero says that there is no value.
func (s Secret) IsZero() bool { return len(s.inClear()) == 0 }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare(s.inClear(), o.inClear()) == 1
}

func (s Secret) inClear() []byte {
	if s.value == nil {
		return nil
	}
	return s.value()
}

// Format covers every fmt verb, %x and %#v included, which String alone would not.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (s Secret) String() string               { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
