// Package custody holds the rules: two technicians can run each server, one of
// them holds its password, and every way in which that may change (clause 4.4
// of the policy).
//
// It is pure. It knows no clock, no randomness, no database, no secret store
// and no TOTP seed; whoever calls it brings the instant and the proof. Three
// functions carry it:
//
//	Decide(state, policy, command, now) -> events, or a Refusal
//	Apply(state, event)                    changes the state; cannot refuse
//	Replay, Check                       -> what must be true, stated apart from Decide
//
// One Event is one entry of the ledger (package audit): Record and FromRecord
// translate. The same Apply moves the tables in a transaction, rebuilds them
// from the ledger, and replays history for an auditor.
//
// # Where a rule is
//
// One file is one subject: checkout.go has the type, then each command (Action)
// with its decide, then each fact (Fact) with who may bring it about, what must
// have been true, and how it moves the state. A larger subject has a file for
// the type and one for each part of its life: handover.go, handover_offer.go,
// handover_accept.go and so on. The compiler asks for all of these
// methods, and what is forgotten in one of them refuses. The machinery is in
// action.go and fact.go, decide.go, replay.go, state.go, invariant.go, record.go.
//
// # Words
//
// A Person is present or away. A Credential is one privileged account on one
// target; its two custodians are primary (A) and backup (B). The holder is the
// one custodian who may check the secret out. A Handover passes custody to the
// other custodian for a time. A Lease is a check-out in progress. Exposure is
// the set of people who were shown the current version; a rotation empties it.
// A confirmation is a TOTP code given for one command.
//
// # The life of a credential
//
//	AddCredential, approved (3.1)         Retire, approved
//	             |                                |
//	             v      promoted                  v
//	       [ rotating ] --------> [ held ] -> [ retired ]
//	         ^   nobody holds       |  ^
//	         |   successor waits    |  | accept: holder = receiver
//	         +----------------------+  +--+
//	           return   (successor: the giver)
//	           transfer (successor: the receiver)
//	           checkin, age, exposure, drift, requested (successor: the holder)
//
// Inside rotating, each arrow is one entry, made after what it names is true:
//
//	pending --> staged --> applied --> verified --> promoted (= held, version + 1)
//	            value in   target      new log-in   value is
//	            the store  was told    works, old   the current
//	            beside     to change   is refused   version
//	            the old
//
// Where nobody is there to hold it, a rotation has no successor, and promoted leads to
// parked instead: verified, in the store, held by nobody. A custodian takes it.
//
//	rotating (for nobody) --promoted--> [ parked ] --take--> [ held ]
//	    +------------------take------------> rotating for who took it
//
// Whoever leaves (Disable, or roles without technician) vacates their seats. A
// credential then has one custodian or none, until a proposal fills the seat.
//
// A failure stays where it is and says when it tries again: the unknown outcome
// of a change is not a failure, and both values are kept until one is proved.
// Where a person sets the password, applied is theirs to say, after the value
// was shown to them (ShowNew, ConfirmSet).
//
// What is held may drift: a verification finds that the target refuses the
// password. It stays held; a rotation through the target's second account
// (Reconcile), or a later verification, ends that. Dependents are told each new
// version after it was promoted and stand in nobody's way.
//
// # The life of a handover
//
//	           accept             return             all promoted
//	offered ----------> accepted ----------> returned ----------> closed
//	   |                 receiver             nobody, then
//	   |                 holds                the giver holds
//	   +--> declined (receiver) | cancelled (giver) | expired (time)
//
// One that is signed ahead of a planned absence begins elsewhere: planned (by the
// giver), signed (by the receiver), and then, when the absence begins, time carries it
// out, which accepts it; or it is void. See ahead.go.
//
// # Presence
//
// GoAway is refused to a holder, to whoever a rotation is about to make one,
// and while the other custodian of anything shared is away. An offer with Leave
// marks the giver away in the acceptance that leaves them holding nothing.
//
// # Who approves
//
// What changes who may do what is a Proposal, and waits until others have approved it.
// Who can is worked out in one place, eligible.go: by a role of their own, or as the
// deputy of somebody who is away (deputy.go); never whom it is about, by no account. An
// approval counts if it could be given when it is and when the last one is there; one
// that could not any more lapses at once (lapsed.go).
package custody
