package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// bearer is the name of the security scheme; an operation that does not ask for
// it is open to strangers.
const bearer = "bearer"

// identify finds out whose request it is and paces what costs: log-ins by
// address, because there is no person yet, and commands by person.
func (s *Server) identify(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if err := admit(c.Request, len(ctx.Operation().Security) > 0); err != nil {
		edge.Answer(c.Writer, c.Request, err)
		return
	}
	next(ctx)
}

func admit(q *http.Request, closed bool) error {
	r := edge.Of(q.Context())
	switch {
	case !closed && q.Method == http.MethodGet:
		return r.PaceFeed()
	case !closed:
		return r.PaceSignIn()
	}
	token := tokenOf(q)
	if token.IsZero() {
		return edge.ErrNoToken
	}
	if err := r.Identify(q.Context(), token); err != nil {
		return err
	}
	if r.Use(q.Context()); q.Method == http.MethodGet {
		return nil
	}
	return r.PaceCommand()
}

// tokenOf gives the session token of a request. Only the header is looked at:
// the browser's cookie belongs to the pages that set it.
func tokenOf(q *http.Request) custody.Secret {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, bearer) {
		return custody.Secret{}
	}
	return custody.SecretString(strings.TrimSpace(token))
}
