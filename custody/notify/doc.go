// Package notify tells people by e-mail what they must know: an offer that waits
// for them, a password that is theirs again, an alarm.
//
// It knows events, who is concerned by each, two languages and the words for them
// (package words). It must not know a rule of custody, nor SMTP, which is package
// notify/smtp. No mail ever holds a secret or a code; a link leads to the page
// where a person logs in.
//
// # Who is told what
//
//	handover.offered, cancelled             the receiver
//	handover.accepted, declined, expired    the giver
//	handover.closed: rotated and back       the giver
//	handover.overdue                        both
//	person.locked, session.locked           the person
//	person.unlocked                         the person, managers
//	person.email_changed                    the person, at the old and at the new address
//	person.enrolment_reset                  the person; everybody, when it was done on the host
//	emergency.requested                     custodians, whom it is for, managers, directors
//	emergency.granted                       the same
//	emergency.rejected                      the same, and who asked
//	emergency.ended, lapsed                 custodians, who asked, whom it is for; who reviews it
//	emergency.unreviewed                    managers, directors, auditors
//	incident.reported                       who can assess it; of a special one also managers, directors, admins, auditors
//	incident.assessed                       whom it is about, and who reported it
//	incident.unanswered                     who can assess it, managers, directors, admins, auditors
//	every event of grade serious            custodians of the credential, managers; directors, where a manager did it
//	every event of grade special            these, and directors, admins, auditors
//
// Who is disabled or has no address is told nothing. All that one request did is
// one mail for each person, in their language and time zone.
//
// # At least once, and in no one's way
//
// It reads the committed ledger from its own stored position, and custody never
// waits for it. The position stays at the first entry with a mail that the server
// has not taken, so after a crash some mails are sent again: with the same
// Message-ID. A mail that is not taken now waits by itself, with growing pauses;
// a server that cannot be used makes all wait. What is for an address that does not
// exist, or older than a day, is dropped, counted and logged: in the ledger it stays. A follower
// that is new starts at the head. Of the processes with
// one database one sends at a time, under a lease (package follow).
package notify
