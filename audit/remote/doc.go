// Package remote reads a log that anybody serves over HTTP in the form of C2SP
// tlog-tiles: an address, below which are
//
//	checkpoint                the log's signed head
//	tile/<L>/<N>[.p/<W>]      hashes
//	tile/entries/<N>[.p/<W>]  entries
//
// With audit.TileSource it is something to verify. It knows HTTP and package
// audit. It must not know who serves the log, nor believe anything that it gets.
package remote
