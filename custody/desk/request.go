package desk

import "context"

type requestKey struct{}

// WithRequest marks what is done for a request with its id, so that the secret
// store's own audit log can be laid beside the ledger: the id of a read is the
// one that the entry has which allows it.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf gives that id; "" when there is none.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
