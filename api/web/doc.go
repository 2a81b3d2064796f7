// Package web serves the pages that people use: log-in, what they hold, check-out,
// handovers, the ledger, administration.
//
// It knows HTML, languages and browsers. Everything that changes something goes
// through the same desk as the API; no rule is decided here, a page only leaves
// out what would be refused. It must not know the database, the secret store or
// the connectors.
//
// Every page is whole without JavaScript. With it, parts marked data-live are
// fetched again when the ledger has grown (live.go), and static/tandem.js counts
// down, copies, hides and logs out. No script and no style stands in a page, and
// those that it loads carry the nonce of its Content-Security-Policy.
//
// A password is only ever in the answer to the form that asked for it: no address
// leads to it, nothing may keep it (no-store, no htmx history).
//
// The server that this is mounted in (api.Config.Web) refuses what another site
// sends, gives each request its id and time limit, and writes the log.
package web
