// Package audit is the ledger: canonical entries, the Merkle tree over them,
// signed checkpoints, proofs, and the verification of a whole log.
//
// It knows bytes, hashes, trees and signatures. It must not know custody, a
// database, Vault, HTTP, a file or the clock: entries and stored nodes come and
// go through Source, tlog.HashReader and TileFetcher, signatures through Signer.
// So whatever holds the log, the auditor's program is this package and the log's
// public key. Package remote gets tiles over HTTP, package witness is the protocol
// by which cosignatures come.
//
// It interoperates and invents nothing. Tree: RFC 6962 (and 9162) with SHA-256.
// Text forms: C2SP signed-note@v1, tlog-checkpoint@v1, tlog-cosignature@v1 and
// tlog-proof@v1; stored nodes: the numbering of golang.org/x/mod/sumdb/tlog, from
// which C2SP tlog-tiles are cut.
//
// # An entry
//
// An entry is one JSON object in the canonical form of RFC 8785 (no white space,
// members in the order of their names, one way to write each string and number),
// at most 65,535 bytes of UTF-8. It has these members and no other:
//
//	actor    string, not empty: a username, or "system"
//	clock    "stalled" if the clock had gone back and the time of the entry before
//	         was used again; "corrected" if the clock had been ahead and was set
//	         right, so that this entry is earlier; otherwise left out
//	command  object: what was asked for; in the first entry of a command only
//	confirm  who confirmed the request that made the entry; left out if nobody had to:
//	           method  string, not empty: "totp"
//	           person  string, not empty: a username
//	           step    integer, 0 to 2^53: the RFC 6238 time step, never the code
//	data     object: what happened, by type; may be {}
//	grade    "ordinary", "serious" or "special"
//	request  string, not empty: the id of the request; left out if there was none
//	subject  string: the credential, handover or person it is about; may be ""
//	time     string of 24 characters: UTC, RFC 3339 with exactly three decimals,
//	         "2026-01-02T03:04:05.678Z"; never before that of the entry before,
//	         unless the clock was "corrected"
//	type     string, not empty: "handover.accepted"
//	v        3, the version of this format
//
// For example, in one line:
//
//	{"actor":"tech-b","confirm":{"method":"totp","person":"tech-b","step":58911529},
//	"data":{"handover":"01JGX4T7Q2M8ZK5B9N6V3C1D0F"},"grade":"ordinary","request":"01JGX4T9",
//	"subject":"01JGX4T7Q2M8ZK5B9N6V3C1D0F","time":"2026-01-02T03:04:05.678Z",
//	"type":"handover.accepted","v":3}
//
// One entry has one encoding: DecodeEntry refuses any other, so nothing can hide
// in a duplicate member, an unknown field or white space. Numbers are IEEE 754
// doubles, as RFC 8785 has it; an integer beyond 2^53 must be a string. An entry
// holds no secret, and no plain hash of one: a leaf is there for ever, and a hash
// of a password can be searched for.
//
// # The tree
//
// The bytes of the entry at index i are leaf i:
//
//	leaf = SHA-256(0x00 || entry)
//	node = SHA-256(0x01 || left || right)
//
// The root of n entries is that of RFC 6962, section 2.1; that of none is
// SHA-256 of nothing. A leaf, and a node as soon as the 2^level leaves below it
// are all there, is stored once and never changes; tlog.StoredHashIndex numbers
// them without a gap in the order in which they come to be. Frontier keeps the at
// most log2(n) of them that the next append and the root need.
//
// # A checkpoint
//
// A checkpoint is a signed note: three lines, an empty line, signatures.
//
//	tandem.example/ledger                           the log's origin, also its key's name
//	6                                               how many entries
//	l82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwk=    their root, base64
//
//	— tandem.example/ledger suAmTapumYJ6pim92gMovs…  base64 of key id (4 bytes) and signature
//
// The signature is Ed25519 (RFC 8032) over the first three lines with their
// newlines. The key is known by its verifier key, origin+id+base64. Further
// signatures, such as cosignatures of witnesses, may follow.
//
// # A cosignature
//
// A cosignature is one more signature line. Behind the key id it has the time, in
// seconds since 1970 as 8 bytes, and the Ed25519 signature over two lines and the
// three of the checkpoint. The witness's verifier key has the type 0x04; keys of
// type 0x06, ML-DSA-44, are read too.
//
//	cosignature/v1
//	time 1767323045
//	tandem.example/ledger
//	6
//	l82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwk=
//
// # Tiles
//
// All of a log can be had as files that never change. Tile N of level L has the
// roots of up to 256 subtrees of 256^L entries each, 32 bytes a root; bundle N has
// the entries below tile N of level 0, each behind its length as two bytes. The
// last one of a level may be partial: .p/W at the end of its path says how wide.
//
//	tile/0/x001/x234/067       256 leaf hashes, from leaf 1234067 * 256 on
//	tile/1/000.p/17            the roots of the first 17 full tiles of level 0
//	tile/entries/000.p/255     the first 255 entries
//
// # A proof
//
// A proof that an entry is in the log is a tlog-proof: the index, the hashes from
// the entry's neighbour up to the root's child, and the checkpoint.
//
//	c2sp.org/tlog-proof@v1
//	index 3
//	srXkGux//KMJ0At8GeXAsfcwVz+nfzbWqekgo1t3m/c=
//	KSX330sOc3i7cLyAZtr3LmUA3ns1SERBhnY8KbNkX2Y=
//	YnC3T628GcRKQIodncSHRt/LqsLwQ/iFkFddy5wxC3g=
//
//	tandem.example/ledger
//	6
//	…
//
// # Threat model
//
// The database, the server that hands the log out, and their administrators are
// not trusted. Trusted are SHA-256 and Ed25519, the verifier that runs this
// package, the verifier key it was given, and, for what happened after a
// checkpoint, nobody.
//
//	What is done to the log                     What finds it
//	an entry changed, whoever does it, but      the stored nodes: they name the entry
//	not its nodes
//	entry and nodes changed alike, an entry     any checkpoint signed later: the root is
//	deleted, inserted, swapped or repeated      another one
//	rows missing or out of order in the source  the sequence check, without any key
//	the end cut off                             a checkpoint of the longer log
//	the log rolled back and continued, with     a checkpoint from before that was kept
//	new checkpoints signed by the log's key     elsewhere (an auditor, a witness); nothing
//	                                            that is kept with the log
//	times moved back, by mistake or to backdate the time check
//	entries that break a rule of the domain     the caller's Step, which folds them
//	an entry in a longer or ambiguous encoding  DecodeEntry: there is only one
//	a checkpoint or a proof edited              its signature; each has only one form
//	sizes, lines or nesting meant to exhaust    fixed limits, before anything is parsed
//	the verifier                                or allocated
//
// Not found by this package: a lie told when the entry was written (the domain
// and its confirmations stand against that), an event that never became an entry,
// a change behind the last checkpoint that anyone kept, and whatever a stolen
// signing key signs before a witness sees the other branch.
package audit
