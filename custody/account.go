package custody

// An account is in custody once: with two credentials each change of its password
// would make the other's wrong. Which account a target is, however its address is
// spelled, is for its connector to say; here names are only compared.

// identities gives at least one.
func (t Target) identities() []string {
	if len(t.Identities) > 0 {
		return t.Identities
	}
	return []string{t.Kind + " " + t.Account + "@" + t.Address}
}

// inCustodyAs gives the name of the credential whose account a target is, or "".
func (s *State) inCustodyAs(t Target) string {
	for _, identity := range t.identities() {
		for at := s; at != nil; at = at.base {
			if name, known := at.accounts[identity]; known {
				if name != "" {
					return name
				}
				break
			}
		}
	}
	return ""
}

func (s *State) take(c Credential) {
	for _, identity := range c.Target.identities() {
		s.accounts[identity] = c.Name
	}
}

func (s *State) release(c Credential) {
	for _, identity := range c.Target.identities() {
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
		for _, identity := range c.Target.identities() {
			if other, taken := accounts[identity]; taken {
				return &Violation{Invariant: "I7", Subject: c.Name, Detail: "the same account as " + other}
			}
			accounts[identity] = c.Name
		}
	}
	return nil
}
