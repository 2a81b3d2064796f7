// Package api is Tandem over HTTP: JSON below /api/v1, described by OpenAPI 3.1
// at /openapi.json, with a problem document (RFC 9457) for whatever did not work.
//
// It knows HTTP and how a person is told things. It knows no rule: a handler
// decodes, calls the desk or a query, and encodes. It must not know any adapter:
// Desk and Queries are all that it sees of the rest.
//
//	server.go    configuration, the routes' engine, the listeners' limits
//	request.go   a body is taken in before anything looks at it
//	identity.go  which token it comes with
//	routes.go    the table of endpoints
//	invalid.go   what is said about a request that is not valid
//	a subject's file begins with its JSON objects; view.go makes them of the domain's
//	ops.go       health, readiness and metrics, for a listener of their own
//
// The handlers are in session.go, preferences.go, people.go, credentials.go,
// handovers.go, ledger.go, tiles.go and witnesses.go. Package edge is what
// every request goes through before a handler sees it; package client is the other
// end.
package api
