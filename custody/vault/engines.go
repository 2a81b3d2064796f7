package vault

import (
	"context"
	"net/http"
)

// Engines is a store's log-in, for the other engines of the same Vault: those
// that Names says Tandem has rights in. It is for many goroutines.
type Engines struct{ store *Store }

// Engines gives the store's log-in. It ends with the store.
func (s *Store) Engines() Engines { return Engines{s} }

// Read gives the fields at a path, nil when there are none. An error that wraps
// desk.ErrSecretsUnavailable: Vault could not be asked, or could not answer. One
// with a method Status() int is its answer with that HTTP status, below 500.
func (e Engines) Read(ctx context.Context, path string) (map[string]any, error) {
	got, err := e.store.get(ctx, path, nil)
	if err != nil || got == nil {
		return nil, answeredOr(unavailable, err)
	}
	return got.Data, nil
}

// Write writes to a path, once, and gives the fields of the answer. Its errors
// are as Read's: then nothing was written. After any other error that is unknown.
func (e Engines) Write(ctx context.Context, path string, fields map[string]any) (map[string]any, error) {
	got, err := e.store.writing(ctx, path, fields)
	if err != nil || got == nil {
		return nil, answeredOr(unwritten, err)
	}
	return got.Data, nil
}

// answeredOr leaves an answer to this very request as it is. The cause of a
// failed log-in holds one as well, and that says nothing of the request.
func answeredOr(otherwise func(error) error, err error) error {
	if a, ok := err.(*answer); ok && a.status < http.StatusInternalServerError {
		return a
	}
	return otherwise(err)
}
