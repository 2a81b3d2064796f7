package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/tandem-custody/tandem/custody"
)

// bearer is the name of the security scheme; an operation that does not ask for
// it is open to strangers.
const bearer = "bearer"

// identify finds out whose request it is and paces what costs: log-ins by
// address, because there is no person yet, and commands by person.
func (s *Server) identify(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	r := requestOf(ctx.Context())
	if err := s.admit(r, c.Request, len(ctx.Operation().Security) > 0); err != nil {
		answerProblem(c, err)
		return
	}
	next(ctx)
}

func (s *Server) admit(r *request, q *http.Request, closed bool) error {
	if !closed {
		return s.signIns.Take(Network(r.client))
	}
	if r.token = tokenOf(q); r.token.IsZero() {
		return errNoToken
	}
	person, err := s.Desk.Who(q.Context(), r.token)
	if err != nil {
		return err
	}
	r.person = person
	if q.Method == http.MethodGet {
		return nil
	}
	return s.commands.Take(person.Username)
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
