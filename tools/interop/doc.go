// Package interop has Tandem meet Tessera: a log that Tessera writes on disk asks
// two Tandem witnesses for cosignatures, with Tessera's own client, and Tandem
// verifies what it has written. Tessera's fsck of Tandem's ledger is in the tests
// of packages audit and api.
//
// It is a module of its own, so that nobody who builds Tandem needs Tessera's
// storage.
package interop
