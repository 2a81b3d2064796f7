package vaultrole

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// Vault is Tandem's log-in to a Vault. An error that wraps
// desk.ErrSecretsUnavailable: it could not be asked. One with a method
// Status() int is its answer with that HTTP status. After any other error of
// Write, and one with a status of 500 or above, it is unknown whether it wrote.
type Vault interface {
	// Read gives the fields at a path, nil when there are none.
	Read(ctx context.Context, path string) (map[string]any, error)
	// Write writes to a path, once, and gives the fields of the answer.
	Write(ctx context.Context, path string, fields map[string]any) (map[string]any, error)
}

// explain says what an error means, without repeating it: Vault passes on what
// the system behind it said.
func (t *target) explain(ctx context.Context, err error) error {
	if errors.Is(err, desk.ErrSecretsUnavailable) { // before any answer: that may be one to the log-in
		return fmt.Errorf("%w: Vault cannot be used now", rotation.ErrUnreachable)
	}
	answer, answered := errors.AsType[interface {
		error
		Status() int
	}](err)
	switch {
	case !answered && ctx.Err() != nil:
		return fmt.Errorf("no answer from Vault about the role %s: %w", t.role, ctx.Err())
	case !answered:
		return fmt.Errorf("no certain answer from Vault about the role %s", t.role)
	}
	outcome := fmt.Errorf("Vault answered %d about the role %s", answer.Status(), t.role)
	switch {
	case answer.Status() == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", rotation.ErrUnreachable, outcome)
	case answer.Status() >= 400 && answer.Status() < 500:
		return fmt.Errorf("%w: %w", rotation.ErrDeclined, outcome)
	}
	return outcome
}

// certain says that an error of explain's is one of those a target is sure of.
func certain(err error) bool {
	return errors.Is(err, rotation.ErrUnreachable) || errors.Is(err, rotation.ErrDeclined)
}
