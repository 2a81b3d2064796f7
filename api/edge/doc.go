// Package edge is what both fronts, the API and the pages, do with a request
// before and after a handler sees it, said once: where it comes from, whose it
// is, how often they may ask, in which language they are answered, what makes it
// idempotent, which of its fields are secret, the headers of its answer, its line
// in the log, and what is said about whatever did not work.
//
// It knows HTTP, and of the desk only whose a session is. It knows no route, no
// rule and no page: what a front does with a request it tells by the fields of
// its Request.
//
//	edge.go         what every request goes through, from its first byte to the log
//	request.go      what is known of one request
//	address.go      where it comes from, and which proxies are believed
//	pacer.go        how often somebody may ask
//	idempotency.go  its key and what it asks for, without what is secret in it
//	problem.go      the only table from errors to HTTP
package edge
