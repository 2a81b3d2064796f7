package edge

import (
	"context"
	"net/http"
	"net/netip"

	"golang.org/x/text/language"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// Request is what is known of a request beside what its handler decodes. It
// belongs to the goroutine that answers the request.
type Request struct {
	ID     string     // made here, never taken from a client; entries of the ledger carry it
	Client netip.Addr // of the last machine on its way that is no trusted proxy; not valid where nobody can say

	Language string // that the client asks for: one of words.Languages

	Token  custody.Secret // of the session
	Person custody.Person // zero: a stranger
	Key    Key            // zero: not idempotent

	// What its front tells for the log and the metrics.
	Route string // the pattern, never the path as it was sent; "": there is none
	Verb  string // of the command, if it came to one
	Err   error  // that was answered with a problem, never for the client; nil: none

	device string // what the client says of itself, for people
	edge   *Edge
}

type requestKey struct{}

// Of gives the request of ctx, which must have come through Edge.Handler.
func Of(ctx context.Context) *Request { return ctx.Value(requestKey{}).(*Request) }

// Identify finds out whose the session of a token is. The refusal for a session
// that is none has the code unauthenticated.
func (r *Request) Identify(ctx context.Context, token custody.Secret) error {
	person, err := r.edge.Desk.Who(ctx, token)
	if err != nil {
		return err
	}
	r.Token, r.Person = token, person
	return nil
}

// Place says where a log-in comes from: from which network, and in which device.
func (r *Request) Place(device custody.Secret) desk.Place {
	return desk.Place{Network: Network(r.Client), Address: textOf(r.Client), Called: r.device, Device: device}
}

// Use notes that the person themselves asks with the session, and no page by itself.
func (r *Request) Use(ctx context.Context) { r.edge.Desk.Use(ctx, r.Token) }

// PaceSignIn refuses where too many log-ins come from one network: there is no
// person yet.
func (r *Request) PaceSignIn() error { return r.edge.signIns.take(Network(r.Client)) }

// PaceFeed refuses where one network reads feeds too often, as many as it could log in:
// calendar programs keep nobody there from logging in.
func (r *Request) PaceFeed() error { return r.edge.feeds.take(Network(r.Client)) }

// PaceCommand refuses where a person changes things too often, wherever they do it.
func (r *Request) PaceCommand() error { return r.edge.commands.take(r.Person.Username) }

// By says who gives a command that came with the request, and notes the command.
func (r *Request) By(action custody.Action, code string) desk.By {
	r.Verb = action.Verb()
	return desk.By{Actor: r.Person.Username, Request: r.ID, Token: r.Token, Code: code, Key: r.Key.Name, Digest: r.Key.Digest}
}

// Asks says who asks with the request, without a command.
func (r *Request) Asks() desk.By {
	return desk.By{Actor: r.Person.Username, Request: r.ID, Token: r.Token}
}

// Problem makes the answer of an error and notes both.
func (r *Request) Problem(err error) *Problem {
	r.Err = err
	return NewProblem(err, r.Language, r.ID)
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// LanguageOf gives the language of ours that a client asks for (RFC 9110, 12.5.4).
func LanguageOf(header http.Header) string {
	_, index := language.MatchStrings(matcher, header.Get("Accept-Language"))
	return words.Languages[index]
}
