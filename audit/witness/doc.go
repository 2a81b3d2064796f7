// Package witness is both ends of C2SP tlog-witness: a log that asks for
// cosignatures (Client) and a witness that gives them (Witness).
//
// It knows HTTP and package audit. It must not know custody, a database or a
// file: a witness remembers through Store, and reads the time and signs through
// what it is given.
//
// # What a witness is for
//
// A log can be rolled back, or show one history to some and another to others,
// and every checkpoint of it is signed by the right key. A witness sees the
// checkpoints one after the other, asks for the proof that each goes on where the
// last one ended, and cosigns no other. So whoever requires its cosignature sees
// what everybody else sees. It needs no entry of the log, only hashes.
//
// # add-checkpoint
//
//	POST <prefix>/add-checkpoint
//
//	old 8                                         size that the witness cosigned last, or 0
//	l82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwk=  RFC 6962 consistency proof, at most 63 lines
//	                                              an empty line
//	tandem.example/ledger                         the new checkpoint, a signed note
//	…
//
//	200  the witness's cosignature, one signature line
//	400  not such a body, or old is greater than the checkpoint's size
//	403  the checkpoint is not signed by a key that is known for its origin
//	404  the origin is not known
//	409  old is not the size that was cosigned last: the body, text/x.tlog.size,
//	     is that size. Of another type: the checkpoint contradicts that one
//	422  the proof does not lead from the one to the other
//
// # Evidence
//
// What a witness refuses although the log has signed it, it keeps, together with
// the checkpoint that it had cosigned: see Evidence, also for what it proves.
package witness
