package custody

// Nobody approves for themselves with a second account. What tells that two accounts are
// one person's is where messages to them go: the ledger has no addresses, so that it has
// a keyed digest of each, and two that are the same are two of one address.

// same says whether two accounts are one person's, as far as that can be told.
func (p Person) same(other Person) bool {
	return p.Username != other.Username && p.Mailbox != "" && p.Mailbox == other.Mailbox
}

// another gives that of some people who is a person by another account; "": nobody is.
func (s *State) another(person Person, usernames []string) string {
	for _, username := range usernames {
		if other, _ := s.Person(username); person.same(other) {
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

func refuseSecondAccount(p Proposal, other string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: "3.1", Key: "second_account", Args: Args{"proposal": p.ID, "person": other}}
}
