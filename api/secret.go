package api

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tandem-custody/tandem/custody"
)

// Secret is a value that the API carries in clear (a password, a token) and
// that nothing else should: printed or logged it is "[secret]". Its JSON form
// is the value itself.
type Secret string

// Format covers every fmt verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, custody.Secret{}.String()) }

// TransformSchema marks the field in OpenAPI, so that tools do not show it.
func (s Secret) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Format = "password"
	return schema
}

// LogValue keeps the value out of structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(custody.Secret{}.String()) }
