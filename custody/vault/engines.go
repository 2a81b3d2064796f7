package vault

import "context"

// Engines is a store's log-in, for the other engines of the same Vault: those
// that Names says Tandem has rights in. It is for many goroutines.
type Engines struct{ store *Store }

// Engines gives the store's log-in. It ends with the store.
func (s *Store) Engines() Engines { return Engines{s} }

// Read gives the fields at a path, nil when there are none. An error with a
// method Status() int is Vault's answer with that HTTP status; any error but
// one of ctx's wraps desk.ErrSecretsUnavailable.
func (e Engines) Read(ctx context.Context, path string) (map[string]any, error) {
	got, err := e.store.get(ctx, path, nil)
	if err != nil || got == nil {
		return nil, unavailable(err)
	}
	return got.Data, nil
}

// Write writes to a path, once, and gives the fields of the answer. Errors are
// as Read's, except that only one which wraps desk.ErrSecretsUnavailable says
// that nothing was written: after any other that is unknown.
func (e Engines) Write(ctx context.Context, path string, fields map[string]any) (map[string]any, error) {
	got, err := e.store.writing(ctx, path, fields)
	if err != nil || got == nil {
		return nil, unwritten(err)
	}
	return got.Data, nil
}
