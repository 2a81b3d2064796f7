// Package certificate makes and checks handover records (交接单) and certificates of a
// leaving (离任单): for paper, in English and Chinese, with the proof that the ledger
// says so.
//
// It knows the entries of a handover or a leaving, their proofs and how they look on
// paper: both are a sheet, which is laid out as a page or as a PDF. It
// must not know where they come from, nor a password: no entry has one.
//
// # Form
//
// A certificate carries a Bundle: the entries' records, byte for byte, each with
// its C2SP tlog-proof. All that a reader sees is made of it, so Check needs only
// the file and the ledger's key: it hashes every record, checks its proof and the
// signature of the checkpoint, and that both confirmations are there; of a leaving
// that the command which ended the access is there from its first entry to its last, so
// that no password can be left out, and a later proof of each item. Of an HTML
// page it also makes the page again, so that not one visible letter can differ.
// The bundle stands in the file as a PEM block (RFC 7468) of the type
// "TANDEM CERTIFICATE" with JSON in it.
//
// # What it does not prove
//
// That nothing followed: whoever hands out a certificate may leave the return
// out. That is for tandem ledger verify. And a PDF shows what its maker drew:
// compare it with what Check says.
package certificate
