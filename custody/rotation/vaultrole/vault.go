package vaultrole

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// Vault is Tandem's log-in to a Vault. An error with a method Status() int is
// Vault's answer with that HTTP status. An error of Write that neither is such
// an answer below 500 nor wraps desk.ErrSecretsUnavailable leaves open whether
// it was written.
type Vault interface {
	// Read gives the fields at a path, nil when there are none.
	Read(ctx context.Context, path string) (map[string]any, error)
	// Write writes to a path, once, and gives the fields of the answer.
	Write(ctx context.Context, path string, fields map[string]any) (map[string]any, error)
}

// explain says what an error means, without repeating it: Vault passes on what
// the system behind it said.
func (t *target) explain(ctx context.Context, err error) error {
	status := 0
	if answer, ok := errors.AsType[interface {
		error
		Status() int
	}](err); ok {
		status = answer.Status()
	}
	outcome := fmt.Errorf("Vault answered %d about the role %s", status, t.role)
	switch {
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", rotation.ErrUnreachable, outcome)
	case status >= 400 && status < 500:
		return fmt.Errorf("%w: %w", rotation.ErrDeclined, outcome)
	case errors.Is(err, desk.ErrSecretsUnavailable): // sealed too
		return fmt.Errorf("%w: Vault cannot be used now", rotation.ErrUnreachable)
	case ctx.Err() != nil:
		return fmt.Errorf("no answer from Vault about the role %s: %w", t.role, ctx.Err())
	case status == 0:
		return fmt.Errorf("no answer from Vault about the role %s", t.role)
	}
	return outcome
}

// certain says that an error of explain's is one of those a target is sure of.
func certain(err error) bool {
	return errors.Is(err, rotation.ErrUnreachable) || errors.Is(err, rotation.ErrDeclined)
}
