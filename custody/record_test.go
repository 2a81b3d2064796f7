package custody

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/audit"
)

// facts has one of each kind.
var facts = []Fact{
	PersonAdded{}, PersonEnrolled{}, EnrolmentReset{}, PersonLocked{}, SameSeed{}, PersonUnlocked{}, EmailChanged{}, SignInLocked{}, SessionOpened{}, SessionClosed{}, SessionIdled{},
	PersonAway{}, PersonPresent{}, CredentialAdded{}, CredentialRetired{}, CheckoutGranted{}, CheckoutShown{}, CheckoutEnded{},
	HandoverOffered{}, HandoverAccepted{}, HandoverEnded{}, HandoverReturned{}, HandoverClosed{}, HandoverOverdue{},
	RotationStarted{}, RotationStaged{}, RotationApplied{}, RotationVerified{}, RotationPromoted{}, RotationFailed{}, RotationOverdue{},
	RotationShown{}, RotationSending{}, RotationPaused{}, RotationResumed{}, RotationCancelled{}, RotationPassed{}, CredentialAbandoned{}, CredentialPolicyChanged{}, VerificationStarted{}, VerificationEnded{}, DependentUpdated{}, DependentFailed{},
	PasswordChanged{}, AuthenticatorShown{}, AuthenticatorReplaced{}, CustodyPassed{}, RolesChanged{}, FoundingConfirmed{}, LinkIssued{}, LinkRefused{}, LinkOpened{}, Joined{},
	PolicyReviewed{}, PolicyOverdue{}, PersonDisabled{}, PersonReinstated{}, SeatVacated{}, HandoverVoided{}, CredentialTaken{}, CredentialParked{}, ItemSettled{}, OffboardingOverdue{}, OffboardingEnded{},
	CredentialRetargeted{}, TargetConfirmed{},
	ProposalAnnounced{}, ProposalNear{}, ProposalMatured{}, PersonRefounded{}, DeparturePlanned{}, DepartureNear{}, RecoverySought{}, RecoveryStopped{},
	SubstituteNear{}, SeatGivenBack{}, SubstituteStays{},
	DeputyNamed{}, DeputyBegan{}, DeputyEnded{}, ApprovalLapsed{}, ProposalReminded{}, FeedOpened{}, FeedClosed{},
	CustodiansChanged{}, ProposalMade{}, ProposalRevised{}, ProposalApproved{}, ProposalEffected{}, ProposalFailed{}, ProposalRejected{},
	AbsencePlanned{}, AbsenceMoved{}, AbsenceEnded{}, AbsenceReminded{}, AbsenceBegun{}, AbsenceHeldUp{}, SwapAsked{}, AbsencesSwapped{}, HandoverPlanned{}, HandoverSigned{}, HandoverBroken{}, HandoverCarriedOut{},
	ProposalWithdrawn{}, ProposalExpired{}, CommandRefused{}, LedgerConflict{}, LedgerRecovered{}, SecretsRebound{}, PolicyAdopted{}, ClockCorrected{}, SealKeyChanged{}, TargetTested{}, ServiceStarted{}, ConfigurationAcknowledged{}, SecretsArrived{}, TextRedacted{}, ReviewSigned{},
	EmergencyRequested{}, EmergencyWithdrawn{}, EmergencyApproved{}, EmergencyRejected{}, EmergencyLapsed{}, EmergencyPaged{},
	EmergencyGranted{}, EmergencyEnded{}, EmergencyReviewed{}, EmergencyUnreviewed{},
	IncidentReported{}, IncidentAcknowledged{}, IncidentAssessed{}, IncidentClosed{}, IncidentUnanswered{},
	EnvelopeIntended{}, EnvelopeSealed{}, EnvelopeFailed{}, EnvelopeOpened{}, EnvelopeDrillBegun{}, EnvelopeDrilled{}, KeyholdersFew{}, DrillOverdue{},
}

// endings are the facts of one Go type that have several types in the ledger.
var endings = []HandoverStatus{Declined, Cancelled, Expired}

// TestFactsAndDecodersMatch: what can be written can be read, and nothing else.
func TestFactsAndDecodersMatch(t *testing.T) {
	var listed []string
	types := map[string]bool{}
	for _, f := range facts {
		listed = append(listed, reflect.TypeOf(f).Name())
		if _, ended := f.(HandoverEnded); ended {
			for _, how := range endings {
				types[HandoverEnded{How: how}.Type()] = true
			}
			continue
		}
		if types[f.Type()] {
			t.Errorf("%T shares its type %q", f, f.Type())
		}
		types[f.Type()] = true
	}
	slices.Sort(listed)
	if want := receivers(t, "Type"); !slices.Equal(listed, want) {
		t.Errorf("listed %v, declared %v", listed, want)
	}
	if got, want := EntryTypes(), keys(types); !slices.Equal(got, want) {
		t.Errorf("registered for %v, facts of %v", got, want)
	}
	for kind, known := range registered {
		written := 0
		for _, fact := range facts {
			if how := HandoverStatus(strings.TrimPrefix(kind, "handover.")); slices.Contains(endings, how) {
				if _, ended := fact.(HandoverEnded); ended {
					fact = HandoverEnded{How: how}
				}
			}
			if fact.Type() != kind {
				continue
			}
			written++
			entry, err := Event{Time: epoch, Actor: "ann", Fact: fact}.Record()
			if err != nil {
				t.Fatal(err)
			}
			if err := (*jsontext.Value)(&entry.Data).Canonicalize(); err != nil {
				t.Fatal(err)
			}
			if f, err := known.decode(entry.Data); err != nil || f.Type() != kind {
				t.Errorf("%s is decoded as %v, %v", kind, f, err)
			}
		}
		if written != 1 {
			t.Errorf("%d facts are written as %s", written, kind)
		}
	}
}

// TestApplyKnowsEveryFact: a fact that Apply does not know would stop a replay.
func TestApplyKnowsEveryFact(t *testing.T) {
	for _, f := range facts {
		s := NewState()
		Apply(s, Event{Time: epoch, Actor: "ann", Fact: f})
		if s.Size != 1 || !s.Time.Equal(epoch) {
			t.Errorf("%T: %+v", f, s)
		}
	}
}

// TestEveryFactRoundTrips fills facts of every kind with anything.
func TestEveryFactRoundTrips(t *testing.T) {
	for _, fact := range facts {
		t.Run(reflect.TypeOf(fact).Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				e := Event{
					Time:    epoch.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "ms")) * time.Millisecond),
					Stalled: rapid.Bool().Draw(t, "stalled"),
					Actor:   rapid.SampledFrom([]string{"ann", System}).Draw(t, "actor"),
					Request: rapid.SampledFrom([]string{"", "request-1"}).Draw(t, "request"),
					Fact:    anything(t, fact),
				}
				if rapid.Bool().Draw(t, "confirmed") {
					e.Confirm = &Confirmation{"ann", rapid.Int64Range(0, 1<<52).Draw(t, "step")}
				}
				if e.correctsClock() { // which moves it: it does not stand still
					e.Stalled = false
				}
				if err := roundTrip(e); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestEveryCommandRoundTrips: what an auditor carries out again is what was
// carried out.
func TestEveryCommandRoundTrips(t *testing.T) {
	for _, a := range actions {
		t.Run(a.Verb(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(a)).Elem()
				scramble(t, v)
				cause := &Cause{Action: v.Interface().(Action)}
				if rapid.Bool().Draw(t, "given") {
					cause.Proof = Proof{Given: true, Enrolment: rapid.Int64Range(1, 9).Draw(t, "enrolment")}
				}
				if cause.Proof.Given && rapid.Bool().Draw(t, "right") {
					cause.Proof.Steps = []int64{rapid.Int64Range(1, 1<<52).Draw(t, "step")}
				}
				if err := roundTrip(Event{Time: epoch, Actor: "ann", Cause: cause, Fact: SessionClosed{Person: "ann"}}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func anything(t *rapid.T, kind Fact) Fact {
	v := reflect.New(reflect.TypeOf(kind)).Elem()
	scramble(t, v)
	if ended, ok := v.Interface().(HandoverEnded); ok {
		ended.How = rapid.SampledFrom(endings).Draw(t, "how")
		return ended
	}
	return v.Interface().(Fact)
}

func scramble(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int64:
		if v.Type() == reflect.TypeFor[time.Duration]() {
			v.SetInt(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "ms") * int64(time.Millisecond))
			return
		}
		v.SetInt(rapid.Int64Range(-1<<53+1, 1<<53-1).Draw(t, "int"))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			scramble(t, v.Index(i))
		}
	case reflect.Array:
		if v.Type() == reflect.TypeFor[Keyholders]() { // which have an order
			some := make([]Keyholder, rapid.IntRange(0, maxKeyholders).Draw(t, "keyholders"))
			for i := range some {
				some[i] = Keyholder{rapid.StringN(1, 9, -1).Draw(t, "person"), rapid.String().Draw(t, "recipient")}
			}
			k, _ := KeyholdersOf(some)
			v.Set(reflect.ValueOf(k))
			return
		}
		for i := range v.Len() {
			scramble(t, v.Index(i))
		}
	case reflect.Map:
		names := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "names")
		if len(names) == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, name := range names {
			value := reflect.New(v.Type().Elem()).Elem()
			scramble(t, value)
			v.SetMapIndex(reflect.ValueOf(name), value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if rapid.Bool().Draw(t, "zero") {
				return
			}
			v.Set(reflect.ValueOf(epoch.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "ms")) * time.Millisecond)))
			return
		}
		if v.Type() == noteType {
			v.Set(reflect.ValueOf(note(rapid.String().Draw(t, "text"))))
			return
		}
		for i := range v.NumField() {
			scramble(t, v.Field(i))
		}
	case reflect.Interface: // of a Change
		a := reflect.New(reflect.TypeFor[SetCustodians]()).Elem()
		scramble(t, a)
		v.Set(a)
	default:
		t.Fatalf("scramble does not know %s", v.Type())
	}
}

// TestFieldsAreOnlyAdded pins the JSON of every fact: an entry that was written
// once is read for ever. A new field may be added here if it is omitzero.
func TestFieldsAreOnlyAdded(t *testing.T) {
	want := map[string]string{
		"credential.custodians_changed": `{"credential":"","primary":"","backup":"","before":[],"proposal":""}`,
		"proposal.made":                 `{"proposal":"","change":null,"reason":"","expires":"0001-01-01T00:00:00Z"}`,
		"proposal.revised":              `{"proposal":"","revision":0,"change":null,"reason":""}`,
		"proposal.approved":             `{"proposal":"","revision":0,"level":""}`,
		"proposal.effected":             `{"proposal":""}`,
		"proposal.failed":               `{"proposal":"","code":""}`,
		"proposal.rejected":             `{"proposal":"","level":"","reason":""}`,
		"proposal.withdrawn":            `{"proposal":""}`,
		"proposal.expired":              `{"proposal":""}`,

		"person.added":           `{"username":"","name":"","email":"","roles":[],"totp_period":0}`,
		"person.enrolled":        `{"person":""}`,
		"person.enrolment_reset": `{"person":""}`,
		"person.locked":          `{"person":"","until":"0001-01-01T00:00:00Z"}`,
		"person.same_seed":       `{"person":"","enrolment":0,"other":"","of":0}`,
		"session.locked":         `{"person":"","failures":0,"until":"0001-01-01T00:00:00Z"}`,
		"session.opened":         `{"person":"","session":"","until":"0001-01-01T00:00:00Z"}`,
		"session.closed":         `{"person":"","session":""}`,
		"session.idled":          `{"person":"","session":"","last_used":"0001-01-01T00:00:00Z"}`,
		"person.away":            `{"person":""}`,
		"person.present":         `{"person":""}`,
		"credential.added": `{"credential":"","target":{"kind":"","address":"","account":""},"policy":{},"primary":"","backup":"",` +
			`"successor":"","deadline":"0001-01-01T00:00:00Z"}`,
		"credential.retired":         `{"credential":"","proposal":""}`,
		"checkout.granted":           `{"credential":"","lease":"","purpose":"","version":0,"until":"0001-01-01T00:00:00Z"}`,
		"text.redacted":              `{"entry":0,"commitments":[],"reason":""}`,
		"credential.secrets_arrived": `{"credential":""}`,
		"checkout.shown":             `{"credential":"","lease":"","version":0}`,
		"checkout.ended":             `{"credential":"","lease":"","how":""}`,
		"handover.offered":           `{"handover":"","from":"","to":"","credentials":[],"reason":"","expires":"0001-01-01T00:00:00Z"}`,
		"handover.accepted":          `{"handover":"","from":"","to":"","credentials":[]}`,
		"handover.declined":          `{"handover":"","how":"declined"}`,
		"handover.returned":          `{"handover":"","from":"","to":"","credentials":[],"deadline":"0001-01-01T00:00:00Z"}`,
		"handover.closed":            `{"handover":""}`,
		"handover.overdue":           `{"handover":""}`,
		"rotation.started":           `{"credential":"","rotation":0,"reason":"","successor":"","deadline":"0001-01-01T00:00:00Z"}`,
		"rotation.staged":            `{"credential":"","rotation":0}`,
		"rotation.applied":           `{"credential":"","rotation":0}`,
		"rotation.verified":          `{"credential":"","rotation":0,"old_refused":false}`,
		"rotation.promoted":          `{"credential":"","rotation":0,"version":0,"holder":""}`,
		"rotation.failed":            `{"credential":"","rotation":0,"failure":"","next_try":"0001-01-01T00:00:00Z"}`,
		"rotation.overdue":           `{"credential":"","rotation":0}`,
		"rotation.shown":             `{"credential":"","rotation":0,"version":0}`,
		"rotation.sending":           `{"credential":"","rotation":0}`,
		"rotation.paused":            `{"credential":"","rotation":0,"reason":""}`,
		"rotation.resumed":           `{"credential":"","rotation":0}`,
		"rotation.cancelled":         `{"credential":"","rotation":0,"reason":""}`,
		"credential.abandoned":       `{"credential":"","rotation":0,"proposal":""}`,
		"rotation.passed":            `{"credential":"","rotation":0,"from":"","to":""}`,

		"credential.policy_changed": `{"credential":"","policy":{}}`,
		"verification.started":      `{"credential":"","version":0}`,
		"verification.ended":        `{"credential":"","version":0,"result":""}`,
		"dependent.updated":         `{"credential":"","dependent":"","version":0}`,
		"dependent.failed":          `{"credential":"","dependent":"","version":0,"failure":"","next_try":"0001-01-01T00:00:00Z"}`,

		"command.refused":               `{"command":"","code":""}`,
		"clock.corrected":               `{"from":"0001-01-01T00:00:00Z","to":"0001-01-01T00:00:00Z"}`,
		"seal.key_changed":              `{"from":"","to":""}`,
		"service.started":               `{"settings":[]}`,
		"configuration.acknowledged":    `{"digest":"","changed":[]}`,
		"ledger.conflict":               `{"witness":"","size":0,"cosigned":0}`,
		"ledger.recovered":              `{"kept":0,"lost":0,"reason":"","confirmed":[]}`,
		"secrets.rebound":               `{"reason":"","deadline":"0001-01-01T00:00:00Z"}`,
		"person.unlocked":               `{"person":""}`,
		"target.tested":                 `{"target":{"kind":"","address":"","account":""}}`,
		"person.email_changed":          `{"person":"","email":"","before":""}`,
		"credential.passed":             `{"credential":"","from":"","successor":"","deadline":"0001-01-01T00:00:00Z","proposal":""}`,
		"person.password_changed":       `{"person":"","account":0}`,
		"person.authenticator_shown":    `{"person":"","account":0,"until":"0001-01-01T00:00:00Z"}`,
		"person.authenticator_replaced": `{"person":"","account":0}`,
		"person.roles_changed":          `{"person":"","roles":[],"before":[],"proposal":""}`,
		"founding.confirmed":            `{"person":"","level":"","digest":""}`,
		"admission.link_issued":         `{"person":"","link":"","until":"0001-01-01T00:00:00Z"}`,
		"admission.refused":             `{"person":"","wrong":0}`,
		"admission.opened":              `{"person":""}`,
		"admission.joined":              `{"person":"","account":0}`,
		"policy.reviewed":               `{"version":0,"review_by":"0001-01-01T00:00:00Z","proposal":""}`,
		"policy.overdue":                `{"version":0}`,
		"person.disabled":               `{"person":""}`,
		"person.reinstated":             `{"person":"","proposal":""}`,
		"credential.seat_vacated":       `{"credential":"","person":""}`,
		"handover.voided":               `{"handover":"","person":""}`,
		"absence.planned":               `{"person":"","plan":"","from":"0001-01-01T00:00:00Z","until":"0001-01-01T00:00:00Z","meant":{"from":"","until":"","zone":""}}`,
		"absence.moved":                 `{"person":"","plan":"","revision":0,"from":"0001-01-01T00:00:00Z","until":"0001-01-01T00:00:00Z","meant":{"from":"","until":"","zone":""}}`,
		"absence.ended":                 `{"person":"","plan":"","how":""}`,
		"absence.reminded":              `{"person":"","plan":"","lead":""}`,
		"absence.begun":                 `{"person":"","plan":""}`,
		"absence.held_up":               `{"person":"","plan":"","why":""}`,
		"absence.swap_asked":            `{"person":"","plan":"","other":"","with":"","revision":0,"with_revision":0}`,
		"absence.swapped":               `{"person":"","plan":"","other":"","with":"","revision":0,"with_revision":0}`,
		"handover.planned":              `{"handover":"","from":"","to":"","credentials":[],"plan":"","revision":0,"begins":"0001-01-01T00:00:00Z","until":"0001-01-01T00:00:00Z","expires":"0001-01-01T00:00:00Z"}`,
		"handover.signed":               `{"handover":"","from":"","to":"","credentials":[],"plan":"","revision":0,"begins":"0001-01-01T00:00:00Z","until":"0001-01-01T00:00:00Z"}`,
		"handover.broken":               `{"handover":"","why":""}`,
		"handover.carried_out":          `{"handover":"","from":"","to":"","credentials":[],"giver":0,"receiver":0}`,
		"credential.substitute_near":    `{"credential":"","person":"","original":"","until":"0001-01-01T00:00:00Z"}`,
		"credential.seat_given_back":    `{"credential":"","person":"","from":""}`,
		"credential.substitute_stays":   `{"credential":"","person":"","original":"","why":""}`,
		"credential.taken":              `{"credential":"","person":""}`,
		"credential.parked":             `{"credential":"","proposal":""}`,
		"credential.retargeted":         `{"credential":"","target":{"kind":"","address":"","account":""},"proposal":""}`,
		"credential.target_confirmed":   `{"credential":"","target":0}`,
		"absence.feed_opened":           `{"person":"","feed":""}`,
		"absence.feed_closed":           `{"person":""}`,
		"deputy.named":                  `{"person":"","deputy":"","ends":"0001-01-01T00:00:00Z","proposal":""}`,
		"deputy.began":                  `{"person":"","deputy":""}`,
		"deputy.ended":                  `{"person":"","deputy":"","why":""}`,
		"proposal.approval_lapsed":      `{"proposal":"","level":"","person":""}`,
		"proposal.reminded":             `{"proposal":""}`,
		"offboarding.settled":           `{"person":"","item":0,"how":""}`,
		"offboarding.overdue":           `{"person":""}`,
		"offboarding.ended":             `{"person":""}`,
		"proposal.announced":            `{"proposal":"","effect":"0001-01-01T00:00:00Z"}`,
		"proposal.near":                 `{"proposal":""}`,
		"proposal.matured":              `{"proposal":""}`,
		"departure.planned":             `{"person":"","proposal":""}`,
		"recovery.sought":               `{"person":"","due":"0001-01-01T00:00:00Z"}`,
		"recovery.stopped":              `{"person":"","reason":""}`,
		"departure.near":                `{"person":""}`,
		"refounding.effected":           `{"person":"","role":"","before":[],"proposal":""}`,
		"emergency.requested":           `{"emergency":"","credential":"","for":"","reason":""}`,
		"emergency.withdrawn":           `{"emergency":"","credential":""}`,
		"emergency.approved":            `{"emergency":"","credential":"","level":""}`,
		"emergency.granted":             `{"emergency":"","credential":"","for":""}`,
		"emergency.rejected":            `{"emergency":"","credential":""}`,
		"emergency.lapsed":              `{"emergency":"","credential":""}`,
		"emergency.paged":               `{"emergency":"","credential":"","person":"","channel":""}`,
		"emergency.ended":               `{"emergency":"","credential":"","how":""}`,
		"emergency.reviewed":            `{"emergency":"","credential":"","verdict":"","text":""}`,
		"emergency.unreviewed":          `{"emergency":"","credential":""}`,
		"review.signed":                 `{"from":0,"to":0,"text":""}`,
		"incident.reported":             `{"incident":"","text":"","grade":""}`,
		"incident.acknowledged":         `{"incident":""}`,
		"incident.assessed":             `{"incident":"","from":"","grade":"","text":""}`,
		"incident.closed":               `{"incident":"","text":""}`,
		"incident.unanswered":           `{"incident":""}`,
		"envelope.intended":             `{"credential":"","envelope":0,"version":0,"keyholders":[],"set":""}`,
		"envelope.sealed":               `{"credential":"","envelope":0,"digest":"","proof":""}`,
		"envelope.failed":               `{"why":""}`,
		"envelope.opened":               `{"credential":"","by":["",""],"reason":""}`,
		"envelope.drill_begun":          `{"credential":"","by":["",""],"proof":""}`,
		"envelope.drilled":              `{"credential":"","version":0,"by":["",""],"result":"","deadline":"0001-01-01T00:00:00Z"}`,
		"envelope.keyholders_few":       `{}`,
		"envelope.drill_overdue":        `{"person":""}`,
		"policy.adopted": `{"version":0,"rules":0,"values":{"lease_ms":0,"offer_ttl_ms":0,"rotation_deadline_ms":0,` +
			`"lock_after":0,"lock_base_ms":0,"lock_max_ms":0,"totp_skew":0},"review_by":"0001-01-01T00:00:00Z"}`,
	}
	for _, f := range facts {
		if _, ended := f.(HandoverEnded); ended {
			f = HandoverEnded{How: Declined}
		}
		entry, err := Event{Time: epoch, Actor: "ann", Fact: f}.Record()
		if err != nil {
			t.Fatal(err)
		}
		if string(entry.Data) != want[f.Type()] {
			t.Errorf("%s is\n%s, was\n%s", f.Type(), entry.Data, want[f.Type()])
		}
	}
}

func TestLeaseIsWrittenInSeconds(t *testing.T) {
	entry, err := Event{Time: epoch, Actor: "ada", Fact: CredentialAdded{Policy: CredentialPolicy{LeaseSeconds: 600, RotateOnCheckin: true}}}.Record()
	if err != nil || !strings.Contains(string(entry.Data), `"policy":{"rotate_on_checkin":true,"lease_seconds":600}`) {
		t.Errorf("%s, %v", entry.Data, err)
	}
}

// TestRecordsThatAreRefused alters a good entry in one way each.
func TestRecordsThatAreRefused(t *testing.T) {
	good := func() audit.Entry {
		entry, err := Event{
			Time: epoch, Actor: "ann", Request: "request-1", Confirm: &Confirmation{"ann", 7},
			Fact: HandoverEnded{Handover: "handover-1", How: Declined, Reason: note("ill")},
		}.Record()
		if err != nil {
			t.Fatal(err)
		}
		return entry
	}
	if _, err := FromRecord(good()); err != nil {
		t.Fatal(err)
	}
	for name, alter := range map[string]func(*audit.Entry){
		"an unknown type":               func(e *audit.Entry) { e.Type = "handover.forgotten" },
		"another type of the same fact": func(e *audit.Entry) { e.Type = "handover.cancelled" },
		"the type of another fact":      func(e *audit.Entry) { e.Type = "handover.closed" },
		"an unknown field":              func(e *audit.Entry) { e.Data = jsontext.Value(`{"handover":"handover-1","how":"declined","note":"x"}`) },
		"a field in capitals":           func(e *audit.Entry) { e.Data = jsontext.Value(`{"Handover":"handover-1","how":"declined"}`) },
		"a field twice": func(e *audit.Entry) {
			e.Data = jsontext.Value(`{"handover":"handover-1","how":"declined","how":"declined"}`)
		},
		"a number for a text":           func(e *audit.Entry) { e.Data = jsontext.Value(`{"handover":1,"how":"declined"}`) },
		"no object":                     func(e *audit.Entry) { e.Data = jsontext.Value(`[]`) },
		"nothing":                       func(e *audit.Entry) { e.Data = nil },
		"another subject":               func(e *audit.Entry) { e.Subject = "handover-2" },
		"another grade":                 func(e *audit.Entry) { e.Grade = string(Serious) },
		"a confirmation by other means": func(e *audit.Entry) { e.Confirm.Method = "sms" },
	} {
		entry := good()
		alter(&entry)
		if e, err := FromRecord(entry); err == nil {
			t.Errorf("%s was taken: %+v", name, e)
		}
	}
}

// An event that cannot be entered is an error, not an entry without its data.
func TestRecordThatCannotBeEncoded(t *testing.T) {
	e := Event{Time: epoch, Actor: "ann", Fact: CredentialRetired{Credential: "\xff"}}
	if entry, err := e.Record(); err == nil {
		t.Errorf("got %+v", entry)
	}
	// RFC 8785 has no integers beyond 2^53.
	e.Fact = CheckoutGranted{Version: math.MaxInt64}
	entry, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Encode(); err == nil {
		t.Error("a number was entered that others read otherwise")
	}
}

// FuzzFromRecord: whatever an entry holds, it is an error or an event whose own
// entry says the same; and an auditor's replay of it does not panic.
func FuzzFromRecord(f *testing.F) {
	for _, fact := range facts {
		data, err := json.Marshal(fact)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fact.Type(), fact.Subject(), string(Event{Fact: fact}.Grade()), string(data))
	}
	f.Add("handover.declined", "handover-1", "ordinary", `{"handover":"handover-1","how":"declined"}`)
	f.Add("person.away", "ann", "ordinary", `{"person":"ann","until":"2026-03-02T08:00:00.000000001+08:00"}`)
	f.Fuzz(func(t *testing.T, kind, subject, grade, data string) {
		e, err := FromRecord(audit.Entry{V: audit.Version, Time: epoch, Type: kind, Subject: subject, Grade: grade, Actor: "ann", Data: jsontext.Value(data)})
		if err != nil {
			return
		}
		entry, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		if entry.Type != kind || entry.Subject != subject || entry.Grade != grade {
			t.Fatalf("%s %s %s became %+v", kind, subject, grade, entry)
		}
		again, err := FromRecord(entry)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := again.Record(); err != nil || !reflect.DeepEqual(second, entry) {
			t.Fatalf("%+v became %+v, %v", entry, second, err)
		}
		s := NewState()
		_ = Replay(s, e)
		Apply(s, e)
		_ = Check(s)
	})
}
