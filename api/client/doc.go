// Package client speaks Tandem's HTTP API: one method for each endpoint, with
// the types of package api. The command line uses it, and so can other programs.
//
// It knows no rule. What the server refuses comes back as an *api.Problem with
// the server's own words; every other error is of the way there.
package client
