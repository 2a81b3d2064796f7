package notify

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
	"github.com/tandem-custody/tandem/custody/words/wordstest"
)

// kindsOfMail are the kinds that the catalogue has a text for, by their subjects.
func kindsOfMail(t *testing.T) map[string]bool {
	t.Helper()
	catalogue, kinds := wordstest.Read(t, filepath.Join("..", "words"), words.English), map[string]bool{}
	subjects := 0
	for key := range catalogue {
		if kind, is := strings.CutPrefix(key, "mail.text."); is {
			kinds[kind] = true
			if _, has := catalogue["mail.subject."+kind]; !has {
				t.Errorf("%s has no subject", kind)
			}
		}
		if strings.HasPrefix(key, "mail.subject.") {
			subjects++
		}
	}
	if len(kinds) < 20 || len(kinds) != subjects {
		t.Errorf("%d texts, %d subjects", len(kinds), subjects)
	}
	return kinds
}

// TestEveryValueOfAMailIsSaid: none is given that no mail has a place for, nor does
// a mail have a place for one that none is given.
func TestEveryValueOfAMailIsSaid(t *testing.T) {
	said := map[string]bool{}
	for key, sentence := range wordstest.Read(t, filepath.Join("..", "words"), words.English) {
		if strings.HasPrefix(key, "mail.subject.") || strings.HasPrefix(key, "mail.text.") {
			for _, name := range sentence.Placeholders(t) {
				said[name] = true
			}
		}
	}
	given := newOffice(t).follower.writer(custody.Person{}, nil, desk.Preference{}).data(values{})
	if want, got := slices.Sorted(maps.Keys(given)), slices.Sorted(maps.Keys(said)); !slices.Equal(want, got) {
		t.Errorf("mails are given %v, and take %v", want, got)
	}
}

// eventOf makes an event of a type, with nothing in it.
func eventOf(t *testing.T, kind string) custody.Event {
	t.Helper()
	if fact := custody.FactOf(kind); fact != nil {
		return custody.Event{Time: noon, Actor: custody.System, Fact: fact}
	}
	t.Fatalf("no event of type %s can be made", kind)
	return custody.Event{}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// said are the ordinary ones that call for a mail; all that are serious do.
var said = []string{
	"review.signed",
	"handover.offered", "handover.accepted", "handover.declined", "handover.cancelled", "handover.expired",
	"handover.closed", "handover.overdue", "person.enrolment_reset", "person.unlocked", "person.email_changed",
	"proposal.made", "proposal.revised", "proposal.rejected", "proposal.effected", "proposal.failed", "proposal.expired", "credential.custodians_changed", "rotation.failed",
	"credential.passed", "person.roles_changed", "admission.link_issued", "admission.joined", "person.password_changed", "person.authenticator_replaced", "session.opened", "configuration.acknowledged",
	"handover.planned", "handover.signed", "handover.broken", "handover.carried_out", "absence.reminded", "absence.ended", "absence.swap_asked", "absence.swapped",
	"handover.voided", "person.reinstated", "offboarding.ended", "rotation.promoted", "credential.retargeted",
	"credential.added", "credential.retired", "credential.policy_changed", "credential.taken", "handover.returned", "policy.adopted",
	"departure.planned", "departure.near", "credential.substitute_near", "credential.seat_given_back", "emergency.lapsed", "emergency.ended", "incident.reported", "incident.assessed",
	"proposal.approval_lapsed", "proposal.reminded", "deputy.named", "deputy.began", "deputy.ended", "proposal.approved",
}

// filled gives an event what its mails speak of.
func filled(e custody.Event) custody.Event {
	names := []string{"db01", "db02"}
	switch fact := e.Fact.(type) {
	case custody.HandoverOffered:
		e.Fact = custody.HandoverOffered{
			Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Reason: desk.NewNote("holiday"), ExpectedReturn: noon.AddDate(0, 0, 9), Expires: noon.AddDate(0, 0, 1),
		}
	case custody.HandoverAccepted:
		e.Fact = custody.HandoverAccepted{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names}
	case custody.HandoverEnded:
		fact.Handover, fact.Reason = "handover-1", desk.NewNote("not now")
		e.Fact = fact
	case custody.HandoverClosed:
		e.Fact = custody.HandoverClosed{Handover: "handover-1"}
	case custody.HandoverOverdue:
		e.Fact = custody.HandoverOverdue{Handover: "handover-1"}
	case custody.EnrolmentReset:
		e.Fact, e.Actor = custody.EnrolmentReset{Person: "tech-a", Proposal: "p-1"}, "manager"
	case custody.PersonUnlocked:
		e.Fact, e.Actor = custody.PersonUnlocked{Person: "tech-a"}, "manager"
	case custody.EmailChanged:
		e.Fact, e.Actor = custody.EmailChanged{Person: "tech-a", Email: desk.NewNote("tech-a@example.org"), Before: desk.NewNote("old@example.org")}, "tech-a"
	case custody.ProposalMade:
		e.Fact, e.Actor = custody.ProposalMade{Proposal: "p-1"}, "admin"
	case custody.ProposalRevised:
		e.Fact, e.Actor = custody.ProposalRevised{Proposal: "p-1"}, "admin"
	case custody.ProposalRejected:
		e.Fact, e.Actor = custody.ProposalRejected{Proposal: "p-1", Reason: desk.NewNote("not now")}, "manager"
	case custody.ProposalEffected:
		e.Fact, e.Actor = custody.ProposalEffected{Proposal: "p-1"}, "manager"
	case custody.ProposalFailed:
		e.Fact, e.Actor = custody.ProposalFailed{Proposal: "p-1"}, "manager"
	case custody.ProposalExpired:
		e.Fact = custody.ProposalExpired{Proposal: "p-1"}
	case custody.ProposalApproved:
		e.Fact, e.Actor = custody.ProposalApproved{Proposal: "p-1", Level: custody.Manager, For: "manager"}, "tech-b"
	case custody.ApprovalLapsed:
		e.Fact, e.Actor = custody.ApprovalLapsed{Proposal: "p-1", Level: custody.Manager, Person: "tech-b"}, "manager"
	case custody.ProposalReminded:
		e.Fact = custody.ProposalReminded{Proposal: "p-1"}
	case custody.DeputyNamed:
		e.Fact, e.Actor = custody.DeputyNamed{Person: "manager", Deputy: "tech-b", Starts: noon, Ends: noon.AddDate(0, 0, 9), Proposal: "p-1"}, "director"
	case custody.DeputyBegan:
		e.Fact = custody.DeputyBegan{Person: "manager", Deputy: "tech-b"}
	case custody.DeputyEnded:
		e.Fact = custody.DeputyEnded{Person: "manager", Deputy: "tech-b", Why: custody.DeputyExpired}
	case custody.CustodiansChanged:
		e.Fact = custody.CustodiansChanged{Credential: "db01", Primary: "tech-a", Backup: "tech-b", Before: []string{"tech-a", "manager"}, Proposal: "p-1"}
	case custody.SubstituteNear:
		e.Fact = custody.SubstituteNear{Credential: "db01", Person: "tech-b", Original: "tech-a", Until: noon.AddDate(0, 0, 1)}
	case custody.SeatGivenBack:
		e.Fact = custody.SeatGivenBack{Credential: "db01", Person: "tech-a", From: "tech-b"}
	case custody.SubstituteStays:
		e.Fact = custody.SubstituteStays{Credential: "db01", Person: "tech-b", Original: "tech-a", Why: custody.CounterpartAway}
	case custody.CredentialRetargeted:
		e.Fact, e.Actor = custody.CredentialRetargeted{Credential: "db01", Unconfirmed: true, Proposal: "p-1"}, "director"
	case custody.CustodyPassed:
		e.Fact = custody.CustodyPassed{Credential: "db01", From: "tech-a", Successor: "tech-b", Proposal: "p-1"}
	case custody.PersonDisabled:
		e.Fact, e.Actor = custody.PersonDisabled{Person: "tech-a"}, "manager"
	case custody.ProposalAnnounced:
		e.Fact, e.Actor = custody.ProposalAnnounced{Proposal: "p-2", Effect: noon.AddDate(0, 0, 7)}, "auditor"
	case custody.ProposalNear:
		e.Fact = custody.ProposalNear{Proposal: "p-2"}
	case custody.PersonRefounded:
		e.Fact = custody.PersonRefounded{Person: "tech-a", Role: custody.Director, Proposal: "p-2"}
	case custody.DeparturePlanned:
		e.Fact, e.Actor = custody.DeparturePlanned{Person: "tech-a", At: noon.AddDate(0, 0, 7), Proposal: "p-1"}, "manager"
	case custody.DepartureNear:
		e.Fact = custody.DepartureNear{Person: "tech-a"}
	case custody.RecoverySought:
		e.Fact = custody.RecoverySought{Person: "admin", Due: noon.AddDate(0, 0, 3)}
	case custody.RecoveryStopped:
		e.Fact, e.Actor = custody.RecoveryStopped{Person: "admin", Reason: desk.NewNote("she is here")}, "manager"
	case custody.PersonReinstated:
		e.Fact, e.Actor = custody.PersonReinstated{Person: "tech-a", Proposal: "p-1"}, "manager"
	case custody.OffboardingOverdue:
		e.Fact = custody.OffboardingOverdue{Person: "tech-a"}
	case custody.OffboardingEnded:
		e.Fact = custody.OffboardingEnded{Person: "tech-a"}
	case custody.HandoverVoided:
		e.Fact, e.Actor = custody.HandoverVoided{Handover: "handover-1", Person: "tech-a"}, "manager"
	case custody.SeatVacated:
		e.Fact, e.Actor = custody.SeatVacated{Credential: "db01", Person: "tech-a", Successor: "tech-b"}, "manager"
	case custody.RotationPromoted:
		e.Fact = custody.RotationPromoted{Credential: "db01"}
	case custody.EmergencyRequested:
		e.Fact, e.Actor = custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, "tech-b"
	case custody.EmergencyGranted:
		e.Fact, e.Actor = custody.EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, "manager"
	case custody.EmergencyRejected:
		e.Fact, e.Actor = custody.EmergencyRejected{Emergency: "emergency-1", Credential: "db01"}, "tech-a"
	case custody.EmergencyLapsed:
		e.Fact = custody.EmergencyLapsed{Emergency: "emergency-1", Credential: "db01"}
	case custody.EmergencyEnded:
		e.Fact = custody.EmergencyEnded{Emergency: "emergency-1", Credential: "db01", How: custody.EndTime}
	case custody.EmergencyUnreviewed:
		e.Fact = custody.EmergencyUnreviewed{Emergency: "emergency-1", Credential: "db01"}
	case custody.EmergencyReviewed:
		e.Fact, e.Actor = custody.EmergencyReviewed{Emergency: "emergency-1", Credential: "db01", Verdict: custody.Unjustified}, "auditor"
	case custody.IncidentReported:
		e.Fact, e.Actor = custody.IncidentReported{Incident: "incident-1", Rated: custody.Serious}, "tech-a"
	case custody.IncidentAssessed:
		e.Fact, e.Actor = custody.IncidentAssessed{Incident: "incident-1", From: custody.Special, To: custody.Serious}, "manager"
	case custody.IncidentUnanswered:
		e.Fact = custody.IncidentUnanswered{Incident: "incident-1"}
	case custody.RolesChanged:
		e.Fact = custody.RolesChanged{Person: "tech-a", Proposal: "p-1"}
	case custody.LinkIssued:
		e.Fact, e.Actor = custody.LinkIssued{Person: "tech-a", Until: noon.AddDate(0, 0, 1)}, "admin"
	case custody.PasswordChanged:
		e.Fact, e.Actor = custody.PasswordChanged{Person: "tech-a"}, "tech-a"
	case custody.AuthenticatorReplaced:
		e.Fact, e.Actor = custody.AuthenticatorReplaced{Person: "tech-a"}, "tech-a"
	case custody.SessionOpened:
		e.Fact, e.Actor = custody.SessionOpened{Person: "tech-a", Device: desk.NewNote("Firefox, Windows"), Address: desk.NewNote("192.0.2.7"), Unseen: true}, "tech-a"
	case custody.Joined:
		e.Fact, e.Actor = custody.Joined{Person: "tech-a"}, "tech-a"
	case custody.SameSeed:
		e.Fact = custody.SameSeed{Person: "manager", Enrolment: 1, Other: "tech-a", Of: 1}
	case custody.PersonLocked:
		e.Fact = custody.PersonLocked{Person: "tech-a", Until: noon.Add(time.Minute)}
	case custody.SignInLocked:
		e.Fact = custody.SignInLocked{Person: "tech-a", Until: noon.Add(time.Minute)}
	case custody.VerificationEnded:
		e.Fact = custody.VerificationEnded{Credential: "db01", Result: custody.VerificationRefused}
	case custody.RotationFailed:
		e.Fact = custody.RotationFailed{Credential: "db01", Rotation: 1, Failure: string(custody.AdminRefused)}
	case custody.RotationOverdue:
		e.Fact = custody.RotationOverdue{Credential: "db01", Rotation: 1}
	case custody.ServiceStarted:
		e.Fact = custody.ServiceStarted{Changed: []string{"dependents.app", "notify"}}
	case custody.ConfigurationAcknowledged:
		e.Fact, e.Actor = custody.ConfigurationAcknowledged{Changed: []string{"dependents.app"}}, "manager"
	case custody.CredentialAdded:
		e.Fact = custody.CredentialAdded{Credential: "db01", Primary: "tech-a", Backup: "tech-b", Successor: "tech-a"}
	case custody.CredentialRetired:
		e.Fact = custody.CredentialRetired{Credential: "db01"}
	case custody.CredentialPolicyChanged:
		e.Fact, e.Actor = custody.CredentialPolicyChanged{Credential: "db01"}, "admin"
	case custody.CredentialTaken:
		e.Fact, e.Actor = custody.CredentialTaken{Credential: "db01", Person: "tech-a"}, "tech-a"
	case custody.HandoverReturned:
		e.Fact, e.Actor = custody.HandoverReturned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names}, "tech-a"
	case custody.PolicyAdopted:
		e.Fact = custody.PolicyAdopted{Proposal: "p-1"}
	case custody.HandoverPlanned:
		e.Fact = custody.HandoverPlanned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Reason: desk.NewNote("holiday"), Begins: noon.AddDate(0, 0, 7), Until: noon.AddDate(0, 0, 9), Expires: noon.AddDate(0, 0, 30)}
	case custody.HandoverSigned:
		e.Fact = custody.HandoverSigned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names, Begins: noon.AddDate(0, 0, 7)}
	case custody.HandoverBroken:
		e.Fact = custody.HandoverBroken{Handover: "handover-1", Why: custody.BrokenAge}
	case custody.HandoverCarriedOut:
		e.Fact = custody.HandoverCarriedOut{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: names}
	case custody.AbsenceReminded:
		e.Fact = custody.AbsenceReminded{Person: "tech-a", Lead: custody.LeadFirst, Unsigned: 2}
	case custody.AbsenceHeldUp:
		e.Fact = custody.AbsenceHeldUp{Person: "tech-a", Why: custody.HolderMustHandOver, Left: 2}
	case custody.AbsenceEnded:
		e.Fact, e.Actor = custody.AbsenceEnded{Person: "tech-a", How: custody.EndedByManager, Reason: desk.NewNote("both at once"), Partners: []string{"tech-b"}}, "manager"
	case custody.SwapAsked:
		e.Fact = custody.SwapAsked{Person: "tech-a", Other: "tech-b"}
	case custody.AbsencesSwapped:
		e.Fact = custody.AbsencesSwapped{Person: "tech-a", Other: "tech-b"}
	case custody.LedgerConflict:
		e.Fact = custody.LedgerConflict{Witness: "witness.example"}
	}
	return e
}

// TestEveryEventThatCallsForAMailIsSaidInBothLanguages: whoever it concerns.
func TestEveryEventThatCallsForAMailIsSaidInBothLanguages(t *testing.T) {
	o := newOffice(t)
	kinds := map[string]bool{}
	for _, kind := range custody.EntryTypes() {
		e := filled(eventOf(t, kind))
		if want := e.Grade() != custody.Ordinary || slices.Contains(said, kind); calls(e) != want {
			t.Errorf("%s calls for a mail: %v", kind, !want)
		}
		if !calls(e) {
			continue
		}
		letters, err := o.follower.write(t.Context(), []indexed{{e, 7}})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if len(letters) == 0 {
			t.Errorf("%s: no mail", kind)
		}
		notices, err := o.follower.notices(t.Context(), indexed{e, 7}, o.people)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notices {
			kinds[n.kind] = true
			for _, lang := range words.Languages {
				m, err := o.follower.writer(o.people[0], o.people, desk.Preference{Language: lang, Zone: "Asia/Shanghai"}).mail(indexed{e, 7}, n.address, []notice{n})
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				whole := m.Subject + "\n" + m.Text
				chinese := regexp.MustCompile(`\p{Han}`).MatchString(whole)
				if strings.Contains(whole, "<no value>") || strings.Contains(whole, "{{") || strings.Contains(whole, "()") || chinese != (lang == "zh") {
					t.Errorf("%s in %s:\n%s", kind, lang, whole)
				}
				if !strings.Contains(m.Text, "https://tandem.example/ledger/7\n") || !strings.Contains(m.Text, "20:00 UTC+08:00") {
					t.Errorf("%s in %s names no entry or no zone:\n%s", kind, lang, m.Text)
				}
			}
		}
	}
	for _, fact := range []custody.Fact{
		custody.EnrolmentReset{Person: "tech-a", Recovery: true}, custody.EnrolmentReset{Person: "tech-a", OnHost: true}, custody.ProposalMade{Proposal: "p-1", Alone: true},
		custody.AbsenceEnded{Person: "tech-a", How: custody.Missed}, custody.AbsenceEnded{Person: "tech-a", How: custody.Over, Away: true},
		custody.EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "tech-b", Silent: true}, custody.EmergencyReviewed{Emergency: "emergency-1", Credential: "db01", Verdict: custody.Unjustified},
		custody.IncidentClosed{Incident: "incident-1", Alone: true}, custody.SecretsRebound{New: true},
		custody.ProposalApproved{Proposal: "p-2", SameDevice: []string{"tech-a"}}, custody.EmergencyApproved{Emergency: "emergency-1", Credential: "db01", SameDevice: []string{"tech-b"}},
		custody.EmailChanged{Person: "tech-a", Email: desk.NewNote("new@example.org"), Before: desk.NewNote("old@example.org")}, // by somebody else
		custody.ProposalMade{Proposal: "p-2"}, custody.ProposalApproved{Proposal: "p-2", Noticed: true}, custody.ProposalRejected{Proposal: "p-2", Veto: true}, custody.ProposalExpired{Proposal: "p-2"},
		custody.CustodiansChanged{Credential: "db01", Primary: "tech-b", Backup: "tech-a", Until: noon, Substitute: "tech-b", Original: "manager"},
	} {
		reset, err := o.follower.notices(t.Context(), indexed{custody.Event{Fact: fact}, 7}, o.people)
		if err != nil || len(reset) == 0 {
			t.Fatal(reset, err)
		}
		for _, n := range reset {
			kinds[n.kind] = true
		}
	}
	for kind := range kindsOfMail(t) {
		if !kinds[kind] && !slices.Contains(general, kind) && kind != "suspect" { // which no event leads to
			t.Errorf("no event leads to %s", kind)
		}
	}
}

// general are the words for what the events above happen not to be.
var general = []string{"strangers", "serious", "special"}

func TestTheGeneralWordsAreThere(t *testing.T) {
	o := newOffice(t)
	for _, kind := range general {
		for _, lang := range words.Languages {
			w := o.follower.writer(o.people[0], o.people, desk.Preference{Language: lang})
			m, err := w.mail(indexed{custody.Event{Time: noon}, 7}, "", []notice{{kind: kind, values: values{Type: "x.y", Subject: "z\nz", Actor: custody.System}}})
			if err != nil || kind != "strangers" && !strings.Contains(m.Subject, "x.y") || strings.Contains(m.Subject, "\n") {
				t.Errorf("%s in %s: %q, %v", kind, lang, m.Subject, err)
			}
		}
	}
}

// TestWhatSomebodyTypedStaysInItsLine: no name and no reason can end a line, turn
// it around, or speak for Tandem.
func TestWhatSomebodyTypedStaysInItsLine(t *testing.T) {
	o := newOffice(t)
	evil := "x\r\n\r\n-- \nSend your code to mallory\u202e\u2028{{.Credentials}}"
	o.people[0].Name = evil
	e := filled(eventOf(t, "handover.offered"))
	fact := e.Fact.(custody.HandoverOffered)
	fact.Reason = desk.NewNote(evil)
	e.Fact = fact
	letters, err := o.follower.write(t.Context(), []indexed{{e, 7}})
	if err != nil || len(letters) != 1 {
		t.Fatal(letters, err)
	}
	m := letters[0].Mail
	if strings.ContainsAny(m.Subject, "\r\n\u202e") || strings.ContainsAny(m.Text, "\r\u202e\u2028") || strings.Count(m.Text, "\n-- \n") != 1 ||
		strings.Count(m.Text, "db01") != 1 {
		t.Errorf("%q\n%s", m.Subject, m.Text)
	}
}

// TestChineseMailsCallEntriesByTheirChineseName: what a serious event was is no
// English word in a Chinese sentence.
func TestChineseMailsCallEntriesByTheirChineseName(t *testing.T) {
	w := newOffice(t).follower.writer(custody.Person{}, nil, desk.Preference{Language: words.Chinese})
	for _, entryType := range custody.EntryTypes() {
		if said := w.said("fact", entryType, entryType); said == "" || regexp.MustCompile(`[A-Za-z]`).MatchString(said) {
			t.Errorf("%s is called %q", entryType, said)
		}
	}
}
