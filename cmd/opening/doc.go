// Package opening is the verb that opens an envelope, as both programs have it: tandem, and
// the small one that a keyholder takes along (cmd/envelope).
//
// It knows files, keys and a terminal. It must not know a server, a configuration or a
// database: it is for when there is none.
package opening
