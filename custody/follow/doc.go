// Package follow is how something outside custody keeps up with the ledger: mails,
// the stream to a security system, checkpoints that go elsewhere. It begins where
// it left off, is woken when the ledger grows, waits longer after each trouble, and
// says how far behind it is. Of all processes with the same database one follows
// at a time, under a lease that it keeps prolonging; when that process ends, another
// goes on from the stored place.
//
// It knows indexes and bytes of entries, and time. It must not know what an entry
// says, nor where anything is sent: that is the round that it calls.
//
// # What is stored, and what a crash costs
//
// A place moves only when a round says that everything before it is where it
// belongs (Advance), and under the lease's epoch: who was overtaken moves nothing
// any more (ErrOvertaken), and its round is ended. So whatever a round does comes
// to be at least once. It comes twice where a process ended between doing it and
// saying so, or went on for a moment after it lost its lease: what is sent should
// carry a name by which a receiver knows a repetition.
package follow
