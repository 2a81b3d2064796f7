package custody

// Begins gives the credentials whose passwords an event begins to change: who follows the
// ledger and counts rotations has it from here.
func Begins(f Fact) []string {
	switch f := f.(type) {
	case CredentialAdded:
		return []string{f.Credential}
	case RotationStarted:
		return []string{f.Credential}
	case HandoverReturned:
		return f.Credentials
	case CustodyPassed:
		return []string{f.Credential}
	case CustodiansChanged:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case SeatGivenBack:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case SeatVacated:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case CredentialRetargeted:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case EmergencyEnded:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case EnvelopeOpened:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	case EnvelopeDrilled:
		return []string{f.Credential}
	case CredentialParked:
		return unlessZero(f.Deadline.IsZero(), f.Credential)
	}
	return nil
}

func unlessZero(zero bool, credential string) []string {
	if zero {
		return nil
	}
	return []string{credential}
}
