package custody

import (
	"slices"
	"time"
)

// Nobody approves for themselves with a second account. What tells that two accounts are
// one person's is where messages to them go: the ledger has no addresses, so that it has
// a keyed digest of each, and two that are the same are two of one address. And so does
// one authenticator for two, see twin.go.

// FormerMailbox is one that a person gave up by themselves. It tells for as long as a
// proposal can wait whose account this is: or whoever asks for something with one account
// would write another address into the other, and approve it.
type FormerMailbox struct {
	Mailbox string    `json:"mailbox"`
	Until   time.Time `json:"until"` // it tells before this instant
}

// leaveMailbox remembers one that a person gave up.
func (p *Person) leaveMailbox(mailbox string, now time.Time) {
	p.Mailboxes = slices.DeleteFunc(slices.Clone(p.Mailboxes), func(m FormerMailbox) bool {
		return !now.Before(m.Until) || m.Mailbox == mailbox || m.Mailbox == p.Mailbox
	})
	if mailbox != "" && mailbox != p.Mailbox {
		p.Mailboxes = append(p.Mailboxes, FormerMailbox{mailbox, now.Add(proposalTTL)})
	}
	if len(p.Mailboxes) == 0 { // as a table gives it back
		p.Mailboxes = nil
	}
}

// mailboxes gives those by which it shows at an instant whose account this is.
func (p Person) mailboxes(now time.Time) (all []string) {
	if p.Mailbox != "" {
		all = append(all, p.Mailbox)
	}
	for _, m := range p.Mailboxes {
		if now.Before(m.Until) {
			all = append(all, m.Mailbox)
		}
	}
	return all
}

// same says whether two accounts are one person's, as far as that can be told.
func (p Person) same(other Person, now time.Time) bool {
	theirs := other.mailboxes(now)
	return p.Username != other.Username &&
		(p.twinOf(other) || slices.ContainsFunc(p.mailboxes(now), func(m string) bool { return slices.Contains(theirs, m) }))
}

// another gives that of some people who is a person by another account; "": nobody is.
func (s *State) another(person Person, usernames []string) string {
	for _, username := range usernames {
		if other, _ := s.Person(username); person.same(other, s.Time) {
			return username
		}
	}
	return ""
}

// parties are whom nobody may be who approves a proposal: who asks for it, and whom it
// is about.
func (s *State) parties(p Proposal) []string {
	return append([]string{p.Requester}, p.Change.parties(s)...)
}

// secondAccount gives the account of somebody's by which they are too near to a
// proposal, or have approved it; "": none.
func (s *State) secondAccount(p Proposal, person Person) string {
	near := s.parties(p)
	for _, a := range p.Approvals {
		near = append(near, a.Person)
	}
	return s.another(person, near)
}

// checkMailbox accepts the digest of an address, and none.
func checkMailbox(email Note, mailbox string) *Refusal {
	if mailbox != "" && (email.IsZero() || !areCommitments([]string{mailbox})) {
		return Invalid("email", "not_an_email")
	}
	return nil
}

func (d *decision) refuseSecondAccount(p Proposal, other string) *Refusal {
	if d.sharesSeed(other) {
		return &Refusal{Code: NotEligible, Rule: "3.1", Key: "same_authenticator", Args: Args{"proposal": p.ID, "person": other}}
	}
	return &Refusal{Code: NotEligible, Rule: "3.1", Key: "second_account", Args: Args{"proposal": p.ID, "person": other}}
}
