package custody

import "slices"

// An account is in custody once: with two credentials each change of its password
// would make the other's wrong. Which account a target is, however its address is
// spelled, is for its connector to say; here the digests of names are compared, so
// that it is decided alike without knowing any of them.

// checkIdentities looks at the form only: whoever checked the target gave them.
// Of what was refused none is on record (see AddCredential.bare), and then it is refused
// for that again; no fact has none.
func checkIdentities(identities []string) *Refusal {
	if !areCommitments(identities) && !slices.Equal(identities, []string{absent}) {
		return Invalid("target.identities", "no_identities")
	}
	return nil
}

// inCustodyAs gives the name of the credential whose account a target is, or "".
func (s *State) inCustodyAs(t TargetNotes) string {
	for _, identity := range t.Identities {
		if name := s.accountOf(identity); name != "" {
			return name
		}
	}
	return ""
}

// taken gives those of a target's identities that are in custody, and so on record.
func (s *State) taken(t TargetNotes) (taken []string) {
	for _, identity := range t.Identities {
		if s.accountOf(identity) != "" {
			taken = append(taken, identity)
		}
	}
	return taken
}

// accountOf gives the name of the credential that has this identity, or "".
func (s *State) accountOf(identity string) string {
	for at := s; at != nil; at = at.base {
		if name, known := at.accounts[identity]; known {
			return name
		}
	}
	return ""
}

func (s *State) take(c Credential) {
	for _, identity := range c.Target.Identities {
		s.accounts[identity] = c.Name
	}
}

func (s *State) release(c Credential) {
	for _, identity := range c.Target.Identities {
		if s.base == nil {
			delete(s.accounts, identity)
			continue
		}
		s.accounts[identity] = ""
	}
}

// checkAccounts looks for an account that is in custody twice.
func (s *State) checkAccounts() error {
	accounts := map[string]string{}
	for c := range s.Credentials() {
		if !c.Active() {
			continue
		}
		for _, identity := range c.Target.Identities {
			if other, taken := accounts[identity]; taken {
				return &Violation{Invariant: "I7", Subject: c.Name, Detail: "the same account as " + other}
			}
			accounts[identity] = c.Name
		}
	}
	return nil
}
