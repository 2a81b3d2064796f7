package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// notice is one thing that one person is told.
type notice struct {
	to     string // username
	kind   string // names the words: subject.KIND and text.KIND
	page   string // path that the link leads to
	values values

	address string // instead of the person's own; "": that one
}

// values are what the words speak of. Usernames become names, instants and lists
// are written as the reader's language and zone have it.
type values struct {
	From, To, Person, Actor string
	Handover, Credential    string
	Proposal, Change        string // Change: the kind of it
	Emergency, Incident     string
	Grade                   custody.Grade
	Primary, Backup         string
	Credentials             []string
	Reason                  custody.Note
	Device, Address         custody.Note
	Until, Expires, Back    time.Time
	Witness, Type, Subject  string
	Failure                 string // kind of a failed attempt
	Role                    custody.Role
}

// calls says whether an event calls for a mail.
func calls(e custody.Event) bool {
	switch fact := e.Fact.(type) {
	case custody.RotationFailed:
		return fact.Stops()
	case custody.SessionOpened:
		return fact.Unseen
	case custody.RotationPromoted:
		return fact.Holder == "" // it is parked
	case custody.ProposalApproved:
		return fact.For != "" || fact.Noticed || len(fact.SameDevice) > 0
	case custody.HandoverOffered, custody.HandoverAccepted, custody.HandoverEnded, custody.HandoverClosed,
		custody.HandoverOverdue, custody.EnrolmentReset, custody.PersonUnlocked, custody.EmailChanged,
		custody.ProposalMade, custody.ProposalRevised, custody.ProposalRejected, custody.ProposalEffected, custody.ProposalFailed,
		custody.ProposalExpired, custody.CustodiansChanged, custody.CustodyPassed, custody.RolesChanged,
		custody.LinkIssued, custody.Joined, custody.PasswordChanged, custody.AuthenticatorReplaced, custody.ConfigurationAcknowledged, custody.HandoverVoided, custody.PersonReinstated, custody.OffboardingEnded,
		custody.CredentialRetargeted, custody.DeparturePlanned, custody.DepartureNear, custody.SubstituteNear, custody.SeatGivenBack,
		custody.ApprovalLapsed, custody.ProposalReminded, custody.DeputyNamed, custody.DeputyBegan, custody.DeputyEnded,
		custody.EmergencyLapsed, custody.EmergencyEnded, custody.ReviewSigned, custody.IncidentReported, custody.IncidentAssessed:
		return true
	case custody.CredentialAdded, custody.CredentialRetired, custody.CredentialPolicyChanged, custody.CredentialTaken, custody.HandoverReturned:
		return true
	case custody.PolicyAdopted:
		return fact.Proposal != "" // before the first one there was nobody
	}
	return e.Grade() != custody.Ordinary || aboutAbsence(e.Fact)
}

// notices says who is told what about an event that calls for a mail.
func (f *Follower) notices(ctx context.Context, e indexed, people []custody.Person) ([]notice, error) {
	about := concerns{entry: e, people: people}
	switch fact := e.Fact.(type) {
	case custody.HandoverOffered:
		about.tell("offered", handoverPage(fact.Handover), values{
			From: fact.From, To: fact.To, Handover: fact.Handover, Credentials: fact.Credentials,
			Reason: fact.Reason, Expires: fact.Expires, Back: fact.ExpectedReturn,
		}, fact.To)
	case custody.HandoverAccepted:
		about.tell("accepted", handoverPage(fact.Handover), values{
			From: fact.From, To: fact.To, Handover: fact.Handover, Credentials: fact.Credentials,
		}, fact.From)
	case custody.RotationFailed:
		c, err := f.Directory.Credential(ctx, fact.Credential)
		if err != nil {
			return nil, err
		}
		to := append([]string{c.Primary, c.Backup}, about.everybody(custody.Manager, custody.Admin)...)
		about.tell("rotation_stopped", "/credentials/"+fact.Credential, values{Credential: fact.Credential, Failure: fact.Failure}, to...)
	case custody.HandoverEnded, custody.HandoverClosed, custody.HandoverOverdue:
		h, err := f.Directory.Handover(ctx, fact.Subject())
		if err != nil {
			return nil, err
		}
		about.handover(h, fact)
	case custody.DeparturePlanned, custody.DepartureNear:
		about.departure(fact)
	case custody.RecoverySought, custody.RecoveryStopped:
		about.onHost(fact)
	case custody.SecretsRebound:
		kind := "secrets_older"
		if fact.New {
			kind = "secrets_new"
		}
		about.tell(kind, e.page(), values{Reason: fact.Reason, Credentials: append(slices.Clone(fact.People), fact.Credentials...)}, about.everybody(custody.Roles...)...)
	case custody.PersonRefounded:
		about.tell("refounded", "/people", values{Person: fact.Person, Role: fact.Role, Proposal: fact.Proposal}, about.everybody(custody.Roles...)...)
	case custody.ProposalMade, custody.ProposalRevised, custody.ProposalRejected, custody.ProposalEffected, custody.ProposalFailed, custody.ProposalExpired,
		custody.ProposalApproved, custody.ApprovalLapsed, custody.ProposalReminded, custody.ProposalAnnounced, custody.ProposalNear:
		return f.aboutProposals(ctx, about, fact)
	case custody.DeputyNamed, custody.DeputyBegan, custody.DeputyEnded:
		about.deputy(fact)
	case custody.CustodiansChanged:
		about.custodians(fact)
	case custody.SubstituteNear, custody.SeatGivenBack, custody.SubstituteStays:
		return f.substitute(ctx, about, fact)
	case custody.CredentialRetargeted:
		return f.retargeted(ctx, about, fact)
	case custody.CustodyPassed:
		v := values{Credential: fact.Credential, From: fact.From, To: fact.Successor, Proposal: fact.Proposal}
		about.tell("custody_passed", "/credentials/"+fact.Credential, v, fact.Successor, fact.From)
	case custody.PersonDisabled, custody.SeatVacated, custody.RotationPromoted, custody.HandoverVoided, custody.PersonReinstated, custody.OffboardingOverdue, custody.OffboardingEnded:
		return f.leaving(ctx, about, fact)
	case custody.CredentialAdded, custody.CredentialRetired, custody.CredentialPolicyChanged, custody.CredentialTaken, custody.HandoverReturned, custody.PolicyAdopted:
		return f.concerned(ctx, about, fact)
	case custody.EmergencyRequested:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyApproved: // serious, or there is nothing to tell
		v := values{Actor: e.Actor, Emergency: fact.Emergency, Proposal: fact.Emergency, Credentials: fact.SameDevice}
		about.sameDevice("/emergencies/"+fact.Emergency, v)
	case custody.EmergencyGranted:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyRejected:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyLapsed:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyEnded:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyUnreviewed:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.EmergencyReviewed:
		return f.urgent(ctx, about, fact.Emergency, fact.Credential)
	case custody.IncidentReported, custody.IncidentAcknowledged, custody.IncidentAssessed, custody.IncidentClosed, custody.IncidentUnanswered:
		return f.incident(ctx, about, fact.Subject())
	case custody.RolesChanged:
		about.tell("roles", "/people", values{Proposal: fact.Proposal}, fact.Person)
	case custody.LinkIssued:
		v := values{Person: fact.Person, Actor: e.Actor, Until: fact.Until}
		about.tell("link_issued", "/people/"+fact.Person+"/admission", v, about.person(fact.Person).Admission.Readers...)
	case custody.ServiceStarted: // serious, or there is nothing to tell
		about.tell("configuration", "/configuration", values{Credentials: fact.Changed}, about.everybody(custody.Manager, custody.Director, custody.Admin, custody.Auditor)...)
	case custody.ConfigurationAcknowledged:
		about.tell("configuration_acknowledged", "/configuration", values{Credentials: fact.Changed, Actor: e.Actor}, about.everybody(custody.Manager, custody.Director, custody.Admin, custody.Auditor)...)
	case custody.SessionOpened:
		about.tell("new_device", "/preferences", values{Device: fact.Device, Address: fact.Address}, fact.Person)
	case custody.PasswordChanged:
		about.tell("password_changed", "/", values{}, fact.Person)
	case custody.AuthenticatorReplaced:
		about.tell("authenticator_replaced", "/", values{}, fact.Person)
	case custody.Joined:
		about.tell("joined", "/", values{}, fact.Person)
	case custody.PersonLocked:
		about.locked("locked", fact.Person, fact.Until)
	case custody.SignInLocked:
		about.locked("locked_login", fact.Person, fact.Until)
	case custody.ReviewSigned:
		about.tell("review_signed", e.page(), values{Actor: e.Actor}, about.everybody(custody.Manager, custody.Director)...)
	case custody.PersonUnlocked:
		v := values{Person: fact.Person, Actor: e.Actor}
		about.tell("unlocked", "/", v, fact.Person)
		about.tell("unlocked_other", "/people", v, about.everybody(custody.Manager)...)
	case custody.EmailChanged:
		about.emailChanged(fact)
	case custody.EnrolmentReset:
		if fact.OnHost {
			about.tell("on_host", e.page(), values{Person: fact.Person}, about.everybody(custody.Roles...)...)
			return about.notices, nil
		}
		kind := "enrolment"
		if fact.Recovery {
			kind = "recovered"
		}
		about.tell(kind, "/", values{Proposal: fact.Proposal}, fact.Person)
	default:
		if aboutAbsence(fact) {
			return f.absence(ctx, about, fact)
		}
		return about.notices, f.alarm(ctx, &about)
	}
	return about.notices, nil
}

// alarm tells of an event that is serious or special, also of a kind that has no
// words of its own.
func (f *Follower) alarm(ctx context.Context, about *concerns) error {
	e := about.entry
	grade := e.Grade()
	to := about.everybody(custody.Manager)
	if slices.Contains(to, e.Actor) { // who did it is not the only one who hears of it
		to = append(to, about.everybody(custody.Director)...)
	}
	if grade == custody.Special {
		to = about.everybody(custody.Manager, custody.Director, custody.Admin, custody.Auditor)
	}
	v, page := values{Type: e.Fact.Type(), Subject: e.Fact.Subject(), Actor: e.Actor}, e.page()
	if group, _, _ := strings.Cut(v.Type, "."); slices.Contains(aboutCredentials, group) || ofEnvelope(e.Fact) {
		c, err := f.Directory.Credential(ctx, v.Subject)
		if err != nil {
			return err
		}
		to = append([]string{c.Primary, c.Backup}, to...)
		v.Credential, v.Failure, page = v.Subject, c.Rotation.Failure, "/credentials/"+v.Subject
	}
	kind := string(grade)
	switch fact := e.Fact.(type) {
	case custody.SameSeed:
		kind, v.Person, v.To = "same_seed", fact.Person, fact.Other
		to = append(to, fact.Person, fact.Other)
	case custody.DrillOverdue:
		to, page = append(to, fact.Person), "/envelopes"
	case custody.RotationOverdue:
		kind = "rotation_overdue"
	case custody.VerificationEnded:
		kind = "drift"
	case custody.LedgerConflict:
		kind, v.Witness = "conflict", fact.Witness
	}
	about.tell(kind, page, v, to...)
	return nil
}

// aboutCredentials are the groups of entries whose subject is a credential.
var aboutCredentials = []string{"credential", "checkout", "rotation", "verification", "dependent"}

// ofEnvelope says whether it is about the envelope of one credential: others are about all
// of them, or about a keyholder.
func ofEnvelope(f custody.Fact) bool {
	switch f := f.(type) {
	case custody.EnvelopeOpened, custody.EnvelopeDrilled:
		return true
	case custody.EnvelopeFailed:
		return f.Credential != ""
	}
	return false
}

// concerns collects the notices about one event.
type concerns struct {
	entry   indexed
	people  []custody.Person
	notices []notice
}

// tell tells some people. Who is told of the event already is not told again.
func (c *concerns) tell(kind, page string, v values, to ...string) {
	for _, username := range to {
		told := slices.ContainsFunc(c.notices, func(n notice) bool { return n.to == username })
		if username != "" && !told {
			c.notices = append(c.notices, notice{to: username, kind: kind, page: page, values: v})
		}
	}
}

// person gives somebody by their username, and the zero one if there is nobody.
func (c *concerns) person(username string) custody.Person {
	for _, p := range c.people {
		if p.Username == username {
			return p
		}
	}
	return custody.Person{}
}

// everybody gives those who have one of the roles.
func (c *concerns) everybody(roles ...custody.Role) (usernames []string) {
	for _, p := range c.people {
		if slices.ContainsFunc(roles, p.Is) {
			usernames = append(usernames, p.Username)
		}
	}
	return usernames
}

// locked tells of a lock-out; person is "" for names that do not exist.
func (c *concerns) locked(kind, person string, until time.Time) {
	other, page := kind+"_other", "/people"
	if person == "" {
		other, page = "strangers", c.entry.page()
	}
	c.tell(kind, "/", values{Until: until}, person)
	c.tell(other, page, values{Person: person, Until: until}, c.everybody(custody.Manager)...)
}

// emailChanged tells both addresses, each by itself: who reads one of them need
// not read the other.
func (c *concerns) emailChanged(fact custody.EmailChanged) {
	v, from := values{Actor: c.entry.Actor}, "email_from"
	if c.entry.Actor != fact.Person { // messages go there for a while longer
		from = "email_replaced"
	}
	for kind, note := range map[string]custody.Note{from: fact.Before, "email_to": fact.Email} {
		if w, known := note.Words(); known { // one that was taken out is told nothing
			c.notices = append(c.notices, notice{to: fact.Person, kind: kind, page: "/", values: v, address: w.Text})
		}
	}
}

// handover tells of a handover that was offered before.
func (c *concerns) handover(h custody.Handover, fact custody.Fact) {
	v := values{From: h.From, To: h.To, Handover: h.ID, Credentials: h.Credentials, Back: h.ExpectedReturn}
	switch fact := fact.(type) {
	case custody.HandoverClosed:
		c.tell("closed", handoverPage(h.ID), v, h.From)
	case custody.HandoverOverdue:
		c.tell("overdue", handoverPage(h.ID), v, h.From, h.To)
	case custody.HandoverEnded:
		v.Reason = fact.Reason
		to := h.From
		if fact.How == custody.Cancelled {
			to = h.To
		}
		c.tell(string(fact.How), handoverPage(h.ID), v, to) // declined, cancelled, expired
	}
}

func handoverPage(id string) string { return "/handovers/" + id }
