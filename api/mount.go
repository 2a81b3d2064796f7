package api

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// Noted is what the handler mounted as Config.Web tells about a request, for its
// line in the log and for the metrics.
type Noted struct {
	Route  string // the pattern, never the path as it was sent
	Person custody.Person
	Verb   string // of the command, if it came to one
	Err    error  // that was answered with a problem; nil: none
}

// Note keeps n for the request of ctx. Outside a Server it does nothing.
func Note(ctx context.Context, n Noted) {
	r, inServer := ctx.Value(requestKey{}).(*request)
	if !inServer {
		return
	}
	r.route, r.person, r.verb = n.Route, n.Person, n.Verb
	if n.Err != nil {
		r.code, r.err = RefusalOf(n.Err).Code, n.Err
	}
}

// RequestID gives the id of the request of ctx, which the ledger's entries
// carry; "" outside a Server.
func RequestID(ctx context.Context) string {
	if r, inServer := ctx.Value(requestKey{}).(*request); inServer {
		return r.id
	}
	return ""
}
