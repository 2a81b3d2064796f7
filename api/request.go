package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// ConfirmedReason is a reason and a code.
type ConfirmedReason struct {
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Confirmation is a code and nothing else.
type Confirmation struct {
	TOTP Secret `json:"totp,omitzero" maxLength:"64"`
}

// Reason is why an offer was declined or cancelled.
type Reason struct {
	Reason string `json:"reason,omitzero"`
}

// MaxBody is the largest request body, in bytes.
const MaxBody = 1 << 20

// receive takes the whole body in before anything looks at it, which bounds its
// size and makes its digest possible.
func (s *Server) receive(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	body, err := readAll(c)
	if err == nil {
		edge.Of(ctx.Context()).Key, err = edge.HeaderKey(c.Request, body)
	}
	if err != nil {
		edge.Answer(c.Writer, c.Request, err)
		return
	}
	next(ctx)
}

func readAll(c *gin.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, edge.ErrTooLarge
	case err != nil:
		return nil, edge.ErrUnreadable
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// by says who gives a command that came with the request of ctx.
func by(ctx context.Context, action custody.Action, code Secret) desk.By {
	return edge.Of(ctx).By(action, string(code))
}
