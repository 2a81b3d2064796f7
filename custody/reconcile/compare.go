package reconcile

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// tolerance is how far the clocks of Tandem and the secret store may be apart,
// together with how long a request takes.
const tolerance = 5 * time.Minute

// Compare judges the accesses; l has seen the whole ledger.
func (l *Ledger) Compare(accesses []Access) Report {
	r := Report{Accesses: len(accesses), Findings: []Finding{}}
	remotes, read := map[string]bool{}, map[[2]string]bool{}
	for _, a := range accesses {
		if a.Own && a.Remote != "" {
			remotes[a.Remote] = true
		}
		found := func(grade custody.Grade, why string) { r.Findings = append(r.Findings, Finding{a, grade, why}) }
		switch {
		case a.Kind == Unread:
			found(custody.Serious, "cannot be read: it may hide an access")
		case a.Kind == Blinded && !a.Refused:
			found(custody.Special, "took the audit log away: what followed it does not say")
		case !a.Own && a.Refused:
			found(custody.Serious, "tried to go past Tandem; the secret store refused")
		case !a.Own && a.Kind == Probe:
			r.Routine++ // nothing secret is kept there
		case !a.Own:
			found(custody.Special, "went past Tandem")
		case a.Refused, a.Kind == Probe, a.Kind == Sign, slices.Contains(forNoRequest, a.Path), isChannel(a.Path), a.Kind == Read && isSealKey(a.Path):
			r.Routine++
		case a.Request == "":
			found(custody.Special, "by Tandem's own log-in, for no request")
		case l.allows(a):
			r.Matched++
			key := [2]string{a.Request, a.Path}
			if a.Kind == Read && read[key] && l.isCheckOut(a.Request) {
				r.Repeated++
				found(custody.Ordinary, "read again under the same check-out: a read that was tried again, or a copied id")
			}
			read[key] = a.Kind == Read || read[key]
		case len(l.entries[a.Request]) == 0 && mayBeNotEntered(a):
			r.NotEntered++
			found(custody.Ordinary, "a log-in that failed, or a command that was repeated or gave up: not entered")
		case len(l.entries[a.Request]) == 0 && len(l.rotations[a.Request]) == 0:
			found(custody.Special, "by Tandem's own log-in, for a request that the ledger does not have")
		default:
			found(custody.Special, "by Tandem's own log-in, for a request that did not allow it, or not then")
		}
	}
	r.Remotes = slices.Sorted(maps.Keys(remotes))
	return r
}

// forNoRequest are what Tandem reads and writes by itself: whose the secrets are,
// the key of the seals at a start, the anchor, and the mail server in force. So are the
// channels in force.
var forNoRequest = []string{desk.SentinelPath, desk.SealPath, desk.AnchorPath, desk.RelayPath}

// isChannel says whether a path is that of what was kept of a channel.
func isChannel(path string) bool { return strings.HasPrefix(path, desk.ChannelPath("")) }

// isSealKey says whether a path is that of a key that has replaced the first of the
// seals. Whoever meets a mark of one that they do not know reads it, in whatever they
// were about.
func isSealKey(path string) bool { return strings.HasPrefix(path, desk.SealKeyPath("")) }

// mayBeNotEntered: see the package documentation.
func mayBeNotEntered(a Access) bool {
	// The first log-in ever makes the key of the throttle, also one that fails.
	_, loggingIn := ofLogIn(a.Path)
	return a.Kind == Read && loggingIn || a.Path == desk.ThrottlePath ||
		isSealKey(a.Path) || // of a command that was cut short: a key that the ledger does not name is nothing
		a.Kind == Read && a.Path == desk.IdentityPath || // of a credential that was not added
		strings.HasPrefix(a.Path, desk.ArrivingPath(a.Request))
}

// allows says whether an entry, or a rotation, of the access's request allows it.
func (l *Ledger) allows(a Access) bool {
	for _, s := range l.rotations[a.Request] {
		if s.allows(a) {
			return true
		}
	}
	return slices.ContainsFunc(l.entries[a.Request], func(e custody.Event) bool { return entryAllows(e, a) })
}

func (s span) allows(a Access) bool {
	after := func(t time.Time) bool { return !t.IsZero() && a.Time.After(t.Add(tolerance)) }
	late := after(s.end)
	switch {
	case a.Time.Before(s.start.Add(-tolerance)):
		return false
	case a.Path == desk.StagedPath(s.id.Credential, s.id.Number):
		return !late || a.Kind == Write // what a crash left is deleted whenever somebody comes by
	case a.Path == desk.CredentialPath(s.id.Credential):
		return !late || a.Kind == Read && !after(s.told)
	case a.Path == desk.HistoryPath(s.id.Credential):
		return !late
	case a.Path == desk.KeyPath(s.id.Credential):
		return !late && a.Kind == Read
	}
	return false
}

func entryAllows(e custody.Event, a Access) bool {
	if strings.HasPrefix(a.Path, desk.ArrivingPath(e.Request)) {
		return bringsSecrets(e) // whenever somebody comes by
	}
	if a.Time.Before(e.Time.Add(-tolerance)) || a.Time.After(e.Time.Add(tolerance)) {
		return false
	}
	if a.Path == desk.ThrottlePath {
		return signsIn(e)
	}
	if person, ok := ofLogIn(a.Path); ok {
		return logInAllows(e, a, person)
	}
	switch f := e.Fact.(type) {
	case custody.CheckoutGranted:
		return a.Kind == Read && a.Path == desk.CredentialPath(f.Credential)
	case custody.CheckoutShown:
		return a.Kind == Read && a.Path == desk.CredentialPath(f.Credential)
	case custody.VerificationStarted:
		return a.Kind == Read && (a.Path == desk.CredentialPath(f.Credential) || a.Path == desk.KeyPath(f.Credential))
	case custody.EnvelopeIntended:
		return a.Kind == Read && a.Path == desk.CredentialPath(f.Credential)
	case custody.RotationShown:
		return a.Kind == Read && (a.Path == desk.CredentialPath(f.Credential) || a.Path == desk.StagedPath(f.Credential, f.Rotation))
	case custody.CredentialAdded:
		return a.Path == desk.IdentityPath || a.Path == desk.CredentialPath(f.Credential) || a.Path == desk.KeyPath(f.Credential)
	case custody.PersonAdded, custody.EmailChanged: // the first address ever makes the salt
		return a.Path == desk.IdentityPath
	case custody.ProposalMade: // of somebody with an address, or of an account
		return a.Path == desk.IdentityPath && asksForNames(f.Change)
	case custody.ProposalRevised:
		return a.Path == desk.IdentityPath && asksForNames(f.Change)
	case custody.CommandRefused: // of an account that is in custody already
		return a.Kind == Read && a.Path == desk.IdentityPath && mayAdd(f)
	case custody.SealKeyChanged:
		return a.Path == desk.SealKeyPath(f.To)
	case custody.SecretsArrived:
		return a.Path == desk.CredentialPath(f.Credential) || a.Path == desk.KeyPath(f.Credential)
	}
	return false
}

// bringsSecrets says whether an entry is of a request that came with secrets: they
// are under a path of its own until it is decided, and moved.
func bringsSecrets(e custody.Event) bool {
	switch f := e.Fact.(type) {
	case custody.CredentialAdded, custody.SecretsArrived:
		return true
	case custody.ProposalMade:
		return brings(f.Change)
	case custody.ProposalRevised:
		return brings(f.Change)
	case custody.CommandRefused:
		return mayAdd(f)
	}
	return false
}

func brings(c custody.Change) bool {
	switch a := c.Proposable.(type) {
	case custody.AddCredential:
		return a.Brings
	case custody.Retarget:
		return a.Password || a.Key
	}
	return false
}

// mayAdd says whether what was refused can have been about an account that was to come in.
func mayAdd(f custody.CommandRefused) bool {
	return f.Command == custody.AddCredential{}.Verb() || f.Command == custody.Propose{}.Verb()
}

// signsIn says whether an entry is of a request that failed log-ins are counted
// for: a log-in, or a recovery.
func signsIn(e custody.Event) bool {
	switch f := e.Fact.(type) {
	case custody.SessionOpened, custody.SignInLocked,
		custody.PersonUnlocked, custody.PersonAdded, custody.EnrolmentReset, custody.Joined: // failures with the name are forgotten
		return true
	case custody.CommandRefused:
		return f.Command == custody.SignIn{}.Verb()
	}
	return false
}

// ofLogIn gives whose seed or account a path has.
func ofLogIn(path string) (person string, ok bool) {
	if person, ok = strings.CutPrefix(path, desk.SeedPath("")); ok {
		return person, true
	}
	return strings.CutPrefix(path, desk.AccountPath(""))
}

func logInAllows(e custody.Event, a Access, person string) bool {
	switch f := e.Fact.(type) {
	case custody.PersonAdded:
		if f.Username == person {
			return true // the new seed and account are written
		}
	case custody.EnrolmentReset:
		if f.Person == person {
			return true
		}
	case custody.LinkOpened: // they chose a password, and were shown a seed
		if f.Person == person {
			return true
		}
	case custody.AuthenticatorShown: // its seed is kept beside the account, and one of before is moved
		if f.Person == person {
			return true
		}
	case custody.AuthenticatorReplaced:
		if f.Person == person {
			return true
		}
	case custody.PasswordChanged:
		if f.Person == person && a.Path == desk.AccountPath(person) {
			return true
		}
	case custody.Joined:
		if f.Person == person && a.Path == desk.AccountPath(person) {
			return true // with recovery codes
		}
	case custody.SessionOpened:
		if f.Person == person && f.Account > 0 && a.Path == desk.AccountPath(person) {
			return true // with new recovery codes
		}
	case custody.SignInLocked:
		// Of a name that nobody has: no seed was looked at, and as long.
		return a.Kind == Read && (f.Person == person || f.Person == "" && person == desk.Nobody)
	case custody.ProposalApproved, custody.EmergencyApproved, custody.SameSeed: // it was laid beside the approver's
		if a.Kind == Read && a.Path == desk.SeedPath(person) {
			return true
		}
	case custody.CommandRefused:
		if approves(f) && a.Kind == Read && a.Path == desk.SeedPath(person) {
			return true
		}
	}
	return a.Kind == Read && e.Actor == person
}

// approves says whether what was refused was an approval.
func approves(f custody.CommandRefused) bool {
	return f.Command == custody.Approve{}.Verb() || f.Command == custody.ApproveEmergency{}.Verb()
}

func (l *Ledger) isCheckOut(request string) bool {
	return slices.ContainsFunc(l.entries[request], func(e custody.Event) bool {
		switch e.Fact.(type) {
		case custody.CheckoutGranted, custody.CheckoutShown:
			return true
		}
		return false
	})
}

// asksForNames says whether a proposal is of somebody, or of an account: whose address, or
// which account, it is, is told by a digest.
func asksForNames(c custody.Change) bool {
	switch c.Proposable.(type) {
	case custody.AddPerson, custody.ChangeEmail, custody.AddCredential, custody.Retarget:
		return true
	}
	return false
}
